"""Fold what scales and shifts channels into the layer before it: inference needs no layer of its own for it.

A layer with weights gives `sum of weight * input + bias` for each channel. A factor for each channel goes into the
weights and the bias, an offset into the bias, once, before the network runs. Weight 3 and bias 1, then times 2, plus 5:
`2 * (3 * x + 1) + 5 = 6 * x + 7`, a layer of weight 6 and bias 7.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, TypeAlias

from xdsl.dialects.builtin import ArrayAttr
from xdsl.ir import Operation, SSAValue

from simdc.ir.base import LayerOp, make_tensor_type, shape_of, tensor_type
from simdc.ir.in_use import is_in_use
from simdc.ir.network import ParameterOp
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.ir.ops.broadcast import AddOp, DivideOp, MultiplyOp, SubtractOp
from simdc.ir.ops.conv import ConvolutionOp
from simdc.ir.ops.free import FlattenOp, ReshapeOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.stored_width import take_width
from simdc.named import NamedTuple

if TYPE_CHECKING:
    from simdc.ir.ops.conv_transpose import TransposedConvolutionOp

Producer: TypeAlias = "ConvolutionOp | TransposedConvolutionOp | LinearOp"
"""Layers with weights. Images have their channels in dimension 1, fully connected layers in the last."""


class Change(NamedTuple):
    """What a layer does to the channels of `value`, by parameters that have a number for each position of dimension
    `along`, or one for all where that is None."""

    value: SSAValue
    along: int | None
    scales: bool
    shifts: bool


def fold(layer: LayerOp) -> bool:
    """Let the layer before take over `layer`, if that scales or shifts channels and nothing else reads what is between
    the two. False where it stays."""
    change = _change(layer)
    if change is None:
        return False
    value, along, scales, shifts = change
    producer, axes = _producer(value)
    if producer is None or along not in (None, *axes):
        return False
    # Weights that another layer shares cannot be scaled for one of them; weights that the network computes are data.
    if (scales and not _is_own(producer.weight)) or (producer.bias is not None and not _is_parameter(producer.bias)):
        return False
    producer.drop_price()
    if shifts or producer.bias is not None:
        _give_bias(producer)
    note_folded(producer, layer)
    take_width(producer, layer)
    layer.results[0].replace_all_uses_with(value)
    erase_with_parameters(layer)
    return True


def _change(layer: LayerOp) -> Change | None:
    """None for a layer that does anything else."""
    match layer:
        case BatchNormOp():
            # (x - mean) * inv_std * scale + shift: factor inv_std * scale, offset shift - mean * inv_std * scale.
            return Change(layer.input, 1, True, True)
        case MultiplyOp() | AddOp() | SubtractOp() | DivideOp():
            return _of_two(layer)
        case _:
            return _of_number(layer) if is_in_use("scalar") else None


def _of_number(layer: LayerOp) -> Change | None:
    """The change by a number that is known now."""
    from simdc.ir.ops.scalar import ScalarOp

    if not isinstance(layer, ScalarOp) or layer.function.data not in ("mul", "div", "add", "sub", "rsub"):
        return None
    # `rsub` is value - x, which turns the weights round, too.
    function = layer.function.data
    return Change(layer.input, None, function not in ("add", "sub"), function not in ("mul", "div"))


def _of_two(layer: MultiplyOp | AddOp | SubtractOp | DivideOp) -> Change | None:
    """The change by a tensor that comes with the network."""
    swapped = _is_parameter(layer.lhs)
    value, other = (layer.rhs, layer.lhs) if swapped else (layer.lhs, layer.rhs)
    # y / 2 is y times a half; 2 / y is no factor of y.
    if not _is_parameter(other) or (swapped and isinstance(layer, DivideOp)):
        return None
    shape, own = shape_of(value), shape_of(other)
    # [2, 8, 1, 1] + [8, 5, 5] is [2, 8, 5, 5]: more than a change of the channels of the first.
    if shape != shape_of(layer.result):
        return None
    # [8, 1, 1] on [2, 8, 5, 5] is [1, 8, 1, 1]: dimension 1.
    wide = [d for d, size in enumerate((*(1,) * (len(shape) - len(own)), *own)) if size != 1]
    if len(wide) > 1:
        return None
    shifts = isinstance(layer, (AddOp, SubtractOp))
    # parameter - y is y times -1 plus the parameter: weights turn round, too.
    scales = not shifts or (swapped and isinstance(layer, SubtractOp))
    return Change(value, wide[0] if wide else None, scales, shifts)


def _producer(value: SSAValue) -> tuple[Producer | None, list[int]]:
    """The layer with weights whose result `value` is, or is another view of, and the dimensions of `value` that its
    channels lie along: more than one where they are one. None where something else reads the result, or a view mixes
    channels with others."""
    views: list[SSAValue] = []
    # Where somebody else reads the result between, it is needed as it was before the change.
    while isinstance(value.owner, (ReshapeOp, FlattenOp)) and is_read_once(value):
        views.append(value)
        value = value.owner.input
    owner = value.owner
    if not isinstance(owner, _producers()) or not is_read_once(value):
        return None, []
    # [2, 8, 1, 50] read as [2, 8, 50]: two times eight channels, before and after, whatever stands between.
    whole, place = shape_of(value), _channel_axis(owner)
    outer, channels = prod(whole[:place]), whole[place]
    axes = [place]
    for view in reversed(views):
        shape = shape_of(view)
        axes = [d for d, size in enumerate(shape) if prod(shape[:d]) == outer and size == channels]
        if not axes:
            return None, []
    return owner, axes


def _producers() -> tuple[type[Producer], ...]:
    if not is_in_use("conv_transpose"):
        return ConvolutionOp, LinearOp
    from simdc.ir.ops.conv_transpose import TransposedConvolutionOp

    return ConvolutionOp, TransposedConvolutionOp, LinearOp


def is_read_once(value: SSAValue) -> bool:
    return len(list(value.uses)) == 1


def _is_parameter(value: SSAValue) -> bool:
    return isinstance(value.owner, ParameterOp)


def _is_own(value: SSAValue) -> bool:
    """A parameter that one layer alone reads."""
    return _is_parameter(value) and is_read_once(value)


def _give_bias(producer: Producer) -> None:
    """A bias of its own to be changed: made where there was none, or where another layer reads it, too."""
    if producer.bias is not None and _is_own(producer.bias):
        return
    channels = shape_of(producer.result)[_channel_axis(producer)]
    kind = make_tensor_type(tensor_type(producer.weight).element_type, (channels,))
    parameter = ParameterOp.make(f"{producer.layer.data}.bias", kind)
    parameter.location = producer.location
    block = producer.parent_block()
    assert block is not None
    block.insert_op_before(parameter, producer)
    parameter.result.name_hint = f"{producer.result.name_hint}.bias" if producer.result.name_hint else None
    producer.operands = [producer.input, producer.weight, parameter.result]


def _channel_axis(producer: Producer) -> int:
    """What an array makes has channels whatever it reads."""
    axis = producer.channel_axis(lambda _: None)
    assert axis is not None
    return axis


def note_folded(owner: LayerOp, layer: LayerOp) -> None:
    """Write onto `owner` that it does the work of `layer`."""
    folded = owner.folded.data if owner.folded is not None else ()
    owner.folded = ArrayAttr([*folded, layer.layer])


def erase(op: Operation) -> None:
    op.detach()
    op.erase()


def erase_with_parameters(layer: LayerOp) -> None:
    """Take a layer away that nobody reads, and the parameters that it alone read, in one place or in several."""
    read = dict.fromkeys(layer.operands)
    erase(layer)
    for value in read:
        if value.first_use is None and isinstance(value.owner, ParameterOp):
            erase(value.owner)
