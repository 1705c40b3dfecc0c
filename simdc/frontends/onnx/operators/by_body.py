"""Operators that are costed as their body in `own_bodies.py`: here is which of their inputs are weights."""

from __future__ import annotations

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.table import operator

MICROSOFT = "com.microsoft"


@operator("QLinearConv", weights=(3, 8))
@operator("QLinearMatMul", sides=(3,))
@operator("ConvInteger", weights=(1,))
@operator("MatMulInteger", sides=(1,))
@operator("QGemm", domain=MICROSOFT, weights=(3, 6))
@operator("QLinearAdd", "QLinearMul", domain=MICROSOFT, sides=(3,))
@operator("QLinearSigmoid", "QLinearLeakyRelu", domain=MICROSOFT)
@operator("FusedConv", domain=MICROSOFT, weights=(1, 2))
@operator("FusedMatMul", domain=MICROSOFT, sides=(1,))
@operator("Gelu", "QuickGelu", domain=MICROSOFT)
@operator("BiasGelu", "FastGelu", domain=MICROSOFT, weights=(1,))
def by_body(build: Build) -> None:
    return
