"""Rotary positions beside the transpose that makes heads: turned where heads still lie behind tokens.

    reshape to [n, t, heads, d], transpose to [n, heads, t, d], rope, product
    reshape to [n, t, heads, d], rope of tokens that come first, transpose, product

Both compute the same. In the second the product reads through the transpose, and nothing is copied. The gradient has
the same the other way round: product, rope, transpose.
"""

from __future__ import annotations

from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import Attribute, SSAValue

from simdc.ir.base import make_tensor_type, shape_of, tensor_type
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
        if isinstance(op, RopeOp) and op.tokens_first is None and len(shape_of(op.input)) in (3, 4):
            _ = _move_behind(op) or _move_before(op)


def _move_behind(rope: RopeOp) -> bool:
    """The transpose that the layer reads, if products alone read the layer."""
    turn, made = rope.input.owner, rope.result
    if not isinstance(turn, TransposeOp) or not _swaps(turn) or not is_read_once(turn.result):
        return False
    if not _products_read(made):
        return False
    source, last = turn.input, made.type
    rope.operands[0] = source
    made.replace_all_uses_with(turn.result)
    turn.operands[0] = made
    _retype(made, _like(made, shape_of(source)))
    _retype(turn.result, last)
    take_width(turn, rope)
    _put_beside(turn, rope, before=False)
    return True


def _move_before(rope: RopeOp) -> bool:
    """The transpose that alone reads the layer, if the layer reads a product."""
    turn, source = next((use.operation for use in rope.result.uses), None), rope.input
    if not isinstance(turn, TransposeOp) or not _swaps(turn) or not is_read_once(rope.result):
        return False
    if not _is_made_by_product(source):
        return False
    made, last = turn.result, turn.result.type
    turn.operands[0] = source
    made.replace_all_uses_with(rope.result)
    rope.operands[0] = made
    _retype(made, _like(source, shape_of(made)))
    _retype(rope.result, last)
    take_width(rope, turn)
    _put_beside(turn, rope, before=True)
    return True


def _put_beside(turn: TransposeOp, rope: RopeOp, *, before: bool) -> None:
    block = rope.parent_block()
    assert block is not None
    turn.detach()
    (block.insert_op_before if before else block.insert_op_after)(turn, rope)
    rope.properties["tokens_first"] = UnitAttr()
    for op in (turn, rope):
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
        isinstance(each, MatMulOp) or (isinstance(each, VIEWS) and _products_read(each.results[0])) for each in readers
    )


def _is_made_by_product(value: SSAValue) -> bool:
    while is_read_once(value):
        owner = value.owner
        if not isinstance(owner, FREE):
            return isinstance(owner, MatMulOp)
        value = owner.operands[0]
    return False
