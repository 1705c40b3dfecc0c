"""What an array runs by itself: a contraction on the systolic array, a vector program on the SIMD array."""

from __future__ import annotations

from math import prod
from typing import Self, TypeAlias

from simdc.named import NamedTuple

from .nest import Loop, LoopNest, Operand
from .wellformed import KernelError, check_contraction, check_mapping, check_program


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
    beside_rows: tuple[str, ...] = ()
    side_by_side: tuple[str, ...] = ()


# A 3x3 convolution with stride 2 and padding 1: ifmap[n, ic, 2*oh + kh - 1, 2*ow + kw - 1], weight[oc, ic, kh, kw],
# psum[n, oc, oh, ow]. ic, kh and kw move no psum: the sum is over them.
class Contraction(_Contraction):
    """Multiply-accumulate over a loop nest: convolution, fully connected layer, matrix product.

    `loops` stand in the default order, outermost first. `psum` is the result as partial sums; a finished element
    leaves for DRAM with `ofmap_bits`. The loop `rows` runs along the rows of the array, `columns` along its columns.
    A loop over groups needs a dimension of its own in each operand: where channels are rounded up, a group's padding
    would otherwise lie over the next group. `macs` is what the mathematics needs, where that is less than the loops
    run through (zeros that dilate a gradient).

    `beside_rows` are further loops that are summed over and share the rows with `rows`, as im2col has a window's
    places there. Loops over groups that are `side_by_side` share rows and columns, each group with PEs of its own.
    Only an array that can do it runs these (`spread.py`). Raises KernelError for an index or a side of the array that
    no loop of the nest runs along, and for loops that cannot lie where they are said to.
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
        beside_rows: tuple[str, ...] = (),
        side_by_side: tuple[str, ...] = (),
    ) -> Self:
        operands = (ifmap, weight, psum) if bias is None else (ifmap, weight, psum, bias)
        check_contraction(loops, operands, (rows, columns))
        check_mapping(operands[:3], rows, beside_rows, side_by_side)
        return super().__new__(
            cls, kind, loops, ifmap, weight, psum, ofmap_bits, bias, rows, columns, macs, beside_rows, side_by_side
        )

    def __repr__(self) -> str:
        """As of any tuple, the loops that share a side of the array left out where there are none: IR text holds a
        digest of this."""
        shown = self if self.beside_rows or self.side_by_side else self[:-2]
        return (
            f"Contraction({', '.join(f'{name}={value!r}' for name, value in zip(self._fields, shown, strict=False))})"
        )

    @property
    def window_loops(self) -> tuple[str, ...]:
        """The loops that may share the rows with `rows`: all others that are summed over and run more than once."""
        summed = (loop for loop in self.loops if loop.name not in self.psum.loops and loop.name != self.rows)
        return tuple(loop.name for loop in summed if loop.bound > 1)

    @property
    def group_loops(self) -> tuple[str, ...]:
        """The loops whose iterations may lie side by side: those that move all of weight, ifmap and psum."""
        return tuple(
            loop.name
            for loop in self.loops
            if loop.bound > 1 and all(loop.name in each.loops for each in (self.weight, self.ifmap, self.psum))
        )

    @property
    def useful_macs(self) -> int:
        """Multiply-accumulates that the mathematics needs, channels that only fill up the array left out."""
        # 2 output and 4 input channels on 4 pixels: 32, however many PEs there are.
        return prod([loop.bound for loop in self.loops]) if self.macs is None else self.macs

    @property
    def bounds(self) -> dict[str, int]:
        """Every loop with its bound, in default order."""
        return {loop.name: loop.bound for loop in self.loops}

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


ArrayMapping = tuple[str, ...]
"""Words of `MAPPINGS`, in their order; none for a contraction that lies on the array as its kernel says."""
MAPPINGS: ArrayMapping = ("window", "packed")
"""`window`: what is summed over lies along the rows, all of it. `packed`: groups lie side by side."""


def mapped(kernel: Contraction, mapping: ArrayMapping) -> Contraction:
    """The contraction on the array in another way. Raises KernelError where it has no loops for that, or for a word
    that is none of `MAPPINGS`."""
    found = {"window": kernel.window_loops, "packed": kernel.group_loops}
    for word in mapping:
        if not found.get(word):
            raise KernelError(f"has no loops for the mapping '{word[:80]}'; its mappings: {mappings_of(kernel)}")
    beside = found["window"] if "window" in mapping else kernel.beside_rows
    groups = found["packed"] if "packed" in mapping else kernel.side_by_side
    return kernel._replace(beside_rows=beside, side_by_side=groups)


def mappings_of(kernel: Contraction) -> list[ArrayMapping]:
    """The mappings that the contraction has loops for, none first."""
    words = [word for word, loops in zip(MAPPINGS, (kernel.window_loops, kernel.group_loops), strict=True) if loops]
    # (), (window), (packed), (window, packed).
    found: list[ArrayMapping] = [()]
    for word in words:
        found += [(*each, word) for each in found]
    return found


class LoopRoles(NamedTuple):
    """What the loops of a vector program are to the layer: some count channels, some images of a batch, some rows and
    columns of an image. Cost models ask this and never what a loop is called. The defaults are the names that our ops
    give, of which a kernel need not have all; a kernel with other names says what they are."""

    channels: tuple[str, ...] = ("c",)
    batch: tuple[str, ...] = ("n",)
    image: tuple[str, ...] = ("h", "w", "od", "oh", "ow")


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
    def bounds(self) -> dict[str, int]:
        """Every loop with its bound, in default order. Loop nests share loops by name."""
        return {loop.name: loop.bound for nest in self.nests for loop in nest.loops}

    @property
    def operands(self) -> tuple[Operand, ...]:
        """What is loaded and stored, nest by nest: a tensor stands here once for each nest that moves it."""
        return tuple(operand for nest in self.nests for operand in (*nest.inputs, *nest.outputs))

    @property
    def padded_loop(self) -> str | None:
        """The loop that a machine which stores padding rounds up to whole vectors, if there is one."""
        # 20 channels on 16 lanes are stored as 32. Softmax has its batch on the lanes: that is stored as it is.
        return self.lanes if self.lanes in self.roles.channels else None


ArrayKernel: TypeAlias = Contraction | VectorProgram
"""What an array runs by itself."""
