"""Attention as one kernel: its scores and probabilities stay on chip, key tile after key tile."""

from __future__ import annotations

from simdc.cost.kernel import (
    CodeBlock,
    Contraction,
    Diagonal,
    FusedProducts,
    Instruction,
    Loop,
    LoopNest,
    Operand,
    affine,
)
from simdc.named import NamedTuple

LOWEST = -1e38
"""No score is less; 32-bit floats go down to -3.4e38. Not infinity: the difference of two of these is no number."""

OUTER = ("b", "g", "r", "n")
KEYS = "s"
SCORES = (*OUTER, KEYS)
RESULT = (*OUTER, "e")


class AttentionShape(NamedTuple):
    """`batch` sequences, `groups` key and value heads, `heads` query heads for each of these; `queries` and `keys`
    tokens; `depth` of queries and keys, `value_depth` of values and results."""

    # 32 query and 8 key heads of 128 channels, 2,048 tokens: (1, 8, 4, 2048, 2048, 128, 128).

    batch: int
    groups: int
    heads: int
    queries: int
    keys: int
    depth: int
    value_depth: int

    @property
    def bounds(self) -> dict[str, int]:
        return dict(zip((*SCORES, "d", "e"), self, strict=True))


class AttentionBits(NamedTuple):
    """Widths of elements in DRAM, of partial sums of the array (`psum`) and of values in vector memory (`lanes`)."""

    query: int
    key: int
    value: int
    mask: int
    output: int
    psum: int
    lanes: int


def fused_attention(
    shape: AttentionShape,
    bits: AttentionBits,
    *,
    scale: float = 1.0,
    first: int | None = None,
    mask: tuple[str, ...] | None = None,
) -> FusedProducts:
    """`softmax(scale * query @ key^T + mask) @ value` with an online softmax over tiles of keys.

    query [b, g, r, n, d], key [b, g, s, d], value [b, g, s, e], result [b, g, r, n, e]. Causal where `first` is given:
    query 0 sees the first `first` keys, each query one more. `mask` has the loops that move an additive mask, such as
    ("n", "s"); of a row that it closes wholly nothing comes (0 / 0). Queries lie on the lanes, or the heads of a group
    where these are more. Raises ValueError for a scale that is not positive or a mask along other loops than b, g, r, n
    and s, KernelError for a `first` below 1.
    """
    if not scale > 0:
        raise ValueError(f"the scale of attention must be positive, got {scale}")
    if mask is not None and (not mask or [loop for loop in SCORES if loop in mask] != list(mask)):
        raise ValueError(f"a mask goes along some of {list(SCORES)}, in this order, got {list(mask)}")
    bounds = shape.bounds
    make = _Maker(bounds)
    products = _products(make, bits)
    handed = products[0].psum, products[1].ifmap
    inputs = () if mask is None else (make.operand("mask", bits.mask, mask),)
    row, edge = (_softmax(make, handed, inputs, bits.lanes, scale, crossed=crossed) for crossed in (False, True))
    merge, finish = _merge(make, products[1].psum, bits)
    return FusedProducts(
        "attention",
        make.loops(*SCORES),
        *products,
        row,
        merge,
        finish,
        lanes="n" if bounds["n"] >= bounds["r"] else "r",
        in_place=(("p", "scores"), ("result", "context")),
        diagonal=None if first is None else Diagonal("n", first, "last", "position"),
        edge=None if first is None else edge,
    )


class _Maker(NamedTuple):
    """Makes loops and operands by the names of loops."""

    bounds: dict[str, int]

    def loops(self, *names: str) -> tuple[Loop, ...]:
        return tuple(Loop(name, self.bounds[name]) for name in names)

    def operand(self, name: str, bits: int, loops: tuple[str, ...]) -> Operand:
        return Operand(name, bits, tuple(self.bounds[loop] for loop in loops), tuple(affine(loop) for loop in loops))


