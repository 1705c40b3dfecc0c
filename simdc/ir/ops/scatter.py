"""Elements, and rows behind several numbers, that are picked or written at places which are data.

Only what is picked or written is moved, and the numbers that say where; an address is no instruction. A scattered
tensor is copied first, or is zeros: it is another tensor than the one it came from.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.errors import SimdcError
from simdc.ir.base import TENSOR, LayerOp, shape_of, width_bits
from simdc.ir.context import layer_error
from simdc.ir.gradient import INPUT, Backward, give_operand, rule_for
from simdc.ir.movement import copy_nest

from .gather import FIRST, ROLES, PickedRows
from .scalar import ScalarOp

NONE = IntegerAttr(0, i64)
REDUCTIONS = ("none", "add", "mul", "max", "min")


class PlacedOp(LayerOp):
    """What says where rows lie in a tensor: numbers `ids`, several for one row where an op says so."""

    ids = operand_def(TENSOR)

    @property
    @abstractmethod
    def picked(self) -> PickedRows:
        """The rows: of one element, or of all that lies behind the numbers."""

    def numbers(self) -> Operand:
        """Those of a row are loaded as one."""
        picked = self.picked.picked
        bits = width_bits(self.ids) * (prod(shape_of(self.ids)) // picked)
        return Operand("ids", bits, (picked,), (affine("t"),))


class PickOp(PlacedOp):
    """`result` is the rows of `table` at the places `ids`."""

    ROLES: ClassVar = ("table", "")

    table = operand_def(TENSOR)
    ids = operand_def(TENSOR)
    result = result_def(TENSOR)

    @abstractmethod
    def put_back(self, name: str, rows: SSAValue) -> PutOp:
        """`rows` added into zeros where this picks them."""

    def kernel(self) -> VectorProgram:
        rows = self.picked
        x, y = rows.operand("table", self.table), rows.operand("y", self.result)
        block = CodeBlock(tuple(rows.bounds), (Instruction("move", "y", ("table",)),))
        loops = tuple(Loop(*each) for each in rows.bounds.items())
        nest = LoopNest(loops, (self.numbers(), x), (y,), (block,))
        return VectorProgram(self.name.removeprefix("simdc."), (nest,), rows.lanes, ROLES)


class PutOp(PlacedOp):
    """`result` is `data`, or zeros of `shape` where there is none, with the rows `updates` at the places `ids`:
    written over what is there, or added to it and so on (`reduction`). What is named twice counts twice."""

    ids = operand_def(TENSOR)
    updates = operand_def(TENSOR)
    data = opt_operand_def(TENSOR)
    reduction = prop_def(StringAttr, default_value=StringAttr("none"))
    shape = opt_prop_def(DenseArrayBase.constr(i64))
    result = result_def(TENSOR)

    @abstractmethod
    def pick_again(self, name: str, table: SSAValue) -> PickOp:
        """What `table` has where this writes."""

    @abstractmethod
    def put_over(self, name: str, data: SSAValue, updates: SSAValue) -> PutOp:
        """`updates` written over `data` at the same places."""

    def alike(self) -> Sequence[SSAValue]:
        return (self.updates if self.data is None else self.data,)

    def whole(self) -> tuple[int, ...]:
        """The shape of the result. Raises VerifyException."""
        if self.reduction.data not in REDUCTIONS:
            raise VerifyException(f"reduction must be one of {', '.join(REDUCTIONS)}, got '{self.reduction.data}'")
        if self.data is not None and self.shape is None:
            return shape_of(self.data)
        if self.data is not None or self.shape is None:
            raise VerifyException("takes the tensor that is written to, or the shape of one of zeros")
        return tuple(self.shape.get_values())

    def kernel(self) -> VectorProgram:
        rows, reduction = self.picked, self.reduction.data
        every = PickedRows(1, prod(shape_of(self.result)) // rows.row, rows.row)
        names = tuple("v" if name == "t" else name for name in every.names)
        lanes = "v" if rows.lanes == "t" else rows.lanes
        sizes = {"v": every.picked, "d": every.row}
        shape, index = tuple(sizes[name] for name in names), tuple(map(affine, names))
        source = 0.0 if self.data is None else Operand("data", width_bits(self.data), shape, index)
        begun = Operand("begun", width_bits(self.result), shape, index)
        copied = copy_nest([(name, sizes[name]) for name in names], begun, source, lanes)
        bounds = rows.bounds
        updates, after = rows.operand("updates", self.updates), rows.operand("written", self.result)
        code, before = Instruction("move", "written", ("updates",)), ()
        if reduction != "none":
            before = (rows.operand("rows", self.result),)
            code = Instruction(reduction, "written", ("rows", "updates"))
        inputs = (self.numbers(), updates, *before)
        # Single elements go one after the other, on one lane, for two places may be the same.
        put = LoopNest(
            tuple(Loop(*each) for each in bounds.items()), inputs, (after,), (CodeBlock(tuple(bounds), (code,)),)
        )
        return VectorProgram(self.name.removeprefix("simdc."), (copied, put), lanes, ROLES)


def _element_places(data: tuple[int, ...], ids: tuple[int, ...], axis: int) -> None:
    """Raise VerifyException unless `ids` pick single elements along `axis` of `data`."""
    if not 0 <= axis < len(data):
        raise VerifyException(f"there is no dimension {axis} in shape {list(data)}")
    others = [place for place in range(len(data)) if place != axis]
    if len(ids) != len(data) or any(ids[place] > data[place] for place in others):
        raise VerifyException(f"numbers of shape {list(ids)} pick no elements of {list(data)} along dimension {axis}")


def _row_shape(data: tuple[int, ...], ids: tuple[int, ...], batch_dims: int) -> tuple[int, ...]:
    """What lies behind each place that the last dimension of `ids` names. Raises VerifyException."""
    if not ids or not 0 <= batch_dims < min(len(ids), len(data)) or ids[:batch_dims] != data[:batch_dims]:
        raise VerifyException(f"numbers of shape {list(ids)} name no places in {list(data)}, {batch_dims} alike")
    if not 1 <= ids[-1] <= len(data) - batch_dims:
        raise VerifyException(f"{ids[-1]} numbers name no place among {len(data) - batch_dims} dimensions")
    return data[batch_dims + ids[-1] :]


@irdl_op_definition
class GatherElementsOp(PickOp):
    """`result[i, j, k] = table[i, ids[i, j, k], k]` for axis 1, of the shape of `ids`."""

    name = "simdc.gather_elements"

    axis = prop_def(IntegerAttr.constr(i64), default_value=FIRST)

    def result_shape(self) -> tuple[int, ...]:
        _element_places(shape_of(self.table), shape_of(self.ids), self.axis.value.data)
        return shape_of(self.ids)

    @property
    def picked(self) -> PickedRows:
        return PickedRows(1, prod(shape_of(self.ids)), 1)

    def put_back(self, name: str, rows: SSAValue) -> PutOp:
        return ScatterElementsOp(name, self.ids, rows, axis=self.axis, reduction="add", shape=shape_of(self.table))


@irdl_op_definition
class GatherNdOp(PickOp):
    """`result[..., :] = table[ids[..., 0], ids[..., 1], ..., :]`: the last dimension of `ids` names a place among the
    first dimensions of `table`, after `batch_dims` that both have."""

    name = "simdc.gather_nd"

    batch_dims = prop_def(IntegerAttr.constr(i64), default_value=NONE)

    def result_shape(self) -> tuple[int, ...]:
        ids = shape_of(self.ids)
        row = _row_shape(shape_of(self.table), ids, self.batch_dims.value.data)
        return (*ids[:-1], *row)

    @property
    def picked(self) -> PickedRows:
        row = _row_shape(shape_of(self.table), shape_of(self.ids), self.batch_dims.value.data)
        return PickedRows(1, prod(shape_of(self.ids)[:-1]), prod(row))

    def put_back(self, name: str, rows: SSAValue) -> PutOp:
        fields = {"batch_dims": self.batch_dims, "reduction": "add", "shape": shape_of(self.table)}
        return ScatterNdOp(name, self.ids, rows, **fields)


@irdl_op_definition
class ScatterElementsOp(PutOp):
    """`data` with `updates[i, j, k]` at `[i, ids[i, j, k], k]` for axis 1."""

    name = "simdc.scatter_elements"

    axis = prop_def(IntegerAttr.constr(i64), default_value=FIRST)

    def result_shape(self) -> tuple[int, ...]:
        shape, ids = self.whole(), shape_of(self.ids)
        _element_places(shape, ids, self.axis.value.data)
        if shape_of(self.updates) != ids:
            raise VerifyException(f"updates of shape {list(shape_of(self.updates))} for places {list(ids)}")
        return shape

    @property
    def picked(self) -> PickedRows:
        return PickedRows(1, prod(shape_of(self.ids)), 1)

    def pick_again(self, name: str, table: SSAValue) -> PickOp:
        return GatherElementsOp(name, table, self.ids, axis=self.axis)

    def put_over(self, name: str, data: SSAValue, updates: SSAValue) -> PutOp:
        return ScatterElementsOp(name, self.ids, updates, data, axis=self.axis)


@irdl_op_definition
class ScatterNdOp(PutOp):
    """`data` with the rows `updates[..., :]` at `[ids[..., 0], ids[..., 1], ..., :]`, after `batch_dims` dimensions
    that both have."""

    name = "simdc.scatter_nd"

    batch_dims = prop_def(IntegerAttr.constr(i64), default_value=NONE)

    def result_shape(self) -> tuple[int, ...]:
        shape, ids = self.whole(), shape_of(self.ids)
        wanted = (*ids[:-1], *_row_shape(shape, ids, self.batch_dims.value.data))
        if shape_of(self.updates) != wanted:
            raise VerifyException(f"updates have shape {list(shape_of(self.updates))}, expected {list(wanted)}")
        return shape

    @property
    def picked(self) -> PickedRows:
        row = _row_shape(self.whole(), shape_of(self.ids), self.batch_dims.value.data)
        return PickedRows(1, prod(shape_of(self.ids)[:-1]), prod(row))

    def pick_again(self, name: str, table: SSAValue) -> PickOp:
        return GatherNdOp(name, table, self.ids, batch_dims=self.batch_dims)

    def put_over(self, name: str, data: SSAValue, updates: SSAValue) -> PutOp:
        return ScatterNdOp(name, self.ids, updates, data, batch_dims=self.batch_dims)


def pick_gradient(op: PickOp, back: Backward) -> None:
    """Added into zeros where it came from."""
    if back.needs(op.table):
        give_operand(back, op.table, op.put_back(f"{op.layer.data}.grad_table", back.upstream(op.result)))


def put_gradient(op: PutOp, back: Backward) -> None:
    """What was added passes everything on; what was written over has no gradient where it was. Of places named twice
    the last one counts, and each gets its gradient, as in other frameworks."""
    upstream, name, reduction = back.upstream(op.result), op.layer.data, op.reduction.data
    if reduction not in ("none", "add"):
        error: SimdcError = layer_error(op, f"has no gradient rule for '{reduction}', so it cannot be trained")
        raise error
    if back.needs(op.updates):
        give_operand(back, op.updates, op.pick_again(f"{name}.grad_updates", upstream))
    if op.data is None or not back.needs(op.data):
        return
    if reduction == "add":
        back.give(op.data, upstream)
        return
    zeros = back.emit(ScalarOp(f"{name}.grad_zeros", op.updates, function="mul", value=0.0), INPUT).results[0]
    give_operand(back, op.data, op.put_over(f"{name}.grad_data", upstream, zeros))


rule_for(GatherElementsOp, GatherNdOp)(pick_gradient)
rule_for(ScatterElementsOp, ScatterNdOp)(put_gradient)
