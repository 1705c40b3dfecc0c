"""The dialect `simdc`: every op and attribute in one table."""

from __future__ import annotations

from xdsl.ir import Dialect

from .attributes import CostAttr, HardwareAttr, OriginAttr, TilingAttr, UnitAttr
from .network import NetworkOp, ParameterOp, ReturnOp
from .ops.activation import ACTIVATIONS, ExpOp, LogOp, NegateOp, PReluGradOp, PReluOp, PReluSlopeGradOp
from .ops.batch_norm_grad import BatchNormGradOp, BatchNormStatisticsOp
from .ops.broadcast import DivideOp, MaximumOp, MinimumOp, MultiplyOp, PowerOp, SubtractOp
from .ops.broadcast_grad import BroadcastGradOp
from .ops.comparison import EqualOp, LessOp, LessOrEqualOp
from .ops.concat import ConcatOp, SliceOp
from .ops.conv import Conv2DOp, LinearOp
from .ops.conv_grad import Conv2DInputGradOp, Conv2DWeightGradOp
from .ops.conv_transpose import ConvTranspose2DOp
from .ops.elementwise import AddOp, ReluOp
from .ops.elementwise_grad import ReluGradOp
from .ops.expand import ExpandOp
from .ops.free import DropoutOp, FlattenOp, ReshapeOp
from .ops.instance_norm import InstanceNormGradOp, InstanceNormOp
from .ops.linear_grad import LinearInputGradOp, LinearWeightGradOp
from .ops.loss import LossGradOp
from .ops.loss_functions import BinaryCrossEntropyOp, MeanSquaredErrorOp, SoftmaxCrossEntropyOp
from .ops.lrn_grad import LocalResponseNormGradOp
from .ops.matmul import MatMulOp
from .ops.norm import BatchNormOp, LocalResponseNormOp
from .ops.pad import PadOp
from .ops.pool import AveragePoolOp, GlobalAveragePoolOp, GlobalMaxPoolOp, MaxPoolOp
from .ops.pool_grad import AveragePoolGradOp, GlobalAveragePoolGradOp, MaxPoolGradOp, WindowDivideOp
from .ops.reduce import ReduceGradOp, ReduceMeanOp, ReduceSumOp
from .ops.reduce_extreme import ArgMaxOp, ArgMinOp, ReduceExtremeGradOp, ReduceMaxOp, ReduceMinOp, ReduceProductOp
from .ops.resize import ResizeGradOp, ResizeOp
from .ops.scalar import ScalarOp
from .ops.scalar_grad import ScalarGradOp
from .ops.select import SelectOp
from .ops.softmax import SoftmaxGradOp, SoftmaxOp
from .ops.transpose import TransposeOp
from .ops.update import AdamOp, MomentumOp, RunningAverageOp, SgdOp
from .unmodelled import UnmodelledOp

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
        PadOp,
        TransposeOp,
        ResizeOp,
        ResizeGradOp,
        GlobalMaxPoolOp,
        WindowDivideOp,
        ReduceMeanOp,
        ReduceGradOp,
        InstanceNormOp,
        InstanceNormGradOp,
        SoftmaxGradOp,
        ConvTranspose2DOp,
        MatMulOp,
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
        MeanSquaredErrorOp,
        BinaryCrossEntropyOp,
        LossGradOp,
        SgdOp,
        MomentumOp,
        AdamOp,
        RunningAverageOp,
        *ACTIVATIONS,
        *ACTIVATIONS.values(),
        ExpOp,
        LogOp,
        NegateOp,
        PReluOp,
        PReluGradOp,
        PReluSlopeGradOp,
        SubtractOp,
        DivideOp,
        PowerOp,
        MaximumOp,
        MinimumOp,
        BroadcastGradOp,
        ScalarOp,
        ScalarGradOp,
        EqualOp,
        LessOp,
        LessOrEqualOp,
        SelectOp,
        ExpandOp,
        ReduceMaxOp,
        ReduceMinOp,
        ReduceProductOp,
        ReduceExtremeGradOp,
        ArgMaxOp,
        ArgMinOp,
    ],
    [UnitAttr, HardwareAttr, TilingAttr, CostAttr, OriginAttr],
)
