"""Rules for layers with weights, activations, joins, pools and normalization."""

from __future__ import annotations

from itertools import product
from math import prod

from simdc.ir.base import shape_of
from simdc.ir.gradient import INPUT, Backward, give_input, rule_for
from simdc.ir.ops.batch_norm_grad import BatchNormGradOp
from simdc.ir.ops.free import FlattenOp, ReshapeOp
from simdc.ir.ops.lrn_grad import LocalResponseNormGradOp
from simdc.ir.ops.norm import BatchNormOp, LocalResponseNormOp
from simdc.ir.ops.pool import AveragePoolOp, GlobalAveragePoolOp, GlobalMaxPoolOp, MaxPoolOp
from simdc.ir.ops.pool_grad import AveragePoolGradOp, GlobalAveragePoolGradOp, MaxPoolGradOp, WindowDivideOp
from simdc.ir.window import window_counts


@rule_for(MaxPoolOp)
def max_pool(op: MaxPoolOp, back: Backward) -> None:
    give_input(back, op.input, MaxPoolGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


@rule_for(GlobalMaxPoolOp)
def global_max_pool(op: GlobalMaxPoolOp, back: Backward) -> None:
    give_input(back, op.input, MaxPoolGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


@rule_for(AveragePoolOp)
def average_pool(op: AveragePoolOp, back: Backward) -> None:
    """A gradient of windows that differ in size is divided first: they overlap, and share their loops."""
    name, upstream, runs = op.layer.data, back.upstream(op.result), op.window_runs()
    uneven = {rows.value * columns.value for rows, columns in product(*runs)} != {prod(op.kernel_size.get_values())}
    if uneven:
        counts = map(window_counts, runs)
        upstream = back.emit(WindowDivideOp(f"{name}.grad_divided", upstream, *counts), INPUT).results[0]
    give_input(back, op.input, AveragePoolGradOp(f"{name}.grad_input", op, upstream, divided=uneven))


@rule_for(GlobalAveragePoolOp)
def global_average_pool(op: GlobalAveragePoolOp, back: Backward) -> None:
    give_input(back, op.input, GlobalAveragePoolGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


@rule_for(BatchNormOp)
def batch_norm(op: BatchNormOp, back: Backward) -> None:
    upstream = back.upstream(op.result)
    grad = BatchNormGradOp(f"{op.layer.data}.grad", op.input, upstream, op.mean, op.inv_std, op.scale)
    results = back.emit(grad, INPUT).results
    for value, gradient in zip((op.input, op.scale, op.shift), results, strict=True):
        if back.needs(value):
            back.give(value, gradient)


@rule_for(LocalResponseNormOp)
def local_response_norm(op: LocalResponseNormOp, back: Backward) -> None:
    give_input(back, op.input, LocalResponseNormGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


@rule_for(FlattenOp)
def flatten(op: FlattenOp, back: Backward) -> None:
    give_input(back, op.input, ReshapeOp(f"{op.layer.data}.grad_input", back.upstream(op.result), shape_of(op.input)))
