"""Rows of a table picked by numbers that are data, and their gradients, which are added up where the rows came from.

The machine reads the rows that are asked for and not the table: 128 tokens of a table [30522, 768] at 8 bits load
128 * 768 bytes, and their numbers. Which rows these are only the data says, so a row that is asked for twice is read
twice.
"""

from __future__ import annotations

from math import prod
from typing import Annotated, ClassVar

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, LoopRoles, Operand, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, shape_of, width_bits
from simdc.ir.builder import ModuleBuilder
from simdc.ir.elements import SINGLE
from simdc.ir.gradient import Backward, give_operand, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.movement import check_axis, copy_nest
from simdc.ir.options import Axis, Freeze, Positive
from simdc.named import NamedTuple

from .broadcast import AddOp

FIRST = IntegerAttr(0, i64)
ROLES = LoopRoles(channels=(), batch=("t",), image=())
"""Rows are stored as they are: no machine rounds them up."""


class PickedRows(NamedTuple):
    """A tensor read as [outer, rows, row]: `picked` of its rows, along the dimension in the middle. Dimensions
    of size 1 have no loop, but that of the rows."""

    outer: int
    picked: int
    row: int

    @property
    def names(self) -> tuple[str, ...]:
        sizes = (("o", self.outer > 1), ("t", True), ("d", self.row > 1))
        return tuple(name for name, is_there in sizes if is_there)

    @property
    def bounds(self) -> dict[str, int]:
        """In default order: the numbers of the rows move once."""
        sizes = {"t": self.picked, "o": self.outer, "d": self.row}
        return {name: size for name, size in sizes.items() if name in self.names}

    @property
    def lanes(self) -> str:
        """Along a row. Where a row is a single element, along what stands before it."""
        return next(name for name in ("d", "o", "t") if name in self.names)

    def operand(self, name: str, value: SSAValue) -> Operand:
        """The rows of a tensor that are read or written."""
        bounds = self.bounds
        index = tuple(affine(loop) for loop in self.names)
        return Operand(name, width_bits(value), tuple(bounds[loop] for loop in self.names), index)

    def numbers(self, ids: SSAValue) -> Operand:
        return Operand("ids", width_bits(ids), (self.picked,), (affine("t"),))


def _rows(table: tuple[int, ...], ids: tuple[int, ...], axis: int) -> PickedRows:
    return PickedRows(prod(table[:axis]), prod(ids), prod(table[axis + 1 :]))


@irdl_op_definition
class GatherOp(LayerOp):
    """`result[..., i, ...] = table[..., ids[i], ...]` along `axis`: the rows of `table` with the numbers `ids`, whose
    shape takes the place of that dimension. The kernel's `table` is the rows that are read, a repeated one again."""

    name = "simdc.gather"
    ROLES: ClassVar = ("table", "")

    table = operand_def(TENSOR)
    ids = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=FIRST)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        table, axis = shape_of(self.table), self.axis.value.data
        check_axis(table, axis)
        return (*table[:axis], *shape_of(self.ids), *table[axis + 1 :])

    @property
    def rows(self) -> PickedRows:
        return _rows(shape_of(self.table), shape_of(self.ids), self.axis.value.data)

    def kernel(self) -> VectorProgram:
        rows = self.rows
        x, y = rows.operand("table", self.table), rows.operand("y", self.result)
        loops = tuple(Loop(name, bound) for name, bound in rows.bounds.items())
        block = CodeBlock(tuple(rows.bounds), (Instruction("move", "y", ("table",)),))
        nest = LoopNest(loops, (rows.numbers(self.ids), x), (y,), (block,))
        return VectorProgram("gather", (nest,), rows.lanes, ROLES)


