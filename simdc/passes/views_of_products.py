"""What `simdc-fold-views` does in a network with products: they read views where the data lie.

A transpose, a slice, a repetition and every reshape before a product become part of how its loops index that side; a
transpose and a reshape behind it part of how its result is written. Heads are cut out of features, keys are turned and
shared that way, and nothing is copied.
"""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue

from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import NetworkOp
from simdc.ir.ops.cache import CacheOp
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.free import FlattenOp, ReshapeOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.pad import SliceOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.ir.product import StackProduct, check_product
from simdc.ir.product_text import product_text
from simdc.ir.product_views import SideName, repeated, sliced, transposed, written_transposed
from simdc.ir.stored_width import keep_in_cache, take_width

from .channelwise import erase, note_folded
from .turned_heads import turn_before_heads

FREE = (CacheOp, FlattenOp, ReshapeOp)
"""Views that move nothing."""


def fold_views(network: NetworkOp) -> None:
    """What `FoldViewsPass` says."""
    turn_before_heads(network)
    for layer in list(network.layers()):
        if isinstance(layer, MatMulOp) and layer.parent is not None:
            _fold_readers(layer)
            _fold_operand(layer, "lhs", 0)
            _fold_operand(layer, "rhs", 1)


def _fold_operand(op: MatMulOp, side: SideName, number: int) -> None:
    """Read what lies behind the views before an operand, as far as one of them moves data."""
    product, value = op.product, op.operands[number]
    passed: list[LayerOp] = []
    folded, source, index = 0, value, product
    while isinstance(value.owner, LayerOp) and (found := _before(value.owner, product, side)) is not None:
        passed.append(value.owner)
        value, product = found
        if not isinstance(passed[-1], FREE):
            folded, source, index = len(passed), value, product
    if not folded:
        return
    _set_index(op, index)
    op.operands[number] = source
    # What several read, such as a fused projection, stays as wide as the others want it.
    if any(isinstance(view, CacheOp) for view in passed[:folded]) and len(list(source.uses)) <= 2:
        keep_in_cache(source)
    for view in passed[:folded]:
        # One that somebody else reads, too, stays, and with it all that it reads.
        if view.results[0].first_use is None:
            note_folded(op, view)
            erase(view)


def _before(view: LayerOp, product: StackProduct, side: SideName) -> tuple[SSAValue, StackProduct] | None:
    """What the view reads, and the product with `side` indexed as that lies."""
    shape = shape_of(view.results[0])
    match view:
        case CacheOp() | FlattenOp() | ReshapeOp():
            return view.input, product
        case TransposeOp():
            made = transposed(product, side, shape, view.permutation.get_values())
        case SliceOp() if view.step.value.data == 1:
            axis = view.axis.value.data
            made = sliced(product, side, shape, axis, view.first.value.data, shape_of(view.input)[axis])
        case ExpandOp():
            made = repeated(product, side, shape, view.repeated)
        case _:
            return None
    return None if made is None else (view.operands[0], made)


def _fold_readers(op: MatMulOp) -> None:
    """Write the result as the views that alone read it would, as far as one of them moves data."""
    product, value = op.product, op.results[0]
    passed: list[LayerOp] = []
    folded, index = 0, product
    while (view := _only_reader(value)) is not None and (found := _behind(view, product)) is not None:
        passed.append(view)
        product, value = found, view.results[0]
        if not isinstance(view, FREE):
            folded, index = len(passed), product
    if not folded:
        return
    _set_index(op, index)
    made = passed[folded - 1].results[0]
    take_width(op, passed[folded - 1])
    for view in passed[:folded]:
        note_folded(op, view)
    result = op.results[0]
    uses = list(made.uses)
    result._type = made.type  # pyright: ignore[reportPrivateUsage]  # nobody else reads it
    if made.name_hint is not None:
        result.name_hint = made.name_hint
    for use in uses:
        use.operation.operands[use.index] = result
    for view in reversed(passed[:folded]):
        erase(view)


def _only_reader(value: SSAValue) -> LayerOp | None:
    readers = [use.operation for use in value.uses]
    match readers:
        case [LayerOp() as reader]:
            return reader
        case _:
            return None


def _behind(view: LayerOp, product: StackProduct) -> StackProduct | None:
    """The product that writes what the view makes of its result."""
    match view:
        case CacheOp() | FlattenOp() | ReshapeOp():
            return product
        case TransposeOp():
            return written_transposed(product, shape_of(view.input), view.permutation.get_values())
        case _:
            return None


def _set_index(op: MatMulOp, product: StackProduct) -> None:
    check_product(product)
    op.drop_price()
    op.properties["index"] = StringAttr(product_text(product))
