"""Fully connected layers and their gradients: matrix products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Annotated, ClassVar

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of, width_bits
from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import Backward, give_input, give_weight, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.options import Flag, Freeze, Named, Positive

from .free import FlattenOp

Side = tuple[SSAValue, Sequence[str]]
"""A tensor and the loops along its dimensions as a matrix: all but the last are rows."""


def matrix_kernel(
    op: LayerOp, kind: str, ifmap: Side, weight: Side, result: Sequence[str], bias: SSAValue | None = None
) -> Contraction:
    """A product of two matrices. Loops have the names of a fully connected layer: `ic` is summed over, `oc` runs along
    the columns of the array, `n` does not move what stays in the array."""
    bounds = {name: size for value, names in (ifmap, weight) for name, size in zip(names, matrix(value), strict=True)}

    def side(name: str, value: SSAValue, names: Sequence[str], bits: int | None = None) -> Operand:
        return Operand(name, width_bits(value) if bits is None else bits, matrix(value), tuple(map(affine, names)))

    return Contraction(
        kind,
        tuple(Loop(name, bounds[name]) for name in ("oc", "ic", "n")),
        side("ifmap", *ifmap),
        side("weight", *weight),
        side("psum", op.results[0], result, op.accumulator_bits),
        width_bits(op.results[0]),
        None if bias is None else operand("bias", bias, ("oc",)),
    )


class ProductOp(LayerOp):
    """A product of matrices on the systolic array, one of which may be a stack whose matrices stand below each
    other."""

    UNIT: ClassVar = Unit.SYSTOLIC
    ROLES: ClassVar = ("ifmap", "weight")

    def channel_axis(self, axis_of: Callable[[SSAValue], int | None]) -> int:
        return len(shape_of(self.results[0])) - 1


@irdl_op_definition
class LinearOp(ProductOp):
    """`result[..., oc] = bias[oc] + sum(input[..., ic] * weight[oc, ic])`: input [..., ic], weight [oc, ic], bias [oc].
    The other dimensions of the input, a batch or tokens, are rows of one matrix."""

    name = "simdc.linear"
    ROLES: ClassVar = ("ifmap", "weight", "bias")

    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        (_, features), (out_features, in_features) = matrix(self.input), _plain(self.weight)
        if features != in_features:
            raise VerifyException(f"input has {features} features, the weight expects {in_features}")
        if self.bias is not None and shape_of(self.bias) != (out_features,):
            raise VerifyException(f"bias has shape {list(shape_of(self.bias))}, expected [{out_features}]")
        return (*shape_of(self.input)[:-1], out_features)

    def kernel(self) -> Contraction:
        ifmap, weight = (self.input, ("n", "ic")), (self.weight, ("oc", "ic"))
        return matrix_kernel(self, "linear", ifmap, weight, ("n", "oc"), self.bias)

    def of_image(self, shape: Sequence[int]) -> Contraction:
        """The same on an image [n, c, h, w] that was flattened: a convolution by windows as large as the image. It
        tells how the image lies in memory."""
        # 50 channels of 4 x 4 are 800 features: in granules of 8 channels 7 * 16 = 112 of them, of features 100.
        _, channels, height, width = shape
        bounds = {"oc": shape_of(self.result)[1], "ic": channels, "kh": height, "kw": width, "n": shape[0]}
        ifmap, weight = operand("ifmap", self.input, ("n", "ic")), operand("weight", self.weight, ("oc", "ic"))
        features = (affine("ic"), affine("kh"), affine("kw"))
        return self.kernel()._replace(
            loops=tuple(Loop(name, bound) for name, bound in bounds.items()),
            ifmap=ifmap._replace(shape=tuple(shape), index=(affine("n"), *features)),
            weight=weight._replace(shape=(bounds["oc"], channels, height, width), index=(affine("oc"), *features)),
        )


@irdl_op_definition
class LinearInputGradOp(ProductOp):
    """`result[..., ic] = sum over oc of gradient[..., oc] * weight[oc, ic]`."""

    name = "simdc.linear_input_grad"

    gradient = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        (_, out_features), (rows, in_features) = matrix(self.gradient), _plain(self.weight)
        if out_features != rows:
            raise VerifyException(f"the gradient has {out_features} features, the weight {rows}")
        return (*shape_of(self.gradient)[:-1], in_features)

    def kernel(self) -> Contraction:
        """The loops `ic` and `oc` are those of the product: features of the gradient and of the result."""
        return matrix_kernel(self, "linear", (self.gradient, ("n", "ic")), (self.weight, ("ic", "oc")), ("n", "oc"))


@irdl_op_definition
class LinearWeightGradOp(ProductOp):
    """`result[oc, ic] = sum over all n of gradient[n, oc] * input[n, ic]`, both read as matrices."""

    name = "simdc.linear_weight_grad"

    input = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    result = result_def(TENSOR)

    def alike(self) -> Sequence[SSAValue]:
        return (self.gradient,)

    def result_shape(self) -> tuple[int, ...]:
        (n, in_features), (samples, out_features) = matrix(self.input), matrix(self.gradient)
        if n != samples:
            raise VerifyException(f"the input has {n} samples, the gradient {samples}")
        return (out_features, in_features)

    def kernel(self) -> Contraction:
        """The batch is summed over, so it takes the place of input channels; input features that of the batch."""
        return matrix_kernel(self, "linear", (self.input, ("ic", "n")), (self.gradient, ("ic", "oc")), ("oc", "n"))


def matrix(value: SSAValue) -> tuple[int, int]:
    """Rows and columns of a tensor read as a matrix: [2, 128, 768] has 256 rows. Raises VerifyException."""
    shape = shape_of(value)
    if len(shape) < 2:
        raise VerifyException(f"expected two dimensions or more, got shape {list(shape)}")
    return prod(shape[:-1]), shape[-1]


def _plain(value: SSAValue) -> tuple[int, int]:
    shape = shape_of(value)
    if len(shape) != 2:
        raise VerifyException(f"expected two dimensions, got shape {list(shape)}")
    return shape[0], shape[1]


@rule_for(LinearOp)
def linear_gradient(op: LinearOp, back: Backward) -> None:
    from .reduce import give_bias

    name, upstream = op.layer.data, back.upstream(op.result)
    if back.needs(op.input):
        give_input(back, op.input, LinearInputGradOp(f"{name}.grad_input", upstream, op.weight))
    if back.needs(op.weight):
        give_weight(back, op.weight, LinearWeightGradOp(f"{name}.grad_weight", op.input, upstream))
    give_bias(back, op.bias, f"{name}.grad_bias", upstream, axis=len(shape_of(upstream)) - 1)


def _weight(net: ModuleBuilder, name: str, shape: tuple[int, int], owner: str | None, *, frozen: bool) -> SSAValue:
    """A weight of its own, or that of the layer `owner`. The head of a language model that is its table of words,
    [vocabulary, features], is one parameter and counts once."""
    if owner is None:
        return net.parameter(name, "weight", shape, frozen=frozen)
    if frozen:
        raise LayerError(f"the weight is that of '{owner}'; freeze it there", "freeze")
    found = net.shared_parameter(owner, "weight")
    if shape_of(found) != shape:
        raise LayerError(f"needs a weight {list(shape)}, that of '{owner}' is {list(shape_of(found))}", "weight")
    return found


@layer
def fc(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    features: Annotated[Positive, "of the result"],
    bias: Flag = True,
    freeze: Freeze = False,
    weight: Annotated[Named | None, "whose weight this one uses, too: the table of `embed`, another `fc`"] = None,
) -> SSAValue:
    """A fully connected layer of `[n, features]` or `[n, tokens, features]`; 1x1 pixels are flattened for it."""
    shape = shape_of(x)
    if len(shape) == 4 and shape[2:] == (1, 1):
        x = net.append(FlattenOp(f"{name}.flatten", x), f"{name}.flatten")
    elif len(shape) not in (2, 3):
        raise LayerError(
            f"needs [n, features] or [n, tokens, features], its input has shape {list(shape)}; put flatten before it"
        )
    matrix = _weight(net, name, (features, shape_of(x)[-1]), weight, frozen=freeze)
    offset = net.parameter(name, "bias", (features,), frozen=freeze) if bias else None
    return net.append(LinearOp(name, x, matrix, offset), name)
