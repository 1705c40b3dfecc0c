"""Normalization of rows as exporters write it, by its formula:

    d = x - mean(x),  d / sqrt(mean(d^2) + epsilon) * scale + shift
    x / sqrt(mean(x^2) + epsilon) * scale

with means over the last dimensions, a square by a power or a product, a division or a product with an inverse, and
casts in between.
"""

from __future__ import annotations

from xdsl.ir import SSAValue

from simdc.frontends.joined.layers import LayerChain, put_in_place
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.activation.function import ReciprocalOp, SqrtOp
from simdc.ir.ops.broadcast import AddOp, DivideOp, MultiplyOp, SubtractOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.layer_norm import LayerNormOp
from simdc.ir.ops.reduce import ReduceMeanOp
from simdc.ir.ops.rms_norm import RmsNormOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.named import NamedTuple


class Quotient(NamedTuple):
    """`x / sqrt(mean(x^2) + epsilon)` over the dimensions from `axis` on, and its layers, the last first."""

    x: SSAValue
    axis: int
    epsilon: float
    layers: tuple[LayerOp, ...]


def join_written_norms(network: NetworkOp) -> None:
    """Put one layer in the place of each normalization, the scale and shift behind it included."""
    for op in list(network.layers()):
        found = _quotient(op)
        if found is not None:
            _join(op, found)


def _join(op: LayerOp, found: Quotient) -> None:
    scaled, scale = _with_parameter(op.results[0], MultiplyOp, found)
    centered = found.x.owner
    mean = _own_mean(op, found, centered) if isinstance(centered, SubtractOp) else None
    if scaled is None or scale is None or mean is None:
        # Without its own scale or mean it is the rows by their root mean square, whatever comes before and behind.
        last = scaled or op
        rms = RmsNormOp(last.layer.data, found.x, scale, axis=found.axis, epsilon=found.epsilon)
        inner = [] if last is op else [*_between(op, last), op]
        put_in_place(last, rms, [*inner, *found.layers])
        return
    assert isinstance(centered, SubtractOp)
    shifted, shift = _with_parameter(scaled.result, AddOp, found)
    last = shifted or scaled
    norm = LayerNormOp(last.layer.data, centered.lhs, scale, shift, axis=found.axis, epsilon=found.epsilon)
    put_in_place(last, norm, [*_between(op, last), op, *found.layers, centered, mean])


def _own_mean(op: LayerOp, found: Quotient, centered: SubtractOp) -> ReduceMeanOp | None:
    """The mean that `centered` takes off, if it is that of the same rows and nobody else reads either."""
    mean = centered.rhs.owner
    if not isinstance(mean, ReduceMeanOp) or mean.input is not centered.lhs or _row_axis(mean) != found.axis:
        return None
    inside = {use.operation for use in centered.result.uses} <= {op, *found.layers}
    return mean if inside and {use.operation for use in mean.result.uses} == {centered} else None


def _quotient(op: LayerOp) -> Quotient | None:
    """What `op` is the last layer of."""
    if isinstance(op, DivideOp):
        return _deviation(op.lhs, op.rhs, inverted=False)
    if isinstance(op, MultiplyOp):
        return _deviation(op.lhs, op.rhs, inverted=True) or _deviation(op.rhs, op.lhs, inverted=True)
    return None


def _deviation(x: SSAValue, value: SSAValue, *, inverted: bool) -> Quotient | None:
    """`value` as the root of the mean square of `x`, or its inverse."""
    chain = LayerChain(value)
    if inverted and not _inverse(chain):
        return None
    if not _root(chain):
        return None
    _casts(chain)
    epsilon = chain.scalar("add")
    _casts(chain)
    mean = chain.take(ReduceMeanOp)
    axis = _row_axis(mean) if isinstance(mean, ReduceMeanOp) else None
    _casts(chain)
    square = chain.take(MultiplyOp, ScalarOp)
    if epsilon is None or axis is None or square is None or not _is_square(square, x):
        return None
    return Quotient(x, axis, epsilon, tuple(chain.layers))


def _inverse(chain: LayerChain) -> bool:
    """Steps back over 1 / y."""
    _casts(chain)
    op = chain.take(ReciprocalOp, ScalarOp)
    return isinstance(op, ReciprocalOp) or _is_function(op, "rdiv", 1.0)


def _root(chain: LayerChain) -> bool:
    _casts(chain)
    op = chain.take(SqrtOp, ScalarOp)
    return isinstance(op, SqrtOp) or _is_function(op, "pow", 0.5)


def _is_function(op: LayerOp | None, function: str, value: float) -> bool:
    return isinstance(op, ScalarOp) and (op.function.data, op.value.value.data) == (function, value)


def _is_square(op: LayerOp, x: SSAValue) -> bool:
    if isinstance(op, MultiplyOp):
        return op.lhs is x and op.rhs is x
    return _is_function(op, "pow", 2.0) and op.operands[0] is x


def _casts(chain: LayerChain) -> None:
    """Steps back over views that have the shape of what they view."""
    while isinstance(chain.value.owner, ReshapeOp) and shape_of(chain.value.owner.input) == shape_of(chain.value):
        if chain.take(ReshapeOp) is None:
            return


def _row_axis(mean: ReduceMeanOp) -> int | None:
    """The first of the last dimensions that a mean goes over, where it goes over these and leaves ones."""
    axes, rank = sorted(mean.summed), len(shape_of(mean.input))
    is_row = mean.keepdims is not None and axes == list(range(rank - len(axes), rank))
    return axes[0] if is_row and 0 < axes[0] < rank else None


def _with_parameter(
    value: SSAValue, kind: type[MultiplyOp] | type[AddOp], found: Quotient
) -> tuple[MultiplyOp | AddOp | None, SSAValue | None]:
    """The only reader of `value`, casts left out, where it joins it with a parameter for each place of a row."""
    reader = _only_reader(value)
    while isinstance(reader, ReshapeOp) and shape_of(reader.result) == shape_of(value):
        value = reader.result
        reader = _only_reader(value)
    if not isinstance(reader, kind):
        return None, None
    other = reader.rhs if reader.lhs is value else reader.lhs
    fits = isinstance(other.owner, ParameterOp) and shape_of(other) == shape_of(found.x)[found.axis :]
    return (reader, other) if fits else (None, None)


def _only_reader(value: SSAValue) -> object:
    uses = list(value.uses)
    return uses[0].operation if len(uses) == 1 else None


def _between(first: LayerOp, last: LayerOp) -> list[LayerOp]:
    """The layers from the one behind `first` to the one before `last`, the last first: each reads the one before it."""
    found: list[LayerOp] = []
    reader = _only_reader(first.results[0])
    while isinstance(reader, LayerOp) and reader is not last:
        found.append(reader)
        reader = _only_reader(reader.results[0])
    return found[::-1]
