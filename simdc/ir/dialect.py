"""The dialect `simdc`: every op and attribute in one table."""

from __future__ import annotations

from xdsl.ir import Dialect

from .attributes import CostAttr, HardwareAttr, TilingAttr, UnitAttr
from .conv import Conv2DOp, LinearOp
from .elementwise import AddOp, ReluOp
from .free import DropoutOp, FlattenOp
from .network import NetworkOp, ParameterOp, ReturnOp
from .norm import BatchNormOp, LocalResponseNormOp
from .pool import AveragePoolOp, GlobalAveragePoolOp, MaxPoolOp
from .softmax import SoftmaxOp
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
    ],
    [UnitAttr, HardwareAttr, TilingAttr, CostAttr],
)
