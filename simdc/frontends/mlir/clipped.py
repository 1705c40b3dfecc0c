"""Bounds on a tensor, in one op or in two: ReLU and what is cut off on both sides, such as ReLU6."""

from __future__ import annotations

from math import isfinite

from xdsl.ir import SSAValue

from simdc.ir.ops.activation.piecewise import ClipOp
from simdc.ir.ops.relu import ReluOp
from simdc.named import NamedTuple

from .body import Body
from .network import ForeignNetwork


class Bounds(NamedTuple):
    """What lies below or above is cut off; None where nothing is."""

    low: float | None
    high: float | None


def bounds_of(body: Body) -> Bounds | None:
    """Of a body that cuts its only operand off; None for any other."""
    found = Bounds(None, None)
    inner = None
    for opcode, dest, sources in body.code:
        numbers = [each for each in sources if not isinstance(each, str)]
        names = [each for each in sources if isinstance(each, str)]
        if opcode not in ("max", "min") or len(numbers) != 1 or not isfinite(numbers[0]):
            return None
        own = Bounds(numbers[0], None) if opcode == "max" else Bounds(None, numbers[0])
        joined = _joined(found, own)
        if joined is None or inner not in (None, names[0]):
            return None
        found, inner = joined, dest
    return found if body.results == (inner,) else None


def clip(network: ForeignNetwork, value: SSAValue, bounds: Bounds, bits: int | None) -> SSAValue:
    """The layer that cuts `value` off, in the place of one that does it on the other side if nobody else reads it."""
    owner = value.owner
    if isinstance(owner, ClipOp | ReluOp) and value.first_use is None and not network.is_read_again(value):
        whole = _joined(_own(owner), bounds)
        if whole is not None:
            fresh = ClipOp(owner.layer.data, owner.input, minimum=whole.low, maximum=whole.high)
            return network.replace(owner, fresh, bits)
    if bounds == (0.0, None):
        return network.add(ReluOp(network.unused(), value), bits)
    return network.add(ClipOp(network.unused(), value, minimum=bounds.low, maximum=bounds.high), bits)


def _own(op: ClipOp | ReluOp) -> Bounds:
    if isinstance(op, ReluOp):
        return Bounds(0.0, None)
    return Bounds(*(None if each is None else each.value.data for each in (op.minimum, op.maximum)))


def _joined(first: Bounds, then: Bounds) -> Bounds | None:
    """One cut after the other; None where both are on one side, or leave nothing between them."""
    # Above 0, then below 6: between 0 and 6. Below 0, then above 6 is 6 everywhere, which no bounds say.
    if (first.low is not None and then.low is not None) or (first.high is not None and then.high is not None):
        return None
    low = first.low if then.low is None else then.low
    high = first.high if then.high is None else then.high
    return None if low is not None and high is not None and low > high else Bounds(low, high)
