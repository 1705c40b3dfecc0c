"""Put layers that run as one into one op."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, StringAttr

from simdc.ir.base import LayerOp
from simdc.ir.ops.fused import FusedOp


def run_as_one(members: Sequence[LayerOp]) -> FusedOp:
    """A fused op in the place of the last of `members`, with its readers. The others have no reader but a member."""
    last = members[-1]
    block, anchor = last.parent_block(), last.next_op
    assert block is not None
    assert anchor is not None
    readers = [list(result.uses) for result in last.results]
    name = "+".join(member.layer.data for member in members if member.runs_on is not None)
    old = list(last.results)
    fused = FusedOp(name, members)
    fused.location = next(member for member in members if member.runs_on is not None).location
    block.insert_op_before(fused, anchor)
    for uses, before, after in zip(readers, old, fused.results, strict=True):
        after.name_hint = before.name_hint
        for use in uses:
            use.operation.operands[use.index] = after
    for attribute in ("folded", "merged"):
        names = [each for member in members for each in getattr(member, attribute) or ()]
        setattr(fused, attribute, ArrayAttr([StringAttr(each.data) for each in names]) if names else None)
    return fused
