"""What a layer is to the cost models: a contraction for the systolic array or a vector program for the SIMD array.

These are tuples because models use them as dictionary keys: identical layers are priced once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import prod
from typing import NamedTuple, Self

from .wellformed import check_contraction, check_program


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


class _Contraction(NamedTuple):
    kind: str
    loops: tuple[Loop, ...]
    ifmap: Operand
    weight: Operand
    psum: Operand
    ofmap_bits: int
    bias: Operand | None = None
    rows: str = "ic"
    columns: str = "oc"
    macs: int | None = None


# A 3x3 convolution with stride 2 and padding 1: ifmap[n, ic, 2*oh + kh - 1, 2*ow + kw - 1], weight[oc, ic, kh, kw],
# psum[n, oc, oh, ow]. ic, kh and kw move no psum: the sum is over them.
class Contraction(_Contraction):
    """Multiply-accumulate over a loop nest: convolution, fully connected layer, matrix product.

    `loops` stand in the default order, outermost first. `psum` is the result as partial sums; a finished element
    leaves for DRAM with `ofmap_bits`. The loop `rows` runs along the rows of the array, `columns` along its columns.
    A loop over groups needs a dimension of its own in each operand: where channels are rounded up, a group's padding
    would otherwise lie over the next group. `macs` is what the mathematics needs, where that is less than the loops
    run through (zeros that dilate a gradient). Raises KernelError for an index or a side of the array that no loop of
    the nest runs along.
    """

    __slots__ = ()

    def __new__(
        cls,
        kind: str,
        loops: tuple[Loop, ...],
        ifmap: Operand,
        weight: Operand,
        psum: Operand,
        ofmap_bits: int,
        bias: Operand | None = None,
        rows: str = "ic",
        columns: str = "oc",
        macs: int | None = None,
    ) -> Self:
        operands = (ifmap, weight, psum) if bias is None else (ifmap, weight, psum, bias)
        check_contraction(loops, operands, (rows, columns))
        return super().__new__(cls, kind, loops, ifmap, weight, psum, ofmap_bits, bias, rows, columns, macs)

    @property
    def useful_macs(self) -> int:
        """Multiply-accumulates that the mathematics needs, channels that only fill up the array left out."""
        # 2 output and 4 input channels on 4 pixels: 32, however many PEs there are.
        return prod([loop.bound for loop in self.loops]) if self.macs is None else self.macs

    @property
    def operands(self) -> tuple[Operand, ...]:
        bias = () if self.bias is None else (self.bias,)
        return (self.ifmap, self.weight, *bias, self.psum)

    @property
    def by_role(self) -> dict[str, Operand]:
        """`ifmap`, `weight`, `psum`, and `bias` if there is one, whatever the kernel calls them."""
        found = {"ifmap": self.ifmap, "weight": self.weight, "psum": self.psum}
        if self.bias is not None:
            found["bias"] = self.bias
        return found


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


class LoopNest(NamedTuple):
    """One pass over a loop nest. Inputs are loaded from DRAM, outputs stored to it, scratch stays in vector memory.

    `loops` stand in the default order, outermost first. `initial` gives what an accumulating output or scratch
    operand holds before its first update. `views` are further ways to index an input's tile that is there anyway:
    they move nothing and take no space; each stands beside the input of the same shape that its name has before its
    dot (`x.center` views `x`).
    """

    loops: tuple[Loop, ...]
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]
    blocks: tuple[CodeBlock, ...]
    scratch: tuple[Operand, ...] = ()
    initial: tuple[tuple[str, float], ...] = ()
    views: tuple[Operand, ...] = ()


def viewed(view: Operand, nest: LoopNest) -> Operand:
    """The input that `view` is a view of."""
    name = view.name.partition(".")[0]
    return next(operand for operand in nest.inputs if operand.name == name)


class LoopRoles(NamedTuple):
    """What the loops of a vector program are to the layer: some count channels, some images of a batch, some rows and
    columns of an image. Cost models ask this and never what a loop is called. The defaults are the names that our ops
    give, of which a kernel need not have all; a kernel with other names says what they are."""

    channels: tuple[str, ...] = ("c",)
    batch: tuple[str, ...] = ("n",)
    image: tuple[str, ...] = ("h", "w", "oh", "ow")


OUR_NAMES = LoopRoles()


class _Program(NamedTuple):
    kind: str
    nests: tuple[LoopNest, ...]
    lanes: str = "c"
    roles: LoopRoles = OUR_NAMES


class VectorProgram(_Program):
    """Loop nests that run one after the other. The loop `lanes` is spread over the SIMD lanes; there is no path between
    lanes, so it is always a parallel loop. Where that loop counts channels (`roles`) a machine that stores padding
    rounds it up to whole vectors. Raises KernelError for nests that are not sound, or that give one loop two
    bounds."""

    __slots__ = ()

    def __new__(cls, kind: str, nests: tuple[LoopNest, ...], lanes: str = "c", roles: LoopRoles = OUR_NAMES) -> Self:
        check_program(nests, lanes)
        return super().__new__(cls, kind, nests, lanes, roles)

    def __repr__(self) -> str:
        """As of any tuple, our usual roles left out: IR text holds a digest of this."""
        shown = self[:-1] if self.roles == OUR_NAMES else self
        fields = (f"{name}={value!r}" for name, value in zip(self._fields, shown, strict=False))
        return f"VectorProgram({', '.join(fields)})"

    @property
    def padded_loop(self) -> str | None:
        """The loop that a machine which stores padding rounds up to whole vectors, if there is one."""
        # 20 channels on 16 lanes are stored as 32. Softmax has its batch on the lanes: that is stored as it is.
        return self.lanes if self.lanes in self.roles.channels else None


Kernel = Contraction | VectorProgram
