"""Activations told by their values: a function of one number that agrees with one of ours wherever it is asked is that
function, written as one likes, an error function by polynomials included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from math import isfinite

import numpy as np
from xdsl.dialects.builtin import f32
from xdsl.ir import Block, SSAValue
from xdsl.utils.exceptions import VerifyException

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
from .numbers import Numbers, run
from .readings import Reading, base_of, long_sizes

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


def join_curve(cone: Cone) -> bool:
    """Put one layer in the place of a cone that is a function of the element at the same place. False for any other."""
    last = cone.result.owner
    assert isinstance(last, LayerOp)
    if len(cone.readings) == 1 and not isinstance(last, ProgramOp):
        return False
    readings = {value: each for value, each in cone.readings.items() if isinstance(each, Reading) and each.is_pointwise}
    if len(readings) < len(cone.readings) or long_sizes(cone.x) != long_sizes(cone.result):
        return False
    read = {base_of(value) for each in readings.values() for value, _ in each.tensors.values()}
    make = _made_by(cone, readings) if read <= {cone.x, *readings} else None
    if make is None:
        return False
    try:
        found = make(last.layer.data, in_shape(cone.x, shape_of(cone.result), last))
    except VerifyException:
        return False
    put_in_place(last, found, cone.layers)
    return True


def _made_by(cone: Cone, readings: Mapping[SSAValue, Reading]) -> Make | None:
    """What makes the layer that a cone is."""
    make = _with_number(readings[cone.result]) if len(readings) == 1 else None
    if make is None:
        values = _values(cone, readings)
        same = (make for make, known in _known() if np.allclose(values, known, rtol=NEAR, atol=NEAR, equal_nan=True))
        make = next(same, None)
    return make


def _with_number(reading: Reading) -> Make | None:
    """A single instruction of the element and a number."""
    opcode, _, sources = reading.code[0]
    numbers = [each for each in sources if not isinstance(each, str)]
    if len(reading.code) != 1 or len(sources) != 2 or len(numbers) != 1 or not isfinite(numbers[0]):
        return None
    function = f"r{opcode}" if sources[0] == numbers[0] and opcode in ("sub", "div") else opcode
    if function not in FUNCTIONS or (function, numbers[0]) in (("rsub", 0.0), ("rdiv", 1.0)):
        return None
    return partial(ScalarOp, function=function, value=numbers[0])


@cache
def _known() -> list[tuple[Make, Numbers]]:
    """What our curves are at the points."""
    (x,) = Block(arg_types=[make_tensor_type(f32, (1,))]).args
    return [(make, run(make("curve", x).forward(), {"x": POINTS})["y"]) for make in CURVES]


def _values(cone: Cone, readings: Mapping[SSAValue, Reading]) -> Numbers:
    """What the cone makes of the points."""
    found: dict[SSAValue, Numbers] = {cone.x: POINTS}
    for value, reading in readings.items():
        given = {name: found[base_of(each)] for name, (each, _) in reading.tensors.items()}
        found[value] = np.broadcast_to(run(reading.code, given)[reading.result], POINTS.shape)
    return found[cone.result]
