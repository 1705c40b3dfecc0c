"""Joining tensors along a dimension, and taking a range of it out again: data is copied in DRAM.

A position along the joined dimension is another in the result than in its operand, so that dimension does not lie
across the lanes: where channels are joined the image's width does, or the batch where there is no image.
"""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, Operand, Phase, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import layer
from simdc.ir.movement import check_axis, copy_phase, dimension_names, lanes_loop
from simdc.ir.options import Axis, Natural, Positive

CHANNELS = IntegerAttr(1, i64)

MOST_INPUTS = 4096
"""Of a concatenation: each has a phase of its own in its program."""


def resized(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    """`shape` with another size along `axis`."""
    return (*shape[:axis], size, *shape[axis + 1 :])


def _names(shape: tuple[int, ...], axis: int, along: str) -> tuple[str, ...]:
    """The loops over `shape`; the one over `axis` is called `along`."""
    names = dimension_names(shape)
    return (*names[:axis], along, *names[axis + 1 :])


def _index(names: tuple[str, ...], axis: int, step: int = 1, first: int = 0) -> tuple[str | Affine, ...]:
    return (*names[:axis], affine((names[axis], step), constant=first), *names[axis + 1 :])


def _copy(source: Operand, target: Operand, shape: tuple[int, ...], names: tuple[str, ...], axis: int) -> Phase:
    """`target = source`, element by element of `shape`, the loop over `axis` outermost."""
    bounds = dict(zip(names, shape, strict=True))
    order = (names[axis], *(name for name in names if name != names[axis]))
    lanes = lanes_loop(dimension_names(shape), {axis})
    return copy_phase([(name, bounds[name]) for name in order], target, source, lanes)


@irdl_op_definition
class ConcatOp(LayerOp):
    """The inputs one after the other along `axis`, by default the channels; all other sizes are equal. One phase copies
    each input `x0`, `x1`, ... to its part `y0`, `y1`, ... of the result."""

    name = "simdc.concat"

    inputs = var_operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    result = result_def(TENSOR)

    def __init__(self, layer: str, *inputs: SSAValue, axis: int = 1):
        shape = shape_of(inputs[0])
        axis += len(shape) if axis < 0 else 0
        check_axis(shape, axis)
        total = sum(shape_of(value)[axis] for value in inputs if len(shape_of(value)) > axis)
        result = make_tensor_type(tensor_type(inputs[0]).element_type, resized(shape, axis, total))
        IRDLOperation.__init__(
            self,
            operands=[inputs],
            result_types=[result],
            properties={"layer": StringAttr(layer), "axis": IntegerAttr(axis, i64)},
        )

    def result_shape(self) -> tuple[int, ...]:
        shapes, axis = [shape_of(value) for value in self.inputs], self.axis.value.data
        if len(shapes) > MOST_INPUTS:
            raise VerifyException(f"joins {len(shapes)} inputs; at most {MOST_INPUTS} are supported, join in steps")
        for shape in shapes:
            check_axis(shape, axis)
        if not shapes or len({resized(shape, axis, 0) for shape in shapes}) != 1:
            along = "the channels" if axis == 1 else f"dimension {axis}"
            raise VerifyException(f"inputs must agree in all but {along}, got {list(map(list, shapes))}")
        return resized(shapes[0], axis, sum(shape[axis] for shape in shapes))

    def kernel(self) -> VectorProgram:
        phases: list[Phase] = []
        first, axis = 0, self.axis.value.data
        own = dimension_names(shape_of(self.result))
        for number, value in enumerate(self.inputs):
            shape = shape_of(value)
            names = _names(shape, axis, f"{own[axis]}{number}")
            source = operand(f"x{number}", value, _index(names, axis))
            target = operand(f"y{number}", self.result, _index(names, axis, first=first))
            phases.append(_copy(source, target, shape, names, axis))
            first += shape[axis]
        return VectorProgram("concat", tuple(phases), lanes=lanes_loop(own, {axis}))


@irdl_op_definition
class SliceOp(LayerOp):
    """`count` positions of the input along `axis`: number `first`, and each `step` further."""

    name = "simdc.slice"

    input = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64))
    first = prop_def(IntegerAttr.constr(i64))
    count = prop_def(IntegerAttr.constr(i64))
    step = prop_def(IntegerAttr.constr(i64), default_value=IntegerAttr(1, i64))
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, axis: int, first: int, count: int, step: int = 1):
        shape = shape_of(input)
        axis += len(shape) if axis < 0 else 0
        check_axis(shape, axis)
        fields = {"axis": axis, "first": first, "count": count, "step": step}
        IRDLOperation.__init__(
            self,
            operands=[input],
            result_types=[make_tensor_type(tensor_type(input).element_type, resized(shape, axis, count))],
            properties={
                "layer": StringAttr(layer),
                **{name: IntegerAttr(number, i64) for name, number in fields.items()},
            },
        )

    def result_shape(self) -> tuple[int, ...]:
        shape, axis, first, count, step = self._geometry()
        check_axis(shape, axis)
        last = first + step * (count - 1)
        if first < 0 or count < 1 or step < 1 or last >= shape[axis]:
            what, beyond = ("channels", "") if axis == 1 else ("positions", f" along dimension {axis}")
            every = f" by steps of {step}" if step != 1 else ""
            raise VerifyException(f"{what} {first} to {last}{every} are not among the input's {shape[axis]}{beyond}")
        return resized(shape, axis, count)

    def kernel(self) -> VectorProgram:
        _, axis, first, _, step = self._geometry()
        shape = shape_of(self.result)
        names = dimension_names(shape)
        source = operand("x", self.input, _index(names, axis, step, first))
        target = operand("y", self.result, _index(names, axis))
        return VectorProgram("slice", (_copy(source, target, shape, names, axis),), lanes=lanes_loop(names, {axis}))

    def _geometry(self) -> tuple[tuple[int, ...], int, int, int, int]:
        """Shape of the input, axis, first, count and step."""
        fields = (self.axis, self.first, self.count, self.step)
        axis, first, count, step = (field.value.data for field in fields)
        return shape_of(self.input), axis, first, count, step


@layer
def concat(net: ModuleBuilder, name: str, *inputs: SSAValue, axis: Axis = 1) -> SSAValue:
    """Joins tensors along a dimension, by default the channels."""
    return net.append(ConcatOp(name, *inputs, axis=axis), name)


@layer
def slice(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    axis: Axis,
    first: Natural,
    count: Positive,
    step: Positive = 1,
) -> SSAValue:
    """`count` positions along a dimension."""
    return net.append(SliceOp(name, x, axis, first, count, step), name)
