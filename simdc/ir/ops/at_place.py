"""A box cut out of a tensor, or written into one, at a place that is data. Other compilers' IR has such ops.

Only the box is moved, and the numbers that say where it begins; an address is no instruction. A box that would reach
beyond the end begins earlier, so that it fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, LoopRoles, Operand, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, shape_of, width_bits
from simdc.ir.gradient import INPUT, Backward, give_operand, rule_for
from simdc.ir.overwriting import along, nest_of, overwriting

from .scalar import ScalarOp

GIVEN = -1
"""In the place of a first position that an operand gives."""
ROLES = LoopRoles(channels=(), batch=(), image=())
"""A box is moved element by element: no loop is rounded up."""


class AtPlaceOp(LayerOp):
    """`first` has the first position along each dimension, -1 where the next of `starts`, one number each, says it."""

    starts = var_operand_def(TENSOR)
    first = prop_def(DenseArrayBase.constr(i64))
    result = result_def(TENSOR)

    def check_box(self, whole: tuple[int, ...], sizes: tuple[int, ...]) -> None:
        """Raise VerifyException unless a box of `sizes` lies in a tensor of shape `whole` from `first` on."""
        first = self.first.get_values()
        if not len(whole) == len(sizes) == len(first):
            raise VerifyException(f"a box of {list(sizes)} from {list(first)} on has another rank than {list(whole)}")
        for axis, (size, start, full) in enumerate(zip(sizes, first, whole, strict=True)):
            # 3 positions from 2 on need 5; wherever they begin, they need 3.
            if size < 1 or start < GIVEN or max(start, 0) + size > full:
                where = "" if start == GIVEN else f" from {start} on"
                raise VerifyException(f"{size} positions{where} do not lie in dimension {axis} of {list(whole)}")
        if list(first).count(GIVEN) != len(self.starts) or any(shape_of(each) != (1,) for each in self.starts):
            raise VerifyException(
                f"takes a number of shape [1] for each of {list(first).count(GIVEN)} dimensions, got {len(self.starts)}"
            )

    def moved(self, source: SSAValue, name: str, sizes: Sequence[int]) -> VectorProgram:
        """A box of `sizes` is loaded from `source`, which the program calls `name`, and stored as `y`."""
        count = prod(sizes)
        starts = [Operand(f"start{at}", width_bits(each), (1,), (affine(),)) for at, each in enumerate(self.starts)]
        box = [Operand(each, width_bits(value), (count,), (affine("t"),))
               for each, value in ((name, source), ("y", self.result))]  # fmt: skip
        block = CodeBlock(("t",), (Instruction("move", "y", (name,)),))
        nest = LoopNest((Loop("t", count),), (*starts, box[0]), (box[1],), (block,))
        return VectorProgram(self.name.removeprefix("simdc."), (nest,), "t", ROLES)


@irdl_op_definition
class SliceAtOp(AtPlaceOp):
    """`result[i, j] = input[a + i, b + j]`: a box of `sizes` from the position [a, b] on."""

    name = "simdc.slice_at"

    input = operand_def(TENSOR)
    starts = var_operand_def(TENSOR)
    sizes = prop_def(DenseArrayBase.constr(i64))

    def __init__(self, layer: str, input: SSAValue, starts: Sequence[SSAValue], *, first: Sequence[int],
                 sizes: Sequence[int]):  # fmt: skip
        super().__init__(layer, input, list(starts), first=tuple(first), sizes=tuple(sizes))

    def result_shape(self) -> tuple[int, ...]:
        sizes = tuple(self.sizes.get_values())
        self.check_box(shape_of(self.input), sizes)
        return sizes

    def kernel(self) -> VectorProgram:
        return self.moved(self.input, "input", self.sizes.get_values())


@irdl_op_definition
class SliceAtGradOp(AtPlaceOp):
    """Zeros of `shape`, the gradient of a box where it was cut out."""

    name = "simdc.slice_at_grad"

    gradient = operand_def(TENSOR)
    starts = var_operand_def(TENSOR)
    shape = prop_def(DenseArrayBase.constr(i64))

    def __init__(self, layer: str, gradient: SSAValue, starts: Sequence[SSAValue], *, first: Sequence[int],
                 shape: Sequence[int]):  # fmt: skip
        super().__init__(layer, gradient, list(starts), first=tuple(first), shape=tuple(shape))

    def result_shape(self) -> tuple[int, ...]:
        shape = tuple(self.shape.get_values())
        self.check_box(shape, shape_of(self.gradient))
        return shape

    def kernel(self) -> VectorProgram:
        """All zeros first, then the box over them."""
        bits, sizes = width_bits(self.result), shape_of(self.gradient)
        loops = overwriting(prod(self.shape.get_values()), 1, prod(sizes))
        starts = [Operand(f"start{at}", width_bits(each), (1,), (affine(),)) for at, each in enumerate(self.starts)]
        box = along("gradient", width_bits(self.gradient), loops.written), along("y", bits, loops.written)
        first = nest_of(loops.every, (), along("zeros", bits, loops.every), Instruction("move", "zeros", (0.0,)))
        put = nest_of(loops.written, (*starts, box[0]), box[1], Instruction("move", "y", ("gradient",)))
        return VectorProgram("slice_at_grad", (first, put), loops.lanes, ROLES)


@irdl_op_definition
class PutAtOp(AtPlaceOp):
    """`data` with `updates` written over it from a position on: `result[a + i, b + j] = updates[i, j]`.

    It lies where `data` does: only the box is loaded and stored.
    """

    name = "simdc.put_at"

    data = operand_def(TENSOR)
    updates = operand_def(TENSOR)
    starts = var_operand_def(TENSOR)

    def __init__(self, layer: str, data: SSAValue, updates: SSAValue, starts: Sequence[SSAValue], *,
                 first: Sequence[int]):  # fmt: skip
        super().__init__(layer, data, updates, list(starts), first=tuple(first))

    @property
    def taken(self) -> SSAValue:
        return self.data

    def result_shape(self) -> tuple[int, ...]:
        self.check_box(shape_of(self.data), shape_of(self.updates))
        return shape_of(self.data)

    def kernel(self) -> VectorProgram:
        return self.moved(self.updates, "updates", shape_of(self.updates))


@rule_for(SliceAtOp)
def slice_at_gradient(op: SliceAtOp, back: Backward) -> None:
    """Back to where the box was; the numbers that say where have none."""
    if back.needs(op.input):
        name, first = f"{op.layer.data}.grad_input", op.first.get_values()
        shape = shape_of(op.input)
        give_operand(back, op.input, SliceAtGradOp(name, back.upstream(op.result), op.starts, first=first, shape=shape))


@rule_for(SliceAtGradOp)
def slice_at_grad_gradient(op: SliceAtGradOp, back: Backward) -> None:
    if back.needs(op.gradient):
        name, first = f"{op.layer.data}.grad_gradient", op.first.get_values()
        sizes = shape_of(op.gradient)
        give_operand(back, op.gradient, SliceAtOp(name, back.upstream(op.result), op.starts, first=first, sizes=sizes))


@rule_for(PutAtOp)
def put_at_gradient(op: PutAtOp, back: Backward) -> None:
    """The box has what stands where it was written; what it was written over has none there."""
    name, upstream, first = op.layer.data, back.upstream(op.result), op.first.get_values()
    if back.needs(op.updates):
        sizes = shape_of(op.updates)
        give_operand(back, op.updates, SliceAtOp(f"{name}.grad_updates", upstream, op.starts, first=first, sizes=sizes))
    if back.needs(op.data):
        zeros = back.emit(ScalarOp(f"{name}.grad_zeros", op.updates, function="mul", value=0.0), INPUT).results[0]
        give_operand(back, op.data, PutAtOp(f"{name}.grad_data", upstream, zeros, op.starts, first=first))