def _products(make: _Maker, bits: AttentionBits) -> tuple[Contraction, Contraction]:
    """Scores of queries and keys; probabilities, which are as wide as queries, times values."""
    scores = Contraction(
        "attention",
        make.loops(*SCORES, "d"),
        make.operand("query", bits.query, (*OUTER, "d")),
        make.operand("key", bits.key, ("b", "g", KEYS, "d")),
        make.operand("scores", bits.psum, SCORES),
        bits.psum,
        rows="d",
        columns=KEYS,
    )
    context = Contraction(
        "attention",
        make.loops(*RESULT, KEYS),
        make.operand("p", bits.query, SCORES),
        make.operand("value", bits.value, ("b", "g", KEYS, "e")),
        make.operand("part", bits.psum, RESULT),
        bits.psum,
        rows=KEYS,
        columns="e",
    )
    return scores, context


def _softmax(
    make: _Maker,
    handed: tuple[Operand, Operand],
    inputs: tuple[Operand, ...],
    bits: int,
    scale: float,
    *,
    crossed: bool,
) -> LoopNest:
    """A tile of scores to probabilities that are not divided yet: largest score so far, by how much the sums of the
    tiles before shrink, exponentials and their sum. Where the diagonal crosses the tile (`crossed`) scores behind it
    become the lowest. Without a mask the scale waits for the exponentials: of what is scaled by a positive number the
    largest is the same."""
    # Scores 1, 3 | 5: the largest is 3, then 5; exp(-2) + exp(0) shrinks by exp(3 - 5), and exp(0) is added.
    masked = bool(inputs)
    late = 1.0 if masked else scale
    step: list[Instruction] = []
    if crossed:
        # The larger of the key's number and the last that the query sees is the latter's unless the key is behind it.
        step += [
            Instruction("max", "later", ("last", "position")),
            Instruction("conditional_move", "scores", ("later", "last", "scores", LOWEST)),
        ]
    if masked:
        scaled = Instruction("mac", "scores", ("mask", "scores", scale))
        step.append(scaled if scale != 1 else Instruction("add", "scores", ("scores", "mask")))
    step.append(Instruction("max", "largest", ("largest", "scores")))
    shrink = [Instruction("sub", "fall", ("shrink", "largest"))]
    if late != 1:
        shrink.append(Instruction("mul", "fall", ("fall", late)))
    shrink += [Instruction("exp", "shrink", ("fall",)), Instruction("mul", "total", ("total", "shrink"))]
    centered = Instruction("sub", "centered", ("scores", "largest"))
    if late != 1:
        # scale * (score - largest) in one instruction: the row's part is worked out once.
        shrink.append(Instruction("mul", "offset", ("largest", -late)))
        centered = Instruction("mac", "centered", ("offset", "scores", late))
    exponentials = (centered, Instruction("exp", "p", ("centered",)), Instruction("add", "total", ("total", "p")))
    rows = ("largest", "total", "shrink", *(("offset",) if late != 1 else ()))
    scratch = [*handed, *(make.operand(name, bits, OUTER) for name in rows)]
    if crossed:
        scratch += [make.operand("last", bits, ("n",)), make.operand("position", bits, (KEYS,))]
    return LoopNest(
        make.loops(*SCORES),
        inputs,
        (),
        (
            CodeBlock(OUTER, (Instruction("move", "shrink", ("largest",)),), "start"),
            CodeBlock(SCORES, tuple(step)),
            CodeBlock(OUTER, tuple(shrink)),
            CodeBlock(SCORES, exponentials),
        ),
        tuple(scratch),
        initial=(("largest", LOWEST), ("total", 0.0)),
    )


def _merge(make: _Maker, part: Operand, bits: AttentionBits) -> tuple[LoopNest, LoopNest]:
    """A tile's share of the result on top of those before, which shrink; and the division by the sum at the end."""
    context, result = make.operand("context", bits.lanes, RESULT), make.operand("result", bits.output, RESULT)
    total, shrink = (make.operand(name, bits.lanes, OUTER) for name in ("total", "shrink"))
    loops = make.loops(*RESULT)
    add = Instruction("mac", "context", ("part", "context", "shrink"))
    merge = LoopNest(loops, (), (), (CodeBlock(RESULT, (add,)),), (part, context, shrink), initial=(("context", 0.0),))
    inverse = Instruction("div", "total", (1.0, "total"))
    divide = Instruction("mul", "result", ("context", "total"))
    finish = LoopNest(
        loops, (), (result,), (CodeBlock(OUTER, (inverse,)), CodeBlock(RESULT, (divide,))), (context, total)
    )
    return merge, finish
