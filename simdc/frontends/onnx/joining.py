"""Layers of an import that are one: what exporters write as several nodes, found among the layers that these became."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation, SSAValue

from simdc.ir.base import LayerOp
from simdc.ir.ops.free import FlattenOp, ReshapeOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.ir.stored_width import take_width


class LayerChain:
    """Layers before a value, last first, each of which nobody but the next one reads."""

    def __init__(self, value: SSAValue):
        self.value = value
        self.layers: list[LayerOp] = []

    def take(self, *kinds: type[LayerOp]) -> LayerOp | None:
        """Step back over the layer that makes the value, if it is one of `kinds`."""
        op = self.value.owner
        readers = {use.operation for use in self.value.uses}
        if not isinstance(op, kinds) or len(readers) != 1:
            return None
        self.layers.append(op)
        self.value = op.operands[0]
        return op

    def scalar(self, function: str) -> float | None:
        """Step back over a function of the value and a number; the number."""
        op = self.take(ScalarOp)
        return op.value.value.data if isinstance(op, ScalarOp) and op.function.data == function else None

    def views(self) -> None:
        while self.take(FlattenOp, ReshapeOp):
            pass


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
