"""Boxes of a tensor at places that numbers name, whatever dimensions these are of: `gather` and `scatter` as StableHLO
has them. Rows and elements that one dimension's numbers name have ops of their own.

Only what lies in the boxes is moved, and the numbers; an address is no instruction.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram, affine
from simdc.ir.base import LayerOp, shape_of, width_bits
from simdc.ir.gradient import rule_for
from simdc.ir.overwriting import along, nest_of, overwriting
from simdc.named import NamedTuple

from .gather import ROLES, PickedRows
from .scatter import PickOp, PutOp, pick_gradient, put_gradient

NO_AXES = DenseArrayBase.from_list(i64, ())


class Boxes(NamedTuple):
    """Of a tensor whose dimensions are `whole` a box of `sizes` for each of the places that `ids` (its shape) names.

    A place is the numbers along dimension `vector` of `ids` (a single one where that is beyond its last dimension): the
    first position along the dimensions `axes`, in turn. Dimensions `batch` have the position that `ids` have along
    `ids_batch`. Results have the dimensions of the places, and at `offsets` those of the box, without `dropped` and
    `batch`, which have one position.
    """

    whole: tuple[int, ...]
    ids: tuple[int, ...]
    sizes: tuple[int, ...]
    axes: tuple[int, ...]
    vector: int
    offsets: tuple[int, ...]
    dropped: tuple[int, ...]
    batch: tuple[int, ...]
    ids_batch: tuple[int, ...]

    @property
    def places(self) -> tuple[int, ...]:
        return tuple(size for axis, size in enumerate(self.ids) if axis != self.vector)

    @property
    def box(self) -> tuple[int, ...]:
        """The dimensions of a box that results have."""
        gone = (*self.dropped, *self.batch)
        return tuple(size for axis, size in enumerate(self.sizes) if axis not in gone)

    # places [5, 6] and boxes [3] at offset 1: [5, 3, 6].
    @property
    def laid_down(self) -> tuple[int, ...]:
        """The shape of all boxes; [1] for a single element."""
        places, box = iter(self.places), iter(self.box)
        rank = len(self.places) + len(self.box)
        return tuple(next(box) if axis in self.offsets else next(places) for axis in range(rank)) or (1,)

    def check(self) -> None:
        """Raise VerifyException for what does not go together."""
        rank, gone = len(self.whole), (*self.dropped, *self.batch)
        if len(self.sizes) != rank or any(not 1 <= s <= full for s, full in zip(self.sizes, self.whole, strict=False)):
            raise VerifyException(f"boxes of {list(self.sizes)} do not lie in {list(self.whole)}")
        for what, axes, limit in (
            ("axes", self.axes, rank),
            ("dropped", gone, rank),
            ("offsets", self.offsets, len(self.places) + len(self.box)),
            ("ids_batch", self.ids_batch, len(self.ids)),
        ):
            if len(set(axes)) != len(axes) or any(not 0 <= axis < limit for axis in axes):
                raise VerifyException(f"'{what}' names dimensions 0 to {limit - 1}, each once, got {list(axes)}")
        if any(self.sizes[axis] != 1 for axis in gone):
            raise VerifyException(f"dimensions {list(gone)} fall away, and boxes have {list(self.sizes)} positions")
        if len(self.offsets) != len(self.box) or list(self.offsets) != sorted(self.offsets):
            raise VerifyException(f"'offsets' takes {len(self.box)} places in order, got {list(self.offsets)}")
        numbers = 1 if self.vector == len(self.ids) else self.ids[self.vector] if self.vector < len(self.ids) else 0
        if numbers != len(self.axes) or set(self.axes) & set(self.batch):
            raise VerifyException(f"{numbers} numbers name positions along {len(self.axes)} dimensions")
        pairs = zip(self.batch, self.ids_batch, strict=False)
        alike = all(axis != self.vector and self.whole[own] == self.ids[axis] for own, axis in pairs)
        if len(self.batch) != len(self.ids_batch) or not alike:
            raise VerifyException("dimensions of the batch are not those of the numbers")


class BoxedOp(LayerOp):
    """What gathers and scatters say of their boxes; see `Boxes`."""

    sizes = prop_def(DenseArrayBase.constr(i64))
    axes = prop_def(DenseArrayBase.constr(i64))
    vector = prop_def(IntegerAttr.constr(i64))
    offsets = prop_def(DenseArrayBase.constr(i64), default_value=NO_AXES)
    dropped = prop_def(DenseArrayBase.constr(i64), default_value=NO_AXES)
    batch = prop_def(DenseArrayBase.constr(i64), default_value=NO_AXES)
    ids_batch = prop_def(DenseArrayBase.constr(i64), default_value=NO_AXES)

    def boxes_in(self, whole: tuple[int, ...], ids: SSAValue) -> Boxes:
        """Raises VerifyException."""
        axes, offsets, dropped, batch, ids_batch = (
            tuple(each.get_values()) for each in (self.axes, self.offsets, self.dropped, self.batch, self.ids_batch)
        )
        sizes, vector = tuple(self.sizes.get_values()), self.vector.value.data
        found = Boxes(whole, shape_of(ids), sizes, axes, vector, offsets, dropped, batch, ids_batch)
        found.check()
        return found


def fields_of(boxes: Boxes) -> dict[str, Sequence[int] | int]:
    """As the ops take them."""
    return {name: value for name, value in boxes._asdict().items() if name not in ("whole", "ids")}


@irdl_op_definition
class GatherBoxesOp(PickOp, BoxedOp):
    """`result` is a box of `table` for each place that `ids` name. One that would reach beyond the end begins
    earlier."""

    name = "simdc.gather_boxes"

    def result_shape(self) -> tuple[int, ...]:
        return self.boxes.laid_down

    @property
    def boxes(self) -> Boxes:
        return self.boxes_in(shape_of(self.table), self.ids)

    @property
    def picked(self) -> PickedRows:
        return PickedRows(1, prod(self.boxes.places), prod(self.boxes.sizes))

    def put_back(self, name: str, rows: SSAValue) -> PutOp:
        shape = shape_of(self.table)
        return ScatterBoxesOp(name, self.ids, rows, reduction="add", shape=shape, **fields_of(self.boxes))


@irdl_op_definition
class ScatterBoxesOp(PutOp, BoxedOp):
    """`data` with the boxes `updates` at the places that `ids` name. One that does not lie in it whole is left out, but
    moved all the same: the data says which."""

    name = "simdc.scatter_boxes"

    def result_shape(self) -> tuple[int, ...]:
        boxes = self.boxes
        if shape_of(self.updates) != boxes.laid_down:
            raise VerifyException(
                f"updates have shape {list(shape_of(self.updates))}, expected {list(boxes.laid_down)}"
            )
        return boxes.whole

    def kernel(self) -> VectorProgram:
        """As that of rows: the copy first, then boxes one after the other, for two may lie on each other."""
        rows, reduction, bits = self.picked, self.reduction.data, width_bits(self.result)
        loops = overwriting(prod(shape_of(self.result)), rows.picked, rows.row)
        begun, data = along("begun", bits, loops.every), ()
        copied = Instruction("move", "begun", (0.0,))
        if self.data is not None:
            data = (along("data", width_bits(self.data), loops.every),)
            copied = Instruction("move", "begun", ("data",))
        updates = along("updates", width_bits(self.updates), loops.written)
        written, before = along("written", bits, loops.written), ()
        code = Instruction("move", "written", ("updates",))
        if reduction != "none":
            before = (along("rows", bits, loops.written),)
            code = Instruction(reduction, "written", ("rows", "updates"))
        numbers = self.numbers()
        if "t" not in dict(loops.written):
            numbers = numbers._replace(index=(affine(),))
        first = nest_of(loops.every, data, begun, copied)
        put = nest_of(loops.written, (numbers, updates, *before), written, code)
        return VectorProgram("scatter_boxes", (first, put), loops.lanes, ROLES)

    @property
    def boxes(self) -> Boxes:
        return self.boxes_in(self.whole(), self.ids)

    @property
    def picked(self) -> PickedRows:
        return PickedRows(1, prod(self.boxes.places), prod(self.boxes.sizes))

    def pick_again(self, name: str, table: SSAValue) -> PickOp:
        return GatherBoxesOp(name, table, self.ids, **fields_of(self.boxes))

    def put_over(self, name: str, data: SSAValue, updates: SSAValue) -> PutOp:
        return ScatterBoxesOp(name, self.ids, updates, data, **fields_of(self.boxes))


rule_for(GatherBoxesOp)(pick_gradient)
rule_for(ScatterBoxesOp)(put_gradient)
