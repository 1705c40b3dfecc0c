"""Bodies that read a tensor at a place that depends on data: rows of a table, as a language model looks up words."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Block, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.ir.base import shape_of
from simdc.ir.ops.gather import GatherOp

from .constants import refuse_known
from .module_text import integer, name_of, shape_of_type
from .network import ForeignNetwork
from .problems import Unpriced
from .reader import Reader
from .values import Filled, Value, plain

CASTS = ("arith.index_cast", "arith.index_castui", "arith.extsi", "arith.extui", "arith.trunci")


def rows_picked(reader: Reader, op: Operation, inputs: Sequence[SSAValue], bits: int | None) -> Value | None:
    """Of a body that yields `table[ids[...], i, j]` the rows; None for any other body. Raises Unpriced where it
    picks in a way that is no picking of rows."""
    block = op.regions[0].block
    last = block.last_op
    found = last.operands[0].owner if last is not None and len(last.operands) == 1 else None
    if not isinstance(found, Operation) or name_of(found) != "tensor.extract":
        return None
    table, *at = found.operands
    asked = [_argument(each, block) for each in at]
    axes = [axis for axis, place in enumerate(asked) if place is not None]
    if len(axes) != 1 or len(inputs) != 1:
        raise Unpriced("it reads a tensor at places that depend on data, other than rows that are picked")
    others = [integer(each.owner, "dim", -1) for each, place in zip(at, asked, strict=True)
              if place is None and isinstance(each.owner, Operation)]  # fmt: skip
    (axis,), ids = axes, shape_of_type(inputs[0].type)
    expected = [place for place in range(len(ids) + len(at) - 1) if not axis <= place < axis + len(ids)]
    if others != expected:
        raise Unpriced("it picks rows and lays them down in another order")
    shape = shape_of_type(op.results[0].type)
    return picked(reader.network, reader.value(table), reader.value(inputs[0]), axis, shape, bits)


def _argument(value: SSAValue, block: Block) -> int | None:
    """The number of the block's argument that a place follows from; None for the number of an iteration."""
    while isinstance(value.owner, Operation) and name_of(value.owner) in CASTS:
        value = value.owner.operands[0]
    if isinstance(value.owner, Operation):
        if name_of(value.owner) == "linalg.index":
            return None
        raise Unpriced(f"it reads a tensor at a place that {name_of(value.owner)} makes")
    return block.args.index(value) if value.owner is block else -1


def picked(
    network: ForeignNetwork, table: Value, ids: Value, axis: int, shape: tuple[int, ...], bits: int | None
) -> Value:
    """Rows of `table` along `axis` by the numbers `ids`."""
    if isinstance(table, Filled):
        return Filled(shape, table.number)
    refuse_known(table, ids)
    rows, numbers = network.tensor(table), network.tensor(ids)
    try:
        op = GatherOp(network.unused(), rows, numbers, axis=axis)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    if shape_of(op.result) != shape:
        op.drop_all_references()
        raise Unpriced(f"picks rows of shape {list(shape_of(op.result))} and has shape {list(shape)}")
    return plain(network.add(op, bits), shape)
