"""Normalizations over channels."""

from __future__ import annotations

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, StringAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Block, Instruction, Loop, Phase, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import layer
from simdc.ir.options import Freeze, Positive, Real

from .elementwise import element_index, element_loops, element_shape


@irdl_op_definition
class BatchNormOp(LayerOp):
    """`result = (input - mean) * inv_std * scale + shift`, one value of each per channel (dimension 1).

    The statistics are those gathered in training; `inv_std = 1 / sqrt(variance + epsilon)` is computed once, when the
    network is loaded, not for each image.
    """

    name = "simdc.batch_norm"

    input = operand_def(TENSOR)
    mean = operand_def(TENSOR)
    inv_std = operand_def(TENSOR)
    scale = operand_def(TENSOR)
    shift = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(
        self, layer: str, input: SSAValue, mean: SSAValue, inv_std: SSAValue, scale: SSAValue, shift: SSAValue
    ):
        IRDLOperation.__init__(
            self,
            operands=[input, mean, inv_std, scale, shift],
            result_types=[input.type],
            properties={"layer": StringAttr(layer)},
        )

    def result_shape(self) -> tuple[int, ...]:
        shape = element_shape(self.input)
        for value in (self.mean, self.inv_std, self.scale, self.shift):
            if len(shape) < 2 or shape_of(value) != (shape[1],):
                raise VerifyException(f"input has shape {list(shape)}, a parameter {list(shape_of(value))}")
        return shape

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.input)
        loops, index = element_loops(shape), element_index(shape)
        inputs = (
            operand("x", self.input, index),
            operand("mean", self.mean, ("c",)),
            operand("inv_std", self.inv_std, ("c",)),
            operand("scale", self.scale, ("c",)),
            operand("shift", self.shift, ("c",)),
        )
        code = (
            Instruction("sub", "centered", ("x", "mean")),
            Instruction("mul", "normal", ("centered", "inv_std")),
            Instruction("mul", "scaled", ("normal", "scale")),
            Instruction("add", "y", ("scaled", "shift")),
        )
        block = Block(tuple(loop.name for loop in loops), code)
        return VectorProgram("batch_norm", (Phase(loops, inputs, (operand("y", self.result, index),), (block,)),))


@irdl_op_definition
class LocalResponseNormOp(LayerOp):
    """`result[n, c, h, w] = input / (bias + alpha/size * sum over the size channels around c of input^2)^beta`.

    The power is `exp(-beta * log(...))`. The window crosses channels and lanes cannot see each other, so the image's
    width lies across the lanes.
    """

    name = "simdc.local_response_norm"

    input = operand_def(TENSOR)
    size = prop_def(IntegerAttr.constr(i64))
    alpha = prop_def(FloatAttr.constr(f64))
    beta = prop_def(FloatAttr.constr(f64))
    bias = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, size: int, alpha: float, beta: float, bias: float):
        IRDLOperation.__init__(
            self,
            operands=[input],
            result_types=[input.type],
            properties={
                "layer": StringAttr(layer),
                "size": IntegerAttr(size, i64),
                "alpha": FloatAttr(alpha, f64),
                "beta": FloatAttr(beta, f64),
                "bias": FloatAttr(bias, f64),
            },
        )

    def result_shape(self) -> tuple[int, ...]:
        if len(shape_of(self.input)) != 4:
            raise VerifyException(f"expected an image [n, c, h, w], got shape {list(shape_of(self.input))}")
        if self.size.value.data < 1:
            raise VerifyException(f"size must be positive, got {self.size.value.data}")
        return shape_of(self.input)

    def kernel(self) -> VectorProgram:
        n, channels, h, w = shape_of(self.input)
        size = self.size.value.data
        bounds = {"c": channels, "n": n, "h": h, "w": w, "k": size}
        element = ("n", "c", "h", "w")
        window = ("n", affine("c", "k", constant=-((size - 1) // 2)), "h", "w")
        square = Block(
            tuple(bounds),
            (Instruction("mul", "square", ("x", "x")), Instruction("add", "sum", ("sum", "square"))),
        )
        divide = Block(
            ("c", "n", "h", "w"),
            (
                Instruction("mul", "mean", ("sum", self.alpha.value.data / size)),
                Instruction("add", "base", ("mean", self.bias.value.data)),
                Instruction("log", "log", ("base",)),
                Instruction("mul", "power", ("log", -self.beta.value.data)),
                Instruction("exp", "factor", ("power",)),
                Instruction("mul", "y", ("x.center", "factor")),
            ),
        )
        phase = Phase(
            tuple(Loop(name, bound) for name, bound in bounds.items()),
            (operand("x", self.input, window),),
            (operand("y", self.result, element),),
            (square, divide),
            scratch=(operand("sum", self.result, element, self.accumulator_bits),),
            initial=(("sum", 0.0),),
            views=(operand("x.center", self.input, element),),
        )
        return VectorProgram("local_response_norm", (phase,), lanes="w")


@layer
def bn(net: ModuleBuilder, name: str, x: SSAValue, *, freeze: Freeze = False) -> SSAValue:
    """Batch normalization."""
    channels = shape_of(x)[1:2]
    mean = net.parameter(name, "mean", channels, statistic=True)
    inv_std = net.parameter(name, "inv_std", channels, statistic=True)
    scale = net.parameter(name, "scale", channels, frozen=freeze)
    shift = net.parameter(name, "shift", channels, frozen=freeze)
    return net.append(BatchNormOp(name, x, mean, inv_std, scale, shift), name)


@layer
def lrn(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    size: Positive = 5,
    alpha: Real = 1e-4,
    beta: Real = 0.75,
    bias: Real = 1.0,
) -> SSAValue:
    """Local response normalization across channels."""
    return net.append(LocalResponseNormOp(name, x, size, alpha, beta, bias), name)
