"""Repeating what a tensor has once: each element is read once and written as often as it is repeated."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type
from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layers import layer
from simdc.ir.movement import channels_first, copy_nest, dimension_names, lanes_loop
from simdc.ir.options import Sizes

from .reduce import ReduceSumOp


@irdl_op_definition
class ExpandOp(LayerOp):
    """The input repeated along dimensions of size one; the result has as many dimensions, six at most."""

    name = "simdc.expand"

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, *, shape: Sequence[int]):
        super().__init__(layer, input, result=make_tensor_type(tensor_type(input).element_type, tuple(shape)))

    @property
    def repeated(self) -> tuple[int, ...]:
        """The dimensions that become longer."""
        pairs = zip(shape_of(self.input), shape_of(self.result), strict=True)
        return tuple(axis for axis, (own, wanted) in enumerate(pairs) if own != wanted)

    def result_shape(self) -> tuple[int, ...]:
        own, shape = shape_of(self.input), shape_of(self.result)
        dimension_names(shape)
        if len(own) != len(shape) or any(a not in (1, b) or b < 1 for a, b in zip(own, shape, strict=True)):
            raise VerifyException(f"cannot repeat {list(own)} to {list(shape)}: only sizes of 1 grow")
        return shape

    def kernel(self) -> VectorProgram:
        names, repeated = dimension_names(shape_of(self.result)), self.repeated
        index = [affine() if axis in repeated else affine(name) for axis, name in enumerate(names)]
        bounds = dict(zip(names, shape_of(self.result), strict=True))
        kept = [name for axis, name in enumerate(names) if axis not in repeated]
        # What is repeated is innermost, so that an element stays while it is written again and again.
        order = [*channels_first(kept), *(names[axis] for axis in repeated)]
        lanes = lanes_loop(names, repeated)
        source, target = operand("x", self.input, index), operand("y", self.result, names)
        nest = copy_nest([(name, bounds[name]) for name in order], target, source, lanes)
        return VectorProgram("expand", (nest,), lanes)


@rule_for(ExpandOp)
def expand_gradient(op: ExpandOp, back: Backward) -> None:
    upstream = back.upstream(op.result)
    if not op.repeated:
        back.give(op.input, upstream)
        return
    total = ReduceSumOp(f"{op.layer.data}.grad_input", upstream, axes=op.repeated, keepdims=True)
    give_input(back, op.input, total)


@layer
def expand(net: ModuleBuilder, name: str, x: SSAValue, *, shape: Sizes) -> SSAValue:
    """Repeats dimensions of size 1."""
    return net.append(ExpandOp(name, x, shape=(shape_of(x)[0], *shape)), name)
