"""Ops that put elements in order: sorts, and the largest of them, with what goes along.

A sort of n elements is our `top_k` of n: a pass for each place, which finds the number that comes next. So equal ones
stay in their order, and it is n * n steps.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Block, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.ir.ops.scatter import GatherElementsOp
from simdc.ir.ops.top_k import TopKOp

from .asked import block_of, operand
from .body import REAL_PREDICATES, WHOLE_PREDICATES, direction_of
from .constants import refuse_known
from .module_text import integer, name_of
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .values import ModuleConstant, Value, plain

SEEN_THROUGH = ("stablehlo.convert", "arith.extf", "arith.truncf", "arith.extsi")
OTHERWISE = "it compares otherwise than one number of each side"


@reads("stablehlo.sort")
def sort(reader: Reader, op: Operation) -> Sequence[Value]:
    """`top_k` of all, and `gather_elements` for what goes along."""
    axis = integer(op, "dimension", len(result_shape(op)) - 1)
    return _sorted(reader, op, list(op.operands), axis, block_of(op, 0))


@reads("tm_tensor.sort")
def sort_in_place(reader: Reader, op: Operation) -> Sequence[Value]:
    """`top_k` of all, and `gather_elements` for what goes along."""
    return _sorted(reader, op, list(op.operands), integer(op, "dimension", 0), block_of(op, 0))


@reads("chlo.top_k")
def top_k(reader: Reader, op: Operation) -> Sequence[Value]:
    """`top_k` along the last dimension."""
    shape = result_shape(op)
    made = _ordered(reader, operand(op, 0), len(shape) - 1, integer(op, "k", shape[-1]), smallest=False)
    return [plain(each, shape) for each in (made.values, made.indices)]


def _sorted(reader: Reader, op: Operation, operands: list[SSAValue], axis: int, block: Block) -> list[Value]:
    """All operands in the order of one of them, which the body compares."""
    key, smallest = _compared(block)
    shape, network = result_shape(op), reader.network
    if not 0 <= axis < len(shape) or key >= len(operands):
        raise Unpriced(f"it sorts {len(operands)} operands of {list(shape)} along dimension {axis} by number {key}")
    values = [reader.value(each) for each in operands]
    refuse_known(*values)
    made = _ordered(reader, operands[key], axis, shape[axis], smallest=smallest)
    found: list[Value] = []
    for place, value in enumerate(values):
        if place == key:
            found.append(plain(made.values, shape))
        elif _is_count(reader, operands[place], axis):
            found.append(plain(made.indices, shape))
        else:
            payload = network.tensor(value)
            taken = GatherElementsOp(network.unused(), payload, made.indices, axis=axis)
            found.append(plain(network.add(taken, result_bits(op, place)), shape))
    return found


def _ordered(reader: Reader, key: SSAValue, axis: int, count: int, *, smallest: bool) -> TopKOp:
    network = reader.network
    numbers = network.tensor(reader.value(key))
    try:
        made = TopKOp(network.unused(), numbers, axis=axis, count=count, smallest=smallest)
    except VerifyException as error:
        raise Unpriced(f"its numbers are put in order one by one, and it {error}") from None
    network.insert(made, made.layer.data)
    return made


def _is_count(reader: Reader, value: SSAValue, axis: int) -> bool:
    """Whether these are the numbers of positions along the axis."""
    seen, owner = reader.value(value), value.owner
    while isinstance(owner, Operation) and name_of(owner) == "stablehlo.broadcast_in_dim":
        owner = operand(owner, 0).owner
    is_count = isinstance(owner, Operation) and name_of(owner) == "stablehlo.iota"
    return is_count and isinstance(getattr(seen, "base", None), ModuleConstant) and str(axis) == _axis(seen)


def _axis(value: Value) -> str:
    """The dimension that moves a constant of one dimension, as `v0` is called 0."""
    index = getattr(value, "index", ())
    return index[0].terms[0][0][1:] if len(index) == 1 and index[0].terms else ""


def _compared(block: Block) -> tuple[int, bool]:
    """Which operand decides, and whether the smallest comes first. Raises Unpriced."""
    last = block.last_op
    owner = last.operands[0].owner if last is not None and last.operands else None
    if not isinstance(owner, Operation) or len(owner.operands) != 2:
        raise Unpriced(OTHERWISE)
    sides = [_argument(each, block) for each in owner.operands]
    word = _direction(owner)
    # Arguments 2*k and 2*k + 1 are the two sides of operand k.
    if None in sides or sides[0] is None or sides[1] != sides[0] ^ 1 or word[:1] not in ("l", "g"):
        raise Unpriced(OTHERWISE)
    return sides[0] // 2, (word[0] == "l") == (sides[0] % 2 == 0)


def _direction(op: Operation) -> str:
    match name_of(op):
        case "stablehlo.compare":
            return direction_of(op)
        case "arith.cmpf":
            return REAL_PREDICATES.get(integer(op, "predicate", -1), "")
        case "arith.cmpi":
            return WHOLE_PREDICATES.get(integer(op, "predicate", -1), "")
        case _:
            return ""


def _argument(value: SSAValue, block: Block) -> int | None:
    """The number of the argument that a side is, whatever stands in the place of its zeros and of what is none."""
    # JAX: select(x == 0, 0, x), then select(x != x, nan, that).
    while isinstance(value.owner, Operation):
        name = name_of(value.owner)
        if name in ("stablehlo.select", "arith.select"):
            value = operand(value.owner, 2)
        elif name in SEEN_THROUGH:
            value = operand(value.owner, 0)
        else:
            return None
    return block.args.index(value) if value.owner is block else None
