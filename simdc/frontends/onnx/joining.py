"""Layers of an import that are one: what exporters write as several nodes, found among the layers that these became."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation, SSAValue

from simdc.ir.base import LayerOp
from simdc.ir.stored_width import take_width


def read_once(value: SSAValue) -> bool:
    return len(list(value.uses)) == 1


def put_in_place(op: LayerOp, joined: LayerOp, inner: Sequence[LayerOp]) -> None:
    """`joined` gives what `op` gave. `inner` are layers before `op` that nobody else reads, the last first; the new one
    remembers them."""
    names = [StringAttr(layer.layer.data) for layer in reversed(inner)]
    kept = [name for layer in (*reversed(inner), op) for name in layer.merged or ()]
    joined.merged = ArrayAttr([*names, *kept])
    joined.location, joined.results[0].name_hint = op.location, op.results[0].name_hint
    take_width(joined, op)
    block = op.parent
    assert block is not None
    block.insert_op_before(joined, op)
    op.results[0].replace_all_uses_with(joined.results[0])
    gone: list[Operation] = [op, *inner]
    for each in gone:
        block.erase_op(each)
