"""What kernels are made of: loops, operands with their indices, straight-line code and the nests that run it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from simdc.named import NamedTuple


class Affine(NamedTuple):
    """An index expression over loop variables, `2*oh + kh - 3`: `terms` are (loop, coefficient), all positive."""

    terms: tuple[tuple[str, int], ...]
    constant: int = 0

    def span(self, tile: Mapping[str, int]) -> int:
        """Number of positions between the first and the last index that a tile touches, both included."""
        # 2*oh + kh, 4 rows and a window of 3: 1 + 2 * 3 + 2 = 9.
        return 1 + sum(step * (tile[loop] - 1) for loop, step in self.terms)

    def __str__(self) -> str:
        text = " + ".join(loop if step == 1 else f"{step}*{loop}" for loop, step in self.terms) or "0"
        if self.constant:
            text += f" {'+' if self.constant > 0 else '-'} {abs(self.constant)}"
        return text


@lru_cache(maxsize=4096)
def affine(*terms: str | tuple[str, int], constant: int = 0) -> Affine:
    """`affine(("oh", 2), "kh", constant=-3)` is `2*oh + kh - 3`."""
    return Affine(tuple((term, 1) if isinstance(term, str) else term for term in terms), constant)


class Loop(NamedTuple):
    """A loop variable that runs from 0 to `bound` - 1."""

    name: str
    bound: int


class Operand(NamedTuple):
    """A tensor and how the loops index it. `index` has one expression per dimension of `shape`; positions outside the
    shape are padding. `bits` is the width of one element in DRAM."""

    name: str
    bits: int
    shape: tuple[int, ...]
    index: tuple[Affine, ...]  # pyright: ignore[reportIncompatibleMethodOverride]  # nobody searches an operand

    @property
    def loops(self) -> tuple[str, ...]:
        """The loops that move this operand, in the order in which they appear."""
        return _loops_of(self.index)

    @property
    def is_entangled(self) -> bool:
        """Whether a loop moves two dimensions at once, as along a diagonal."""
        return len(self.loops) < sum(len(terms) for terms, _ in self.index)


@lru_cache(maxsize=4096)
def _loops_of(index: tuple[Affine, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(loop for expression in index for loop, _ in expression.terms))


def shared_loops(result: Operand, bounds: Mapping[str, int]) -> tuple[str, ...]:
    """Loops along which tiles of a result have elements in common: those of a dimension that several loops index, as
    where a pool's gradient goes back to overlapping windows. A tile that is not the first along one of them finds
    elements that an earlier tile began. Windows that lie side by side (step at least their span) share none; tiles of
    one window, cut within, still do."""
    # dx[2*oh + kh], kh 0 .. 2: windows of rows 0 .. 2, 2 .. 4 meet in row 2: oh and kh. dx[3*oh + kh]: rows 0 .. 2,
    # 3 .. 5 do not: kh alone; a tile with kh 0 only has rows 0, 3, 6, and its box, 0 .. 6, those of kh 1 and 2.
    shared: list[str] = []
    for terms, _ in result.index:
        if len(terms) < 2:
            continue
        place, step = max(terms, key=lambda term: term[1])
        window = [term for term in terms if term[0] != place]
        span = 1 + sum(reach * (bounds[loop] - 1) for loop, reach in window)
        shared += [loop for loop, _ in window] if span <= step else [loop for loop, _ in terms]
    return tuple(shared)


class Instruction(NamedTuple):
    """`dest = opcode(sources)`. A name is an operand, scratch or a temporary vector; a number is an immediate.

    Opcodes are the fields of `Latencies`. `conditional_move(a, b, x, y)` is x where a equals b, else y;
    `mac(sum, a, b)` is sum + a * b.
    """

    opcode: str
    dest: str
    sources: tuple[str | float, ...]


class CodeBlock(NamedTuple):
    """Straight-line code that a tile runs once for each point of `loops`.

    A block over fewer loops than its nest runs only in the tile that finishes the missing loops (`at="end"`, a result
    per finished sum) or in the tile that begins them (`at="start"`).
    """

    # Mean of x[c, h] over h, 10 in tiles of 4, 4, 2: a block over (c, h) adds in each tile, one over (c,) divides by 10
    # in the third.

    loops: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    at: str = "end"


class _Nest(NamedTuple):
    loops: tuple[Loop, ...]
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]
    blocks: tuple[CodeBlock, ...]
    scratch: tuple[Operand, ...] = ()
    initial: tuple[tuple[str, float], ...] = ()
    views: tuple[Operand, ...] = ()
    whole: tuple[str, ...] = ()


# Softmax of rows x[n, k]: maximum, then exponentials and their sum, then division, each a block over (n, k) with a
# number for each row in vector memory. A tile runs block after block: were k cut, the first tile would divide by the
# sum over its own part. So k is whole.
class LoopNest(_Nest):
    """One pass over a loop nest. Inputs are loaded from DRAM, outputs stored to it, scratch stays in vector memory.

    `loops` stand in the default order, outermost first. `initial` gives what an accumulating output or scratch
    operand holds before its first update. `views` are further ways to index an input's tile that is there anyway:
    they move nothing and take no space; each stands beside the input of the same shape that its name has before its
    dot (`x.center` views `x`). `whole` names loops that no tile cuts, since a block needs what an earlier one of the
    same tile makes of all of them.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """As of any tuple, loops to keep whole left out where there are none: IR text holds a digest of this."""
        shown = self if self.whole else self[:-1]
        return f"LoopNest({', '.join(f'{name}={value!r}' for name, value in zip(self._fields, shown, strict=False))})"


def viewed(view: Operand, nest: LoopNest) -> Operand:
    """The input that `view` is a view of."""
    name = view.name.partition(".")[0]
    return next(operand for operand in nest.inputs if operand.name == name)
