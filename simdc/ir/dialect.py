"""The dialect `simdc`: every op and attribute in one table."""

from __future__ import annotations

from xdsl.ir import Dialect

from .activation import ACTIVATIONS, ExpOp, LogOp, NegateOp, PReluGradOp, PReluOp, PReluSlopeGradOp
from .attributes import CostAttr, HardwareAttr, OriginAttr, TilingAttr, UnitAttr
from .batch_norm_grad import BatchNormGradOp, BatchNormStatisticsOp
from .broadcast import DivideOp, MaximumOp, MinimumOp, MultiplyOp, PowerOp, SubtractOp
from .broadcast_grad import BroadcastGradOp
from .comparison import EqualOp, LessOp, LessOrEqualOp
from .concat import ConcatOp, SliceOp
from .conv import Conv2DOp, LinearOp
from .conv_grad import Conv2DInputGradOp, Conv2DWeightGradOp
from .conv_transpose import ConvTranspose2DOp
from .elementwise import AddOp, ReluOp
from .elementwise_grad import ReluGradOp
from .expand import ExpandOp
from .free import DropoutOp, FlattenOp, ReshapeOp
from .instance_norm import InstanceNormGradOp, InstanceNormOp
from .linear_grad import LinearInputGradOp, LinearWeightGradOp
from .loss import LossGradOp
from .loss_functions import BinaryCrossEntropyOp, MeanSquaredErrorOp, SoftmaxCrossEntropyOp
from .lrn_grad import LocalResponseNormGradOp
from .matmul import MatMulOp
from .network import NetworkOp, ParameterOp, ReturnOp
from .norm import BatchNormOp, LocalResponseNormOp
from .pad import PadOp
from .pool import AveragePoolOp, GlobalAveragePoolOp, GlobalMaxPoolOp, MaxPoolOp
from .pool_grad import AveragePoolGradOp, GlobalAveragePoolGradOp, MaxPoolGradOp, WindowDivideOp
from .reduce import ReduceGradOp, ReduceMeanOp, ReduceSumOp
from .reduce_extreme import ArgMaxOp, ArgMinOp, ReduceExtremeGradOp, ReduceMaxOp, ReduceMinOp, ReduceProductOp
from .resize import ResizeGradOp, ResizeOp
from .scalar import ScalarOp
from .scalar_grad import ScalarGradOp
from .select import SelectOp
from .softmax import SoftmaxGradOp, SoftmaxOp
from .transpose import TransposeOp
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
