"""Two products and a program on the lanes between them that run as one: attention whose scores stay on chip."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Self

from simdc.named import NamedTuple

from .array_kernel import ArrayKernel, Contraction, VectorProgram
from .nest import Loop, LoopNest, Operand, affine
from .wellformed import KernelError, check_program


class Diagonal(NamedTuple):
    """Of what is streamed, row 0 of the loop `rows` has to do with the first `first`, and each row with one more. For
    the nest of tiles on the diagonal, `last` is the operand with the number of the last of them for each row, and
    `position` that with the number of each in the stream: loop counters, which nobody loads."""

    # Causal attention: query i sees the keys 0 .. i, first is 1; with 100 keys of earlier tokens first is 101.

    rows: str
    first: int
    last: str
    position: str

    def seen(self, row: int, streamed: int) -> int:
        """How many of `streamed` there are for a row."""
        return min(streamed, self.first + row)


class _FusedProducts(NamedTuple):
    kind: str
    loops: tuple[Loop, ...]
    first: Contraction
    second: Contraction
    row: LoopNest
    merge: LoopNest
    finish: LoopNest
    lanes: str
    in_place: tuple[tuple[str, str], ...] = ()
    diagonal: Diagonal | None = None
    edge: LoopNest | None = None


class FusedProducts(_FusedProducts):
    """Two products with a program on the lanes between them, of which nothing is in DRAM between the links: attention.

    Tiles cut `loops`, in default order. The last loop is streamed: it lies along the columns of the array in `first`,
    and in `second` along its rows, which is to sum over it. Each tile of `first` is handed to `row`, which makes the
    ifmap of `second`, whose result `merge` adds to what is kept in vector memory; after the last tile of the stream
    `finish` makes of that what is stored. The loops of these nests run over one tile; their scratch is what is handed
    on and what is kept, and of `in_place` the first takes the place of the second. Where there is a `diagonal`,
    tiles behind it are left out, and in those that it crosses `edge` runs in the place of `row`. Raises KernelError for
    links that do not fit together.
    """

    __slots__ = ()

    def __new__(
        cls,
        kind: str,
        loops: tuple[Loop, ...],
        first: Contraction,
        second: Contraction,
        row: LoopNest,
        merge: LoopNest,
        finish: LoopNest,
        lanes: str,
        in_place: tuple[tuple[str, str], ...] = (),
        diagonal: Diagonal | None = None,
        edge: LoopNest | None = None,
    ) -> Self:
        made = super().__new__(cls, kind, loops, first, second, row, merge, finish, lanes, in_place, diagonal, edge)
        check_program(made.nests, lanes)
        check_fused(made)
        return made

    @property
    def streamed(self) -> str:
        return self.loops[-1].name

    @property
    def bounds(self) -> dict[str, int]:
        """The loops that tiles cut. The other loop of each product is always whole."""
        return dict(self.loops)

    @property
    def whole(self) -> dict[str, int]:
        """What `first` sums over and what `second` has in its result."""
        return {self.first.rows: self.first.bounds[self.first.rows], self.lone: self.second.bounds[self.lone]}

    @property
    def lone(self) -> str:
        """The loop of the result of `second` that `first` does not have."""
        return self.second.columns

    @property
    def nests(self) -> tuple[LoopNest, ...]:
        return (self.row, *(() if self.edge is None else (self.edge,)), self.merge, self.finish)

    @property
    def links(self) -> tuple[ArrayKernel, ...]:
        """As of a chain: what other machines run one after the other."""
        return (self.first, VectorProgram(self.kind, (self.row, self.merge, self.finish), self.lanes), self.second)

    @property
    def operands(self) -> tuple[Operand, ...]:
        """What is loaded from DRAM and stored there."""
        return (self.first.ifmap, self.first.weight, self.second.weight, *self.row.inputs, *self.finish.outputs)

    @property
    def useful_macs(self) -> int:
        """Multiply-accumulates of both products, what lies behind the diagonal left out."""
        # 3 causal queries and keys, depths of 4 and 5: 1 + 2 + 3 places, (4 + 5) * 6 = 54.
        bounds = self.bounds
        places = prod(bounds.values())
        if self.diagonal is not None:
            streamed, rows = bounds[self.streamed], bounds[self.diagonal.rows]
            places = places // (streamed * rows) * sum(self.diagonal.seen(row, streamed) for row in range(rows))
        return places * sum(self.whole.values())


def check_fused(kernel: FusedProducts) -> None:
    """Raise KernelError unless the links hand on what the next one takes, along loops that they share."""
    for wrong in _faults(kernel):
        raise KernelError(f"{kernel.kind}: {wrong}")


def _faults(kernel: FusedProducts) -> Iterator[str]:
    first, second, loops = kernel.first, kernel.second, kernel.bounds
    outer = {name: bound for name, bound in loops.items() if name != kernel.streamed}
    result = outer | {kernel.lone: second.bounds.get(kernel.lone, 0)}
    for product, own, sides in (
        (first, loops | {first.rows: first.bounds[first.rows]}, (first.rows, kernel.streamed)),
        (second, loops | result, (kernel.streamed, kernel.lone)),
    ):
        if product.bounds != own or (product.rows, product.columns) != sides or len(own) != len(loops) + 1:
            yield f"a product has the loops {product.bounds} and not {own}, {sides[0]} along rows, {sides[1]} columns"
        if product.bias is not None:
            yield "neither product takes a bias"
    for nest, own in ((kernel.row, loops), (kernel.edge, loops), (kernel.merge, result), (kernel.finish, result)):
        if nest is not None and dict(nest.loops) != own:
            yield f"a nest has the loops {dict(nest.loops)} and not {own}"
    handed = ((first.psum, kernel.row), (second.ifmap, kernel.row), (second.psum, kernel.merge))
    for operand, nest in (*handed, *((operand, kernel.edge) for operand, _ in handed[:2] if kernel.edge is not None)):
        if operand not in nest.scratch:
            yield f"'{operand.name}' is handed on and no scratch of the nest that works on it"
    if kernel.row.outputs or kernel.merge.outputs or kernel.merge.inputs or kernel.finish.inputs:
        yield "loads belong to the nest of each tile, stores to the last one"
    if kernel.edge is not None and kernel.edge.inputs != kernel.row.inputs:
        yield "what tiles on the diagonal load is what other tiles load"
    if kernel.lanes not in outer:
        yield f"the lanes run along '{kernel.lanes}', which is none of {list(outer)}"
    diagonal = kernel.diagonal
    if (diagonal is None) != (kernel.edge is None):
        yield "a diagonal and a nest for the tiles on it go together"
    if diagonal is not None and (diagonal.rows not in outer or diagonal.first < 1):
        yield f"each row of {list(outer)} has to do with at least one of what is streamed, got {diagonal}"
    if diagonal is not None and kernel.edge is not None:
        counters = {operand.name: operand.loops for operand in kernel.edge.scratch}
        if (counters.get(diagonal.last), counters.get(diagonal.position)) != ((diagonal.rows,), (kernel.streamed,)):
            yield f"'{diagonal.last}' and '{diagonal.position}' must be scratch along the rows and along the stream"
    yield from _indices(kernel)


def _indices(kernel: FusedProducts) -> Iterator[str]:
    """Each dimension goes along one loop, from end to end; what takes another's place goes along the same."""
    bounds = kernel.bounds | kernel.whole
    made = {operand.name: operand for nest in kernel.nests for operand in (*nest.scratch, *nest.outputs)}
    for operand in (*kernel.operands, kernel.first.psum, kernel.second.ifmap, kernel.second.psum, *made.values()):
        for expression, extent in zip(operand.index, operand.shape, strict=True):
            loops = [loop for loop, _ in expression.terms]
            if len(loops) != 1 or expression != affine(loops[0]) or extent != bounds[loops[0]]:
                yield f"'{operand.name}' has {expression} over {extent} elements, where one whole loop should run"
    for one, other in kernel.in_place:
        if not {one, other} <= made.keys() or made[one].index != made[other].index:
            yield f"'{one}' cannot take the place of '{other}'"
