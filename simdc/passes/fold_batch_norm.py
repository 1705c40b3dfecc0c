"""Fold batch normalization into the layer before it (inference)."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.passes import ModulePass

from simdc.ir.base import tensor_type
from simdc.ir.conv import Conv2DOp, LinearOp
from simdc.ir.network import ParameterOp, network_of
from simdc.ir.norm import BatchNormOp


def foldable_producer(norm: BatchNormOp) -> Conv2DOp | LinearOp | None:
    """The layer that can take over the normalization: one with weights whose result nobody else reads."""
    value = norm.input
    if not isinstance(value, OpResult) or not isinstance(value.op, (Conv2DOp, LinearOp)) or len(list(value.uses)) != 1:
        return None
    return value.op


def fold(norm: BatchNormOp, producer: Conv2DOp | LinearOp) -> None:
    """Scaling goes into the weights, the rest into the bias, which is made where there was none."""
    producer.drop_price()
    bias = producer.bias
    if bias is None:
        parameter = ParameterOp.make(f"{producer.layer.data}.bias", tensor_type(norm.shift))
        parameter.location = producer.location
        block = producer.parent_block()
        assert block is not None
        block.insert_op_before(parameter, producer)
        parameter.result.name_hint = f"{producer.result.name_hint}.bias" if producer.result.name_hint else None
        producer.operands = [producer.input, producer.weight, parameter.result]
    folded = producer.folded.data if producer.folded is not None else ()
    producer.folded = ArrayAttr([*folded, StringAttr(norm.layer.data)])
    norm.result.replace_all_uses_with(producer.result)
    own = [norm.mean, norm.inv_std, norm.scale, norm.shift]
    _erase(norm)
    for value in own:
        _erase_if_unused(value)


def _erase(op: Operation) -> None:
    op.detach()
    op.erase()


def _erase_if_unused(value: SSAValue) -> None:
    if isinstance(value, OpResult) and isinstance(value.op, ParameterOp) and value.first_use is None:
        _erase(value.op)


@dataclass(frozen=True)
class FoldBatchNormPass(ModulePass):
    """Folds each batch normalization into the convolution or fully connected layer before it. Does nothing in training,
    where the statistics are those of the batch."""

    name = "simdc-fold-batch-norm"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network = network_of(op)
        if network.phase.data == "training":
            return
        for layer in list(network.layers()):
            if isinstance(layer, BatchNormOp) and (producer := foldable_producer(layer)) is not None:
                fold(layer, producer)
