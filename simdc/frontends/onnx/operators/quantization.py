"""Quantization as a file states it around a tensor: no layers, but the width in which the tensor is stored.

What is computed stays in fractions: the rounding between the two nodes is not played.
"""

from __future__ import annotations

from xdsl.ir import BlockArgument

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value
from simdc.frontends.onnx.constant_nodes import BITS
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator

UINT8 = 2


@operator("QuantizeLinear")
def quantize(build: Build) -> Value:
    """The tensor, in the bits of the type that it is rounded to: that of the zero point, else the one that is named.
    One that somebody else reads unrounded keeps the machine's width."""
    zero = build.element(2)
    element = build.node.integer("output_dtype", 0) or UINT8 if zero is None else zero
    return _viewed(build, element if build.reads_alone(0) else None)


@operator("DequantizeLinear")
def dequantize(build: Build) -> Value:
    """An input of the network that is quantized already has the bits of its type."""
    x = build.value(0)
    is_input = isinstance(x, BlockArgument) and x.name_hint == build.node.inputs[0]
    return _viewed(build, build.element(0) if is_input else None)


def _viewed(build: Build, element: int | None) -> Value:
    if build.constant(1) is None:
        raise Unsupported("its scale depends on data")
    x = build.tensor(0)
    if element in BITS:
        build.give_width(x, BITS[element])
    build.remember(x, [build.node.name])
    return x