@irdl_op_definition
class ScatterAddOp(LayerOp):
    """`result[..., ids[i], ...] += gradient[..., i, ...]` along `axis`, from `base` on, in whose place the result lies;
    without one from zeros, which are stored first, for all `size` rows.

    Each row of the gradient reads, adds to and writes a row of the result: at most that many rows, for the number of
    distinct rows is unknown. A row that is asked for twice counts twice.
    """

    name = "simdc.scatter_add"

    ids = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    base = opt_operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=FIRST)
    size = prop_def(IntegerAttr.constr(i64))
    result = result_def(TENSOR)

    @property
    def taken(self) -> SSAValue | None:
        return self.base

    def alike(self) -> tuple[SSAValue, ...]:
        return (self.gradient if self.base is None else self.base,)

    def result_shape(self) -> tuple[int, ...]:
        gradient, ids, axis = shape_of(self.gradient), shape_of(self.ids), self.axis.value.data
        if not 0 <= axis <= len(gradient) - len(ids) or gradient[axis : axis + len(ids)] != ids:
            raise VerifyException(f"the gradient of rows {list(ids)} at dimension {axis} has shape {list(gradient)}")
        if self.size.value.data < 1:
            raise VerifyException(f"size must be positive, got {self.size.value.data}")
        shape = (*gradient[:axis], self.size.value.data, *gradient[axis + len(ids) :])
        if self.base is not None and shape_of(self.base) != shape:
            raise VerifyException(f"rows of shape {list(shape)} are added to {list(shape_of(self.base))}")
        return shape

    @property
    def rows(self) -> PickedRows:
        return _rows(shape_of(self.result), shape_of(self.ids), self.axis.value.data)

    def kernel(self) -> VectorProgram:
        rows, lanes = self.rows, self._lanes
        bounds = rows.bounds | ({SINGLE: 1} if lanes == SINGLE else {})
        before, after = rows.operand("rows", self.result), rows.operand("sums", self.result)
        inputs = (rows.numbers(self.ids), rows.operand("gradient", self.gradient), before)
        block = CodeBlock(tuple(bounds), (Instruction("add", "sums", ("rows", "gradient")),))
        added = LoopNest(tuple(Loop(*each) for each in bounds.items()), inputs, (after,), (block,))
        nests = (added,) if self.base is not None else (self._zeros(rows), added)
        return VectorProgram("scatter_add", nests, lanes, ROLES)

    @property
    def _lanes(self) -> str:
        """Rows of one element are added one after the other, for two numbers may be the same."""
        single = SINGLE if self.base is not None else "v"
        return single if self.rows.lanes == "t" else self.rows.lanes

    def _zeros(self, rows: PickedRows) -> LoopNest:
        """Every row, also those that no number names: a dense gradient is what an update reads."""
        every = rows._replace(picked=self.size.value.data)
        bounds = {"v" if name == "t" else name: bound for name, bound in every.bounds.items()}
        names = ["v" if name == "t" else name for name in every.names]
        shape, index = tuple(bounds[name] for name in names), tuple(map(affine, names))
        whole = Operand("zeros", width_bits(self.result), shape, index)
        return copy_nest(tuple(bounds.items()), whole, 0.0, self._lanes)


@rule_for(GatherOp)
def gather_gradient(op: GatherOp, back: Backward) -> None:
    """The numbers have none."""
    if back.needs(op.table):
        axis, upstream = op.axis.value.data, back.upstream(op.result)
        size = shape_of(op.table)[axis]
        name = f"{op.layer.data}.grad_table"
        give_operand(back, op.table, ScatterAddOp(name, op.ids, upstream, axis=axis, size=size))


@rule_for(ScatterAddOp)
def scatter_add_gradient(op: ScatterAddOp, back: Backward) -> None:
    """What was added to passes everything on; each row that was added has that of the row it was added to."""
    upstream = back.upstream(op.result)
    if back.needs(op.gradient):
        give_operand(back, op.gradient, GatherOp(f"{op.layer.data}.grad_rows", upstream, op.ids, axis=op.axis))
    if op.base is not None and back.needs(op.base):
        back.give(op.base, upstream)


@layer
def gather(net: ModuleBuilder, name: str, x: SSAValue, y: SSAValue, *, axis: Axis = 0) -> SSAValue:
    """The rows of `x` with the numbers `y`, along a dimension.

    The shape of `y` takes the place of that dimension.
    """
    return net.append(GatherOp(name, x, y, axis=axis), name)


@layer
def embed(
    net: ModuleBuilder, name: str, x: SSAValue, *, vocabulary: Positive, features: Positive, freeze: Freeze = False
) -> SSAValue:
    """A row of a learnt table for each number in `x`."""
    table = net.parameter(name, "weight", (vocabulary, features), frozen=freeze)
    return net.append(GatherOp(name, table, x), name)


@layer
def learned_positions(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    rows: Annotated[Positive | None, "positions that were learnt, at least as many as there are tokens"] = None,
    freeze: Freeze = False,
) -> SSAValue:
    """Adds a learnt tensor, the same for every sequence of the batch."""
    shape = shape_of(x)[1:]
    needed = net.run.past + shape[0]
    if rows is None:
        rows = needed
    if rows < needed:
        raise LayerError(f"rows must be at least {needed}, the number of tokens, got {rows}", "rows")
    # 512 positions of 768 features and 128 tokens: 98,304 values are read, and 294,912 are parameters all the same.
    net.count_unread((rows - shape[0]) * prod(shape[1:]))
    table = net.parameter(name, "positions", shape, frozen=freeze)
    return net.append(AddOp(name, x, table), name)
