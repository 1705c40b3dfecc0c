"""Rotary positions beside the transpose that makes heads: turned where heads still lie behind tokens.

    reshape to [n, t, heads, d], transpose to [n, heads, t, d], rope, product
    reshape to [n, t, heads, d], rope of tokens that come first, transpose, product

Both compute the same. In the second the product reads through the transpose, and nothing is copied. The gradient has
the same the other way round: product, rope, transpose.
"""

from __future__ import annotations

from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import Attribute, SSAValue

from simdc.ir.base import LayerOp, make_tensor_type, shape_of, tensor_type
from simdc.ir.network import NetworkOp
from simdc.ir.ops.cache import CacheOp
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.free import FlattenOp, ReshapeOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.rope import RopeOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.ir.stored_width import take_width

from .channelwise import is_read_once

FREE = (CacheOp, FlattenOp, ReshapeOp)
VIEWS = (*FREE, ExpandOp, TransposeOp)


def turn_before_heads(network: NetworkOp) -> None:
    """Let transposes that stand between rotary positions and what is no product stand on the other side, next to
    one."""
    for op in list(network.layers()):
        if not isinstance(op, RopeOp) or op.tokens_first is not None or len(shape_of(op.input)) not in (3, 4):
            continue
        if (turn := _turn_before(op)) is not None:
            _exchange(turn, op, _like(op.result, shape_of(turn.input)))
        elif (turn := _turn_behind(op)) is not None:
            _exchange(op, turn, _like(op.input, shape_of(turn.result)))
        else:
            continue
        op.properties["tokens_first"] = UnitAttr()


def _turn_before(rope: RopeOp) -> TransposeOp | None:
    """The transpose that the layer alone reads, if products alone read the layer."""
    turn = rope.input.owner
    if not isinstance(turn, TransposeOp) or not _swaps(turn) or not is_read_once(turn.result):
        return None
    return turn if _products_read(rope.result) else None


def _turn_behind(rope: RopeOp) -> TransposeOp | None:
    """The transpose that alone reads the layer, if the layer reads a product."""
    if not is_read_once(rope.result) or not _is_made_by_product(rope.input):
        return None
    turn = rope.result.first_use.operation if rope.result.first_use is not None else None
    return turn if isinstance(turn, TransposeOp) and _swaps(turn) else None


def _exchange(first: LayerOp, second: LayerOp, between: Attribute) -> None:
    """`second`, which alone reads `first`, before it; what it then makes has the type `between`. Both are without a
    price."""
    (made,), (last,), source = second.results, first.results, first.operands[0]
    kind, block = made.type, first.parent_block()
    assert block is not None
    made.replace_all_uses_with(last)
    second.operands = [source, *second.operands[1:]]
    first.operands = [made, *first.operands[1:]]
    _retype(made, between)
    _retype(last, kind)
    take_width(first, second)
    first.detach()
    block.insert_op_after(first, second)
    for op in (first, second):
        op.drop_price()


def _like(value: SSAValue, shape: tuple[int, ...]) -> Attribute:
    return make_tensor_type(tensor_type(value).element_type, shape)


def _retype(value: SSAValue, kind: Attribute) -> None:
    value._type = kind  # pyright: ignore[reportPrivateUsage]  # its readers change with it


def _swaps(turn: TransposeOp) -> bool:
    """Whether tokens and heads change places, which done twice is nothing: 0 2 1 3."""
    order = list(range(len(shape_of(turn.input))))
    order[-3:-1] = order[-2], order[-3]
    return list(turn.permutation.get_values()) == order


def _products_read(value: SSAValue) -> bool:
    """Whether somebody reads it, and nobody but products, some by way of views."""
    readers = [use.operation for use in value.uses]
    return bool(readers) and all(
        isinstance(each, MatMulOp) or (isinstance(each, VIEWS) and _products_read(each.result)) for each in readers
    )


def _is_made_by_product(value: SSAValue) -> bool:
    while is_read_once(value):
        owner = value.owner
        if not isinstance(owner, FREE):
            return isinstance(owner, MatMulOp)
        value = owner.input
    return False
