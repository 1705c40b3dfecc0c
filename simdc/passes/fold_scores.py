"""Fold what scales and masks the scores of a softmax into it: its rows are in vector memory anyway."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, FloatAttr, ModuleOp, StringAttr, UnitAttr, f64
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from simdc.ir.base import LayerOp, make_tensor_type, shape_of, tensor_type
from simdc.ir.network import CAUSAL, ParameterOp, ReturnOp
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.ir.ops.select import SelectOp
from simdc.ir.ops.softmax import SoftmaxOp
from simdc.named import NamedTuple

from .channelwise import erase_with_parameters, is_read_once
from .distinct import fold_layers

HIDDEN = -100.0
"""What stands in place of a score that must not count, at most: a softmax makes a zero of it."""


def fold(layer: LayerOp) -> bool:
    """Let a softmax take over what stands before it, layer by layer: a number that scales its input, a mask that is
    added. False where there is nothing of the kind, or the network gives the softmax: a loss takes its place then,
    which works on plain scores."""
    if not isinstance(layer, SoftmaxOp) or any(isinstance(use.operation, ReturnOp) for use in layer.result.uses):
        return False
    found = False
    # softmax((x / 8) + mask): the addition first, then the division.
    while isinstance(before := layer.input.owner, LayerOp) and is_read_once(before.results[0]):
        if not (_take_scale(layer, before) or _take_mask(layer, before)):
            break
        found = True
    return found


def _take_scale(softmax: SoftmaxOp, before: LayerOp) -> bool:
    """`softmax(scale * (factor * x) + mask)`: the factors are one."""
    match before:
        case ScalarOp() if before.function.data == "mul":
            factor = before.value.value.data
        case ScalarOp() if before.function.data == "div" and before.value.value.data != 0:
            factor = 1.0 / before.value.value.data
        case _:
            return False
    softmax.scale = FloatAttr(softmax.scale.value.data * factor, f64)
    _replace(softmax, before, before.input, [*softmax.extras])
    return True


def _take_mask(softmax: SoftmaxOp, before: LayerOp) -> bool:
    """A mask that is added, or chosen instead of scores. One that says only that no query sees a later key needs no
    tensor. Any other may be added where the scores behind it are not scaled again, and there is no mask yet."""
    found = _masked(before)
    if found is None or shape_of(found.scores) != shape_of(softmax.input):
        return False
    if _is_causal(softmax, found):
        extras = [*softmax.extras]
        if softmax.causal is None:
            extras.append(_numbers(softmax))
            softmax.causal = UnitAttr()
        _replace(softmax, before, found.scores, extras)
        return True
    if found.how != "added" or softmax.scale.value.data != 1 or softmax.mask is not None:
        return False
    _replace(softmax, before, found.scores, [found.mask, *softmax.extras])
    return True


class Masked(NamedTuple):
    """Scores, what masks them, and how, in the words of `simdc.ir.network.CAUSAL`."""

    scores: SSAValue
    mask: SSAValue
    how: str


def _masked(before: LayerOp) -> Masked | None:
    match before:
        case AddOp():
            # Of two alike a parameter is the mask; of a mask that is repeated the other side has the result's shape.
            swapped = isinstance(before.lhs.owner, ParameterOp) or shape_of(before.lhs) != shape_of(before.result)
            scores, mask = (before.rhs, before.lhs) if swapped else (before.lhs, before.rhs)
            return Masked(scores, mask, "added")
        case SelectOp():
            return _selected(before.condition, *before.sides)
        case _:
            return None


def _selected(condition: SSAValue, lhs: SSAValue | float, rhs: SSAValue | float) -> Masked | None:
    """Scores where a condition holds, or does not, and elsewhere so low a number that they do not count."""
    if isinstance(lhs, SSAValue) and isinstance(rhs, float) and rhs <= HIDDEN:
        return Masked(lhs, condition, "seen")
    if isinstance(rhs, SSAValue) and isinstance(lhs, float) and lhs <= HIDDEN:
        return Masked(rhs, condition, "hidden")
    return None


def _is_causal(softmax: SoftmaxOp, found: Masked) -> bool:
    """Whether the mask is known to hide from each query what comes later, and nothing else."""
    shape, own, axis = shape_of(softmax.input), shape_of(found.mask), softmax.axis.value.data
    owner = found.mask.owner
    known = isinstance(owner, ParameterOp) and owner.attributes.get(CAUSAL) == StringAttr(found.how)
    return known and axis == len(shape) - 1 >= 2 and own[-2:] == shape[-2:] and softmax.scale.value.data > 0


def _numbers(softmax: SoftmaxOp) -> SSAValue:
    """0, 1, ... for the keys."""
    keys = shape_of(softmax.input)[softmax.axis.value.data]
    kind = make_tensor_type(tensor_type(softmax.input).element_type, (keys,))
    made = ParameterOp.make(f"{softmax.layer.data}.key_numbers", kind, constant=True)
    made.location = softmax.location
    block = softmax.parent_block()
    assert block is not None
    block.insert_op_before(made, softmax)
    return made.result


def _replace(softmax: SoftmaxOp, before: LayerOp, scores: SSAValue, extras: list[SSAValue]) -> None:
    """Read `scores` from now on, with `before` part of the softmax."""
    softmax.drop_price()
    softmax.operands = [scores, *extras]
    own = softmax.merged.data if softmax.merged is not None else ()
    inner = before.merged.data if before.merged is not None else ()
    softmax.merged = ArrayAttr([*own, before.layer, *inner])
    erase_with_parameters(before)


class FoldScoresPass(ModulePass):
    """Folds numbers that scale the input of a softmax, and masks that are added to it, into the softmax. Has to run
    before a training step is derived."""

    name = "simdc-fold-scores"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        fold_layers(op, fold)
