"""The dialect `simdc`: every op and attribute in one table."""

from __future__ import annotations

from xdsl.ir import Dialect

from .attributes import CostAttr, HardwareAttr, TilingAttr, UnitAttr
from .batch_norm_grad import BatchNormGradOp, BatchNormStatisticsOp
from .concat import ConcatOp, SliceOp
from .conv import Conv2DOp, LinearOp
from .conv_grad import Conv2DInputGradOp, Conv2DWeightGradOp
from .elementwise import AddOp, ReluOp
from .elementwise_grad import MultiplyOp, ReduceSumOp, ReluGradOp
from .free import DropoutOp, FlattenOp, ReshapeOp
from .linear_grad import LinearInputGradOp, LinearWeightGradOp
from .loss import SoftmaxCrossEntropyGradOp, SoftmaxCrossEntropyOp
from .lrn_grad import LocalResponseNormGradOp
from .network import NetworkOp, ParameterOp, ReturnOp
from .norm import BatchNormOp, LocalResponseNormOp
from .pool import AveragePoolOp, GlobalAveragePoolOp, MaxPoolOp
from .pool_grad import AveragePoolGradOp, GlobalAveragePoolGradOp, MaxPoolGradOp
from .softmax import SoftmaxOp
from .unmodelled import UnmodelledOp
from .update import AdamOp, MomentumOp, RunningAverageOp, SgdOp

Simdc = Dialect(
    "simdc",
    [
        NetworkOp,
        ParameterOp,
        ReturnOp,
        Conv2DOp,
        LinearOp,
        ReluOp,
        AddOp,
        MaxPoolOp,
        AveragePoolOp,
        GlobalAveragePoolOp,
        BatchNormOp,
        LocalResponseNormOp,
        SoftmaxOp,
        FlattenOp,
        DropoutOp,
        UnmodelledOp,
        ReshapeOp,
        ConcatOp,
        SliceOp,
        Conv2DInputGradOp,
        Conv2DWeightGradOp,
        LinearInputGradOp,
        LinearWeightGradOp,
        ReluGradOp,
        MultiplyOp,
        ReduceSumOp,
        MaxPoolGradOp,
        AveragePoolGradOp,
        GlobalAveragePoolGradOp,
        BatchNormStatisticsOp,
        BatchNormGradOp,
        LocalResponseNormGradOp,
        SoftmaxCrossEntropyOp,
        SoftmaxCrossEntropyGradOp,
        SgdOp,
        MomentumOp,
        AdamOp,
        RunningAverageOp,
    ],
    [UnitAttr, HardwareAttr, TilingAttr, CostAttr],
)
