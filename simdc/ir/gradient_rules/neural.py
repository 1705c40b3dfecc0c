"""Rules for layers with weights, activations, joins, pools and normalization."""

from __future__ import annotations

from simdc.ir.base import shape_of
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.ops.free import FlattenOp, ReshapeOp


@rule_for(FlattenOp)
def flatten(op: FlattenOp, back: Backward) -> None:
    give_input(back, op.input, ReshapeOp(f"{op.layer.data}.grad_input", back.upstream(op.result), shape_of(op.input)))
