"""Which layers wait for each other: whether what one gives leads to the one that runs just behind."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from .base import LayerOp


def layer_beside(layer: LayerOp) -> LayerOp | None:
    """The layer that runs just before, where this one reads nothing of what that one gives; None where it does, and for
    the first."""
    before = layer.prev_op
    while before is not None and not _is_run(before):
        before = before.prev_op
    if not isinstance(before, LayerOp):
        return None
    read = [_origin(value) for op in layer.walk() for value in op.operands]
    return None if any(value in read for value in before.results) else before


def _is_run(op: Operation) -> bool:
    return isinstance(op, LayerOp) and op.runs_on is not None


def _origin(value: SSAValue) -> SSAValue:
    """What has been made for a value: a view is made of another."""
    # conv, flatten, fc: the product waits for the convolution.
    owner = value.owner
    while isinstance(owner, LayerOp) and not _is_run(owner) and owner.operands:
        value = owner.operands[0]
        owner = value.owner
    return value
