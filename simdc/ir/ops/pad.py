"""A border of one value around a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, StringAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Phase, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import image, layer
from simdc.ir.movement import channels_first, copy_phase, dimension_names, lanes_loop, shifted
from simdc.ir.options import Border, Real


@irdl_op_definition
class PadOp(LayerOp):
    """`before[d]` elements of `value` before the input along dimension d and `after[d]` behind it.

    One phase copies the input to its place. Then one for each side of the border fills a box:
    what borders on a dimension is as wide as the input along the dimensions before it, and whole along those after it.
    Dimensions that are padded do not lie across the lanes.
    """

    name = "simdc.pad"

    input = operand_def(TENSOR)
    before = prop_def(DenseArrayBase.constr(i64))
    after = prop_def(DenseArrayBase.constr(i64))
    value = prop_def(FloatAttr.constr(f64), default_value=FloatAttr(0.0, f64))
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, before: Sequence[int], after: Sequence[int], value: float = 0.0):
        result = make_tensor_type(tensor_type(input).element_type, _padded(shape_of(input), before, after))
        IRDLOperation.__init__(
            self,
            operands=[input],
            result_types=[result],
            properties={
                "layer": StringAttr(layer),
                "before": DenseArrayBase.from_list(i64, before),
                "after": DenseArrayBase.from_list(i64, after),
                "value": FloatAttr(float(value), f64),
            },
        )

    def result_shape(self) -> tuple[int, ...]:
        if not isfinite(self.value.value.data):
            raise VerifyException(f"the value of the border must be finite, got {self.value.value.data}")
        return _padded(shape_of(self.input), self.before.get_values(), self.after.get_values())

    def kernel(self) -> VectorProgram:
        inside, whole = shape_of(self.input), shape_of(self.result)
        before, after = self.before.get_values(), self.after.get_values()
        names = dimension_names(inside)
        lanes = lanes_loop(names, {axis for axis, size in enumerate(inside) if whole[axis] != size})
        order = channels_first(names)
        bounds = dict(zip(names, inside, strict=True))
        source = operand("x", self.input, names)
        target = operand("y", self.result, shifted(names, before))
        phases: list[Phase] = [copy_phase([(name, bounds[name]) for name in order], target, source, lanes)]
        for axis, name in enumerate(names):
            for side, margin, first in (
                ("before", before[axis], 0),
                ("after", after[axis], before[axis] + inside[axis]),
            ):
                if not margin:
                    continue
                box: dict[str, tuple[str, int, int]] = {}
                for other, along in enumerate(names):
                    if other < axis or inside[other] == whole[other]:
                        box[along] = (along, inside[other], before[other])
                    elif other > axis:
                        box[along] = (f"{along}_whole", whole[other], 0)
                box[name] = (f"{name}_{side}", margin, first)
                index = [affine(box[along][0], constant=box[along][2]) for along in names]
                target = operand("y", self.result, index)
                phases.append(copy_phase([box[along][:2] for along in order], target, self.value.value.data, lanes))
        return VectorProgram("pad", tuple(phases), lanes=lanes)


def _padded(shape: Sequence[int], before: Sequence[int], after: Sequence[int]) -> tuple[int, ...]:
    dimension_names(shape)
    if len(before) != len(shape) or len(after) != len(shape) or min((*before, *after)) < 0:
        raise VerifyException(f"before and after take {len(shape)} entries, none negative, one for each dimension")
    return tuple(b + size + a for b, size, a in zip(before, shape, after, strict=True))


@layer
def pad(net: ModuleBuilder, name: str, x: SSAValue, *, pad: Border, value: Real = 0.0) -> SSAValue:
    """A border around the image."""
    image(x)
    return net.append(PadOp(name, x, (0, 0, *pad[:2]), (0, 0, *pad[2:]), value), name)
