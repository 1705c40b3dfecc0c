"""Gradients of convolution and fully connected layers: contractions again (SimDIT Table V).

Where the forward layer strides, the output gradient is read as if zeros stood between its elements. These zeros are
data: stored, moved and multiplied.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar, Self

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, shape_of, tensor_type, width_bits
from simdc.ir.window import ONES, ZEROS, window_output

from .conv import Conv2DOp
from .conv_transpose import ConvTranspose2DOp, spread_contraction


class ConvGradOp(LayerOp):
    """What both gradients of a convolution know of it: its window and, in `size`, the sizes that strides hide."""

    UNIT: ClassVar = Unit.CONV
    size = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    groups = prop_def(IntegerAttr.constr(i64), default_value=IntegerAttr(1, i64))

    def _build(
        self, layer: str, conv: Conv2DOp | ConvTranspose2DOp, operands: Sequence[SSAValue], result: SSAValue
    ) -> None:
        height, width = shape_of(result)[2:]
        IRDLOperation.__init__(
            self,
            operands=operands,
            result_types=[make_tensor_type(tensor_type(result).element_type, shape_of(result))],
            properties={
                "layer": StringAttr(layer),
                "size": DenseArrayBase.from_list(i64, (height, width)),
                "stride": conv.stride,
                "padding": conv.padding,
                "dilation": conv.dilation,
                "groups": conv.groups,
            },
        )

    def check_window(self, image: Sequence[int], kernel: Sequence[int], gradient: Sequence[int]) -> None:
        """Raise VerifyException unless a window of `kernel` over `image` gives the sizes of the output gradient."""
        fields = (self.stride.get_values(), self.padding.get_values(), self.dilation.get_values())
        found = window_output(image, kernel, *fields)
        if found != tuple(gradient):
            raise VerifyException(f"the output gradient has {list(gradient)} positions, the window {list(found)}")

    def contraction(
        self,
        bounds: dict[str, int],
        operands: tuple[Operand, Operand, Operand],
        macs: int,
    ) -> Contraction:
        """`operands` are ifmap, weight and psum with the group in a dimension of its own where there are groups. `macs`
        are those of the forward layer: more than the loops run through where windows lie in the border altogether."""
        groups = self.groups.value.data
        outermost = {"g": groups} if groups > 1 else {}
        loops = tuple(Loop(name, bound) for name, bound in (outermost | bounds).items())
        ifmap, weight, psum = operands
        macs = min(macs, prod([loop.bound for loop in loops]))
        return Contraction("conv2d", loops, ifmap, weight, psum, width_bits(self.results[0]), macs=macs)


@irdl_op_definition
class Conv2DInputGradOp(ConvGradOp):
    """Gradient of a convolution with respect to its input: a convolution with stride 1 of the zero-dilated output
    gradient [n, oc, oh, ow] with the kernel [oc, ic/groups, kh, kw] turned by half. Result [n, ic, h, w]."""

    name = "simdc.conv2d_input_grad"
    ROLES: ClassVar = ("ifmap", "weight")

    gradient = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, conv: Conv2DOp, gradient: SSAValue):
        self._build(layer, conv, [gradient, conv.weight], conv.input)

    def result_shape(self) -> tuple[int, ...]:
        (n, _, *positions), (_, in_channels, *kernel) = shape_of(self.gradient), shape_of(self.weight)
        size = self.size.get_values()
        self.check_window(size, kernel, positions)
        return (n, in_channels * self.groups.value.data, *size)

    def kernel(self) -> Contraction:
        return spread_contraction(
            "conv2d", self.gradient, self.weight, None, self.result,
            stride=self.stride.get_values(), padding=self.padding.get_values(), dilation=self.dilation.get_values(),
            groups=self.groups.value.data, psum_bits=self.accumulator_bits,
        )  # fmt: skip


@irdl_op_definition
class Conv2DWeightGradOp(ConvGradOp):
    """Gradient of a convolution with respect to its weight: the input [n, ic, h, w] convolved with the zero-dilated
    output gradient [n, oc, oh, ow], batch in the place of input channels. Result [oc, ic/groups, kh, kw]."""

    name = "simdc.conv2d_weight_grad"
    ROLES: ClassVar = ("ifmap", "weight")

    input = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, conv: Conv2DOp, gradient: SSAValue):
        self._build(layer, conv, [conv.input, gradient], conv.weight)

    @classmethod
    def of_transpose(cls, layer: str, conv: ConvTranspose2DOp, gradient: SSAValue) -> Self:
        """Of a transposed convolution: its result's gradient stands in the place of the input, its input in that of the
        gradient."""
        op = cls.__new__(cls)
        op._build(layer, conv, [gradient, conv.input], conv.weight)
        return op

    def result_shape(self) -> tuple[int, ...]:
        (_, channels, *image), (_, out_channels, *positions) = shape_of(self.input), shape_of(self.gradient)
        size = self.size.get_values()
        self.check_window(image, size, positions)
        return (out_channels, channels // self.groups.value.data, *size)

    def kernel(self) -> Contraction:
        n, channels, height, width = shape_of(self.input)
        _, out_channels, oh, ow = shape_of(self.gradient)
        groups = self.groups.value.data
        (kh, kw), (sh, sw) = self.size.get_values(), self.stride.get_values()
        (top, left, *_), (dh, dw) = self.padding.get_values(), self.dilation.get_values()
        g = (affine("g"),) if groups > 1 else ()
        split = (groups,) if groups > 1 else ()
        dilated = ((oh - 1) * sh + 1, (ow - 1) * sw + 1)
        ifmap = Operand(
            "ifmap",
            width_bits(self.input),
            (n, *split, channels // groups, height, width),
            (
                affine("ic"),
                *g,
                affine("n"),
                affine(("oh", dh), "kh", constant=-top),
                affine(("ow", dw), "kw", constant=-left),
            ),
        )
        weight = Operand(
            "weight",
            width_bits(self.gradient),
            (n, *split, out_channels // groups, *dilated),
            (affine("ic"), *g, affine("oc"), affine("kh"), affine("kw")),
        )
        psum = Operand(
            "psum",
            self.accumulator_bits,
            (*split, out_channels // groups, channels // groups, kh, kw),
            (*g, affine("oc"), affine("n"), affine("oh"), affine("ow")),
        )
        bounds = {"oc": out_channels // groups, "ic": n, "kh": dilated[0], "kw": dilated[1]}
        bounds |= {"n": channels // groups, "oh": kh, "ow": kw}
        macs = n * out_channels * oh * ow * prod(shape_of(self.result)[1:])
        return self.contraction(bounds, (ifmap, weight, psum), macs)
