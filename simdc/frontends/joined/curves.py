"""Activations told by their values: a function of one number that agrees with one of ours wherever it is asked is that
function, written as one likes, an error function by polynomials included."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from math import inf, isfinite, isnan
from operator import itemgetter

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

from .cones import Cone, Readings
from .layers import in_shape, put_in_place
from .numbers import Numbers, run
from .readings import Layer, Reading, base_of, long_sizes

ASKED_FIRST = 50
"""The number of a point, 2.8, at which few curves are alike."""
POINTS: Numbers = np.concatenate([np.linspace(-9.7, 9.3, 77), np.array([-41.0, -1e-3, 0.0, 1e-3, 41.0])])
"""Small and large, of both signs, and none at a corner of a function that two pieces may share but zero."""
NEAR = 5e-4
"""Beside one or beside the value, what is larger, at most: a number in half precision, as exporters round sqrt(2) and
1/6, is a share of 2^-11 off. The nearest curve counts, since GELU by tanh is not further off GELU by erf."""

Make = Callable[[str, SSAValue], LayerOp]
CURVES: tuple[Callable[[str, SSAValue], ActivationOp], ...] = (
    partial(GeluOp, approximate="none"), partial(GeluOp, approximate="tanh"), SiluOp, SigmoidOp, TanhOp, ErfOp,
    HardSwishOp, partial(HardSigmoidOp, alpha=1 / 6, beta=0.5), SoftplusOp, MishOp, ExpOp, LogOp, SqrtOp, AbsOp,
    ReciprocalOp, NegateOp,
)  # fmt: skip


class PointValues:
    """What values are at the points, as functions of an element before them; they are kept until the value is
    forgotten, for the layers before it."""

    def __init__(self) -> None:
        self._found: dict[SSAValue, dict[SSAValue, Numbers | None]] = {}

    def of(self, value: SSAValue, x: SSAValue, readings: Readings) -> Numbers | None:
        """None where `value` needs more than the element of `x` at its place."""
        if value is x:
            return POINTS
        found = self._found.setdefault(value, {})
        if x not in found:
            found[x] = self._made(readings.get(value), x, readings)
        return found[x]

    def _made(self, reading: Layer | None, x: SSAValue, readings: Readings) -> Numbers | None:
        if not isinstance(reading, Reading):
            return None
        given: dict[str, Numbers] = {}
        for name, (each, _) in reading.tensors.items():
            values = self.of(base_of(each), x, readings)
            if values is None:
                return None
            given[name] = values
        made = run(reading.code, given)[reading.result]
        return made if made.shape == POINTS.shape else np.broadcast_to(made, POINTS.shape)

    def forget(self, value: SSAValue) -> None:
        _ = self._found.pop(value, None)


def join_curve(cone: Cone, points: PointValues) -> bool:
    """Put one layer in the place of a cone that is a function of the element at the same place. False for any other."""
    last = cone.result.owner
    assert isinstance(last, LayerOp)
    if (cone.size == 1 and not isinstance(last, ProgramOp)) or not cone.is_pointwise:
        return False
    if long_sizes(cone.x) != long_sizes(cone.result):
        return False
    values = points.of(cone.result, cone.x, cone.region.readings)
    make = None if values is None else _with_number(cone) or _nearest(values)
    if make is None:
        return False
    try:
        found = make(last.layer.data, in_shape(cone.x, shape_of(cone.result), last))
    except VerifyException:
        return False
    put_in_place(last, found, cone.layers)
    return True


def _with_number(cone: Cone) -> Make | None:
    """What makes a single instruction of the element and a number."""
    reading = cone.region.readings[cone.result]
    if cone.size > 1 or not isinstance(reading, Reading) or len(reading.code) != 1:
        return None
    opcode, _, sources = reading.code[0]
    numbers = [each for each in sources if not isinstance(each, str)]
    if len(sources) != 2 or len(numbers) != 1 or not isfinite(numbers[0]):
        return None
    function = f"r{opcode}" if sources[0] == numbers[0] and opcode in ("sub", "div") else opcode
    if function not in FUNCTIONS or (function, numbers[0]) in (("rsub", 0.0), ("rdiv", 1.0)):
        return None
    return partial(ScalarOp, function=function, value=numbers[0])


def _nearest(values: Numbers) -> Make | None:
    """The curve that has these values at the points, or nearly so."""
    asked = float(values[ASKED_FIRST])
    # A long chain asks tens of thousands of times, and no curve is near: plain numbers tell it 20 times as fast.
    near = [(float(distance(values, known).max()), make) for make, known, first in _known() if is_near(asked, first)]
    least, make = min(near, key=itemgetter(0), default=(inf, None))
    return make if least <= NEAR else None


def is_near(value: float, known: float) -> bool:
    """As `distance` has it, of one number."""
    if isnan(known):
        return isnan(value)
    return value == known or abs(value - known) / max(1.0, abs(known)) <= NEAR


def distance(values: Numbers, known: Numbers) -> Numbers:
    """Differences beside one or beside the value. Where one has no value the other must have none."""
    with np.errstate(all="ignore"):
        share = np.abs(values - known) / np.maximum(1.0, np.abs(known))
    same = (values == known) | (np.isnan(values) & np.isnan(known))
    return np.where(same, 0.0, np.where(np.isnan(share), inf, share))


@cache
def _known() -> list[tuple[Make, Numbers, float]]:
    """What our curves are at the points, and at the one that is asked first."""
    (x,) = Block(arg_types=[make_tensor_type(f32, (1,))]).args
    curves = [(make, run(make("curve", x).forward(), {"x": POINTS})["y"]) for make in CURVES]
    return [(make, known, float(known[ASKED_FIRST])) for make, known in curves]
