"""Activations told by their values: a function of one number that agrees with one of ours wherever it is asked is that
function, written as one likes, an error function by polynomials included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import f32
from xdsl.ir import Block, SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction
from simdc.ir.base import LayerOp, make_tensor_type, shape_of
from simdc.ir.ops.activation.base import ActivationOp
from simdc.ir.ops.activation.exponential import ExpOp, LogOp, MishOp, SigmoidOp, SiluOp, SoftplusOp, TanhOp
from simdc.ir.ops.activation.function import AbsOp, NegateOp, ReciprocalOp, SqrtOp
from simdc.ir.ops.activation.gaussian import ErfOp, GeluOp
from simdc.ir.ops.activation.piecewise import HardSigmoidOp, HardSwishOp
from simdc.ir.ops.program import ProgramOp
from simdc.ir.ops.scalar import FUNCTIONS, ScalarOp

from .cones import Cone
from .layers import in_shape, put_in_place
from .readings import base_of, long_sizes

Numbers = NDArray[np.float64]
POINTS: Numbers = np.concatenate([np.linspace(-9.7, 9.3, 77), np.array([-41.0, -1e-3, 0.0, 1e-3, 41.0])])
"""Small and large, of both signs, and none at a corner of a function that two pieces may share but zero."""
NEAR = 5e-6
"""Beside one or beside the value, what is larger: polynomials in single precision come as near as that. GELU by tanh is
5e-4 off GELU by erf."""

Make = Callable[[str, SSAValue], LayerOp]
CURVES: tuple[Callable[[str, SSAValue], ActivationOp], ...] = (
    partial(GeluOp, approximate="none"), partial(GeluOp, approximate="tanh"), SiluOp, SigmoidOp, TanhOp, ErfOp,
    HardSwishOp, partial(HardSigmoidOp, alpha=1 / 6, beta=0.5), SoftplusOp, MishOp, ExpOp, LogOp, SqrtOp, AbsOp,
    ReciprocalOp, NegateOp,
)  # fmt: skip


def _inverse_root(x: Numbers) -> Numbers:
    return 1.0 / np.sqrt(x)


def _compare(x: Numbers, y: Numbers) -> Numbers:
    return np.equal(x, y).astype(np.float64)


def _conditional_move(x: Numbers, y: Numbers, same: Numbers, other: Numbers) -> Numbers:
    return np.where(np.equal(x, y), same, other)


def _multiply_add(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    return x + y * z


OF_NUMBERS: dict[str, Callable[..., Numbers]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "inv_sqrt": _inverse_root,
    "move": np.positive,
    "compare": _compare,
    "conditional_move": _conditional_move,
    "mac": _multiply_add,
}
"""What an instruction makes of numbers."""


def join_curve(cone: Cone) -> bool:
    """Put one layer in the place of a cone that is a function of the element at the same place. False for any other."""
    readings, last = cone.readings, cone.result.owner
    assert isinstance(last, LayerOp)
    if len(readings) == 1 and not isinstance(last, ProgramOp):
        return False
    if long_sizes(cone.x) != long_sizes(cone.result) or not all(each.is_pointwise for each in readings.values()):
        return False
    read = {base_of(value) for each in readings.values() for value, _ in each.tensors.values()}
    make = _made_by(cone) if read <= {cone.x, *readings} else None
    if make is None:
        return False
    try:
        found = make(last.layer.data, in_shape(cone.x, shape_of(cone.result), last))
    except VerifyException:
        return False
    put_in_place(last, found, cone.layers)
    return True


def _made_by(cone: Cone) -> Make | None:
    """What makes the layer that a cone is."""
    make = _with_number(cone) if len(cone.readings) == 1 else None
    if make is None:
        values = values_of(cone)
        same = (make for make, known in _known() if np.allclose(values, known, rtol=NEAR, atol=NEAR, equal_nan=True))
        make = next(same, None)
    return make


def _with_number(cone: Cone) -> Make | None:
    """A single instruction of the element and a number."""
    (reading,) = cone.readings.values()
    numbers = [each for each in reading.code[0].sources if not isinstance(each, str)]
    if len(reading.code) != 1 or len(reading.code[0].sources) != 2 or len(numbers) != 1 or not isfinite(numbers[0]):
        return None
    opcode, _, sources = reading.code[0]
    function = f"r{opcode}" if sources[0] == numbers[0] and opcode in ("sub", "div") else opcode
    if function not in FUNCTIONS or (function, numbers[0]) in (("rsub", 0.0), ("rdiv", 1.0)):
        return None
    return partial(ScalarOp, function=function, value=numbers[0])


@cache
def _known() -> list[tuple[Make, Numbers]]:
    """What our curves are at the points."""
    (x,) = Block(arg_types=[make_tensor_type(f32, (1,))]).args
    return [(make, _run(make("curve", x).forward(), {"x": POINTS})["y"]) for make in CURVES]


def values_of(cone: Cone) -> Numbers:
    """What the cone makes of the points."""
    found: dict[SSAValue, Numbers] = {cone.x: POINTS}
    for value, reading in cone.readings.items():
        given = {name: found[base_of(each)] for name, (each, _) in reading.tensors.items()}
        found[value] = _run(reading.code, given)[reading.result]
    return found[cone.result]


def _run(code: Sequence[Instruction], given: Mapping[str, Numbers]) -> dict[str, Numbers]:
    found = dict(given)
    with np.errstate(all="ignore"):
        for opcode, dest, sources in code:
            numbers = [found[each] if isinstance(each, str) else np.float64(each) for each in sources]
            found[dest] = np.broadcast_to(OF_NUMBERS[opcode](*numbers), POINTS.shape)
    return found
