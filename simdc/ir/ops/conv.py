"""Convolution and its gradients, which are contractions again (SimDIT Table V)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Annotated, ClassVar, Self

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, Contraction, Operand, VectorProgram, affine
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, FormedOp, GradientOp, LayerOp, operand, shape_of, width_bits
from simdc.ir.builder import ModuleBuilder
from simdc.ir.convolution import WindowedOp, check_rank
from simdc.ir.fields import Value
from simdc.ir.form import Form
from simdc.ir.gradient import Backward, give_input, give_weight, rule_for
from simdc.ir.layers import image, layer
from simdc.ir.options import Border, Flag, Freeze, Pair, Positive
from simdc.ir.window import along, window_index, window_output

from .depthwise import Depthwise, forward_program, input_grad_program, lanes_form, weight_grad_program


class ConvolutionOp(FormedOp, WindowedOp):
    """A convolution of images or of volumes; `KIND` is what its kernel is called, `SPATIAL` the number of dimensions
    that its window moves along."""

    UNIT: ClassVar = Unit.SYSTOLIC
    ROLES: ClassVar = ("ifmap", "weight", "bias")
    KIND: ClassVar[str] = "conv2d"
    SPATIAL: ClassVar[int] = 2

    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        check_rank(self.SPATIAL, self.input, self.weight)
        n, channels, *size = shape_of(self.input)
        out_channels, in_channels, *kernel = shape_of(self.weight)
        groups = self.group_count
        if groups < 1 or out_channels % groups or channels != in_channels * groups:
            raise VerifyException(
                f"input has {channels} channels and the weight {out_channels} x {in_channels}: "
                f"they do not go together with groups = {groups}"
            )
        if self.bias is not None and shape_of(self.bias) != (out_channels,):
            raise VerifyException(f"bias has shape {list(shape_of(self.bias))}, expected [{out_channels}]")
        return (n, out_channels, *window_output(size, kernel, *self.geometry))

    def forms(self) -> Mapping[str, Form]:
        lanes = lanes_form(self.group_count, self._window, self._program)
        return {"array": Form(Unit.SYSTOLIC, self._contraction), **lanes}

    def _window(self) -> Depthwise:
        return Depthwise(self.input, self.weight, self.result, self.geometry)

    def _program(self, conv: Depthwise, sum_bits: int) -> VectorProgram:
        return forward_program(conv, sum_bits, self.bias)

    def _contraction(self, psum_bits: int) -> Contraction:
        n, out_channels, *positions = shape_of(self.result)
        _, in_channels, *kernel = shape_of(self.weight)
        taps, places = along("k", self.SPATIAL), along("o", self.SPATIAL)
        bounds = {"oc": out_channels // self.group_count, "ic": in_channels, **dict(zip(taps, kernel, strict=True))}
        bounds |= {"n": n, **dict(zip(places, positions, strict=True))}
        ifmap = operand("ifmap", self.input, ("n", "ic", *window_index(*self.geometry)))
        weight = operand("weight", self.weight, ("oc", "ic", *taps))
        psum = operand("psum", self.result, ("n", "oc", *places), psum_bits)
        bias = None if self.bias is None else self.grouped(operand("bias", self.bias, ("oc",)), 0)
        split = (self.grouped(ifmap, 1), self.grouped(weight, 0), self.grouped(psum, 1))
        return self.convolution(self.KIND, bounds, split, bias)


@irdl_op_definition
class Conv2DOp(ConvolutionOp):
    """`result[n, oc, oh, ow] = bias[oc] + sum(weight[oc, ic, kh, kw] * input[n, ic, s*oh + d*kh - p, s*ow + d*kw - p])`

    input [n, c, h, w], weight [oc, c/groups, kh, kw], bias [oc]; `padding` is top, left, bottom, right. With groups,
    output channel oc reads the c/groups input channels of its own group only. A depthwise convolution, a group for each
    input channel, runs on the array or on the lanes.
    """

    name = "simdc.conv2d"


class ConvGradOp(FormedOp, WindowedOp, GradientOp):
    """What both gradients of a convolution know of it: its window and, in `size`, the sizes that strides hide: windows
    of 3 with stride 2 give 2 rows of 5 and of 6.

    Where the forward layer strides, the output gradient is read as if zeros stood between its elements.
    """

    UNIT: ClassVar = Unit.SYSTOLIC
    ROLES: ClassVar = ("ifmap", "weight")
    KIND: ClassVar[str] = "conv2d"
    SPATIAL: ClassVar[int] = 2
    size = prop_def(DenseArrayBase.constr(i64))

    @classmethod
    def of(cls, layer: str, forward: LayerOp, gradient: SSAValue, **fields: Value) -> Self:
        image: SSAValue = getattr(forward, cls.OF)
        return super().of(layer, forward, gradient, size=shape_of(image)[2:], **fields)

    def check_window(self, image: Sequence[int], kernel: Sequence[int], gradient: Sequence[int]) -> None:
        """Raise VerifyException unless a window of `kernel` over `image` gives the sizes of the output gradient."""
        found = window_output(image, kernel, *self.geometry)
        if found != tuple(gradient):
            raise VerifyException(f"the output gradient has {list(gradient)} positions, the window {list(found)}")


class ConvolutionInputGradOp(ConvGradOp):
    """Gradient of a convolution with respect to its input: a convolution with stride 1 of the zero-dilated output
    gradient [n, oc, oh, ow] with the kernel [oc, ic/groups, kh, kw] turned by half. Result [n, ic, h, w]."""

    gradient = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        check_rank(self.SPATIAL, self.gradient, self.weight)
        (n, _, *positions), (_, in_channels, *kernel) = shape_of(self.gradient), shape_of(self.weight)
        size = self.size.get_values()
        self.check_window(size, kernel, positions)
        return (n, in_channels * self.group_count, *size)

    def forms(self) -> Mapping[str, Form]:
        lanes = lanes_form(self.group_count, self._window, input_grad_program)
        return {"array": Form(Unit.SYSTOLIC, self._contraction), **lanes}

    def _window(self) -> Depthwise:
        return Depthwise(self.result, self.weight, self.gradient, self.geometry)

    def _contraction(self, psum_bits: int) -> Contraction:
        return self.spread_convolution(self.KIND, self.gradient, self.weight, self.result, psum_bits)


class ConvolutionWeightGradOp(ConvGradOp):
    """Gradient of a convolution with respect to its weight: the input [n, ic, h, w] convolved with the zero-dilated
    output gradient [n, oc, oh, ow], batch in the place of input channels. Result [oc, ic/groups, kh, kw]."""

    OF: ClassVar = "weight"

    input = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        check_rank(self.SPATIAL, self.input, self.gradient)
        (_, channels, *image), (_, out_channels, *positions) = shape_of(self.input), shape_of(self.gradient)
        size = self.size.get_values()
        self.check_window(image, size, positions)
        return (out_channels, channels // self.group_count, *size)

    def forms(self) -> Mapping[str, Form]:
        lanes = lanes_form(self.group_count, self._window, weight_grad_program)
        return {"array": Form(Unit.SYSTOLIC, self._contraction), **lanes}

    def _window(self) -> Depthwise:
        return Depthwise(self.input, self.result, self.gradient, self.geometry)

    def _contraction(self, psum_bits: int) -> Contraction:
        """Loops have the names of what they run along in a convolution: `ic` is the batch, which is summed over, `n`
        the input channels, `kh` and `kw` the dilated gradient that slides over the input, `oh` and `ow` the weight."""
        n, channels, *_ = shape_of(self.input)
        _, out_channels, *positions = shape_of(self.gradient)
        groups, size, (stride, padding, dilation) = self.group_count, self.size.get_values(), self.geometry
        # 3 rows of gradient with stride 2 are read as 5: g 0 g 0 g.
        dilated = [(length - 1) * step + 1 for length, step in zip(positions, stride, strict=True)]
        slid, made = along("k", self.SPATIAL), along("o", self.SPATIAL)
        places = map(_slid, made, dilation, slid, padding)
        ifmap = operand("ifmap", self.input, ("ic", "n", *places))
        index = tuple(map(affine, ("ic", "oc", *slid)))
        weight = Operand("weight", width_bits(self.gradient), (n, out_channels, *dilated), index)
        psum = operand("psum", self.result, ("oc", "n", *made), psum_bits)
        bounds = {"oc": out_channels // groups, "ic": n, **dict(zip(slid, dilated, strict=True))}
        bounds |= {"n": channels // groups, **dict(zip(made, size, strict=True))}
        split = (self.grouped(ifmap, 1), self.grouped(weight, 1), self.grouped(psum, 0))
        macs = n * out_channels * prod(positions) * prod(shape_of(self.result)[1:])
        return self.convolution(self.KIND, bounds, split, macs=macs)


def _slid(made: str, apart: int, slid: str, before: int) -> Affine:
    return affine((made, apart), slid, constant=-before)


@irdl_op_definition
class Conv2DInputGradOp(ConvolutionInputGradOp):
    """The gradient of `simdc.conv2d` with respect to its input."""

    name = "simdc.conv2d_input_grad"


@irdl_op_definition
class Conv2DWeightGradOp(ConvolutionWeightGradOp):
    """The gradient of `simdc.conv2d` with respect to its weight."""

    name = "simdc.conv2d_weight_grad"


def give_gradients(op: ConvolutionOp, back: Backward, by_input: type[ConvGradOp], by_weight: type[ConvGradOp]) -> None:
    """Emit those of the gradients of a convolution that somebody asks for."""
    # What only gradients need is imported for these.
    from .reduce import give_bias

    name, upstream = op.layer.data, back.upstream(op.result)
    if back.needs(op.input):
        give_input(back, op.input, by_input.of(f"{name}.grad_input", op, upstream))
    if back.needs(op.weight):
        give_weight(back, op.weight, by_weight.of(f"{name}.grad_weight", op, upstream))
    give_bias(back, op.bias, f"{name}.grad_bias", upstream)


@rule_for(Conv2DOp)
def conv_gradient(op: Conv2DOp, back: Backward) -> None:
    give_gradients(op, back, Conv2DInputGradOp, Conv2DWeightGradOp)


@layer
def conv(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    channels: Annotated[Positive, "of the result"],
    kernel: Pair,
    stride: Pair = (1, 1),
    pad: Border = (0, 0, 0, 0),
    dilation: Pair = (1, 1),
    groups: Positive = 1,
    bias: Flag = False,
    freeze: Freeze = False,
) -> SSAValue:
    """Convolution."""
    weight_shape = (channels, max(1, image(x)[1] // groups), *kernel)
    weight = net.parameter(name, "weight", weight_shape, frozen=freeze)
    offset = net.parameter(name, "bias", (channels,), frozen=freeze) if bias else None
    op = Conv2DOp(name, x, weight, offset, stride=stride, padding=pad, dilation=dilation, groups=groups)
    return net.append(op, name)
