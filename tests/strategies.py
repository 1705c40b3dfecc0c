"""Random kernels, tilings and machines, small enough to walk tile by tile.

Everything is valid: results never depend on the order in which a parallel loop runs, instructions only read what is
defined, and lanes never exchange data. Buffers and memories are roomy, so that no tiling is refused.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from simdc.cost.hardware import (
    Bandwidths,
    Buffers,
    Hardware,
    Latencies,
    Prices,
    SimdArray,
    SramPrices,
    SystolicArray,
    Widths,
)
from simdc.cost.kernel import (
    Affine,
    CodeBlock,
    Contraction,
    Instruction,
    Kernel,
    Loop,
    LoopNest,
    Operand,
    VectorProgram,
    affine,
)
from simdc.cost.ratio import rate_of
from simdc.cost.tiling import Tiling, loop_bounds

MAX_ARRAY = 4
"""Largest number of rows, columns and lanes; channels are rounded up by less than this."""

MAX_TILES = 300
ROOMY_BITS = 1 << 40
WIDTHS = (1, 4, 8, 16, 32)
FREE = Prices(
    source="none, energy is not under test",
    pe_pj_per_cycle=0.0,
    lane_pj_per_cycle=0.0,
    dram_pj_per_bit=0.0,
    sram_pj_per_bit=SramPrices(wbuf=0.0, ibuf=0.0, obuf=0.0, bbuf=0.0, vmem=0.0, imm=0.0, insmem=0.0),
)


@st.composite
def machines(draw: DrawFn, *, stores_padding: bool | None = None) -> Hardware:
    """Tiny machines, from starved to generous ports. `stores_padding` is drawn unless it is given."""
    side = st.integers(1, MAX_ARRAY)
    fractions = st.builds(Fraction, st.integers(1, 2000), st.integers(2, 50))
    bandwidth = st.one_of(st.integers(1, 16), st.sampled_from((32, 100, 1000, 1 << 20)), fractions.map(rate_of))
    width = st.sampled_from(WIDTHS)
    latency = st.integers(1, 5)
    return Hardware(
        name="tiny",
        clock_ns=1.0,
        stores_padding=draw(st.booleans()) if stores_padding is None else stores_padding,
        systolic=SystolicArray(
            rows=draw(side),
            columns=draw(side),
            widths=Widths(
                weight_bits=draw(width), ifmap_bits=draw(width), bias_bits=draw(width), psum_bits=draw(width)
            ),
            buffers=Buffers(weight_bits=ROOMY_BITS, ifmap_bits=ROOMY_BITS, psum_bits=ROOMY_BITS, bias_bits=ROOMY_BITS),
            bandwidths=Bandwidths(
                weight_bits_per_cycle=draw(bandwidth),
                ifmap_bits_per_cycle=draw(bandwidth),
                psum_bits_per_cycle=draw(bandwidth),
            ),
        ),
        simd=SimdArray(
            lanes=draw(side),
            width_bits=draw(width),
            vmem_bits=ROOMY_BITS,
            bandwidth_bits_per_cycle=draw(bandwidth),
            instruction_bits=draw(st.sampled_from((16, 32))),
            instruction_memory_bits=ROOMY_BITS,
            immediate_memory_bits=ROOMY_BITS,
            pipeline_stages=draw(st.integers(1, 6)),
            raw_wait_cycles=draw(st.integers(0, 3)),
            latency_cycles=Latencies(add=draw(latency), mul=draw(latency), max=draw(latency), div=draw(latency)),
        ),
        prices=FREE,
    )


@st.composite
def tilings(draw: DrawFn, kernel: Kernel, *, max_tiles: int = MAX_TILES) -> Tiling:
    """Any loop order; sizes from 1 to beyond the bound, grown where the walk would be longer than `max_tiles`."""
    bounds = loop_bounds(kernel)
    order = draw(st.permutations(list(bounds)))
    sizes = {loop: draw(st.integers(1, bounds[loop] + 2)) for loop in order}

    padded = (kernel.rows, kernel.columns) if isinstance(kernel, Contraction) else ("c",)

    def count(loop: str) -> int:
        longest = bounds[loop] + (MAX_ARRAY - 1 if loop in padded else 0)
        return -(-longest // sizes[loop])

    while prod(count(loop) for loop in order) > max_tiles:
        sizes[max(order, key=count)] *= 2
    return Tiling(tuple(order), tuple(sizes[loop] for loop in order))


def contractions() -> SearchStrategy[Contraction]:
    """Convolutions (strided, dilated, padded, grouped, depthwise), fully connected layers, batched matrix products."""
    return st.one_of(convolutions(), linear_layers(), matrix_products())


@st.composite
def windows(draw: DrawFn, out: str, tap: str, *, max_taps: int = 3) -> tuple[int, int, int, Affine]:
    """A sliding window along one axis: bounds of `out` and `tap`, extent of the input and the index into it.

    Strides may exceed the window, padding may hide whole taps, and a rest of the input may stay untouched.
    """
    outputs, taps = draw(st.integers(1, 5)), draw(st.integers(1, max_taps))
    stride, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    padding = draw(st.integers(0, (taps - 1) * dilation + 1))
    span = (outputs - 1) * stride + (taps - 1) * dilation + 1
    extent = max(1, span - 2 * padding + draw(st.integers(0, stride - 1)))
    return outputs, taps, extent, affine((out, stride), (tap, dilation), constant=-padding)


@st.composite
def convolutions(draw: DrawFn) -> Contraction:
    batch = draw(st.integers(1, 2))
    groups = draw(st.sampled_from((1, 1, 2, 3)))
    deepest = 9 if groups == 1 else 3
    ic, oc = draw(st.integers(1, deepest)), draw(st.integers(1, deepest))
    oh, kh, height, row = draw(windows("oh", "kh"))
    ow, kw, width, column = draw(windows("ow", "kw"))
    weight_bits, ifmap_bits, psum_bits, ofmap_bits, bias_bits = (draw(st.sampled_from(WIDTHS)) for _ in range(5))

    grouped = groups > 1
    loops = (("oc", oc), ("ic", ic), ("kh", kh), ("kw", kw), ("n", batch), ("oh", oh), ("ow", ow))
    in_channel = affine(("g", ic), "ic") if grouped else affine("ic")
    out_channel = affine(("g", oc), "oc") if grouped else affine("oc")
    bias = Operand("bias", bias_bits, (groups * oc,), (out_channel,))
    return Contraction(
        kind="conv2d",
        loops=tuple(Loop(name, bound) for name, bound in ((("g", groups),) if grouped else ()) + loops),
        ifmap=Operand("ifmap", ifmap_bits, (batch, groups * ic, height, width), (affine("n"), in_channel, row, column)),
        weight=Operand(
            "weight", weight_bits, (groups * oc, ic, kh, kw), (out_channel, affine("ic"), affine("kh"), affine("kw"))
        ),
        psum=Operand(
            "psum", psum_bits, (batch, groups * oc, oh, ow), (affine("n"), out_channel, affine("oh"), affine("ow"))
        ),
        ofmap_bits=ofmap_bits,
        bias=bias if draw(st.booleans()) else None,
    )


@st.composite
def linear_layers(draw: DrawFn) -> Contraction:
    batch, ic, oc = draw(st.integers(1, 4)), draw(st.integers(1, 17)), draw(st.integers(1, 17))
    weight_bits, ifmap_bits, psum_bits, ofmap_bits, bias_bits = (draw(st.sampled_from(WIDTHS)) for _ in range(5))
    bias = Operand("bias", bias_bits, (oc,), (affine("oc"),))
    return Contraction(
        kind="linear",
        loops=(Loop("oc", oc), Loop("ic", ic), Loop("n", batch)),
        ifmap=Operand("ifmap", ifmap_bits, (batch, ic), (affine("n"), affine("ic"))),
        weight=Operand("weight", weight_bits, (oc, ic), (affine("oc"), affine("ic"))),
        psum=Operand("psum", psum_bits, (batch, oc), (affine("n"), affine("oc"))),
        ofmap_bits=ofmap_bits,
        bias=bias if draw(st.booleans()) else None,
    )


@st.composite
def matrix_products(draw: DrawFn) -> Contraction:
    """`psum[b, m, p] = ifmap[b, m, k] * weight[b, k, p]`, with other loop names than a convolution's."""
    bounds = {loop: draw(st.integers(1, 6)) for loop in ("b", "p", "k", "m")}

    def operand(name: str, *index: str) -> Operand:
        bits = draw(st.sampled_from(WIDTHS))
        return Operand(name, bits, tuple(bounds[loop] for loop in index), tuple(affine(loop) for loop in index))

    return Contraction(
        kind="matmul",
        loops=tuple(Loop(name, bound) for name, bound in bounds.items()),
        ifmap=operand("ifmap", "b", "m", "k"),
        weight=operand("weight", "b", "k", "p"),
        psum=operand("psum", "b", "m", "p"),
        ofmap_bits=draw(st.sampled_from(WIDTHS)),
        rows="k",
        columns="p",
    )


def vector_programs() -> SearchStrategy[VectorProgram]:
    """Element-wise programs, pooling, reductions, and reductions whose result a second phase uses."""
    return st.one_of(elementwise_programs(), pools(), reductions(), normalizations())


@st.composite
def _maps(draw: DrawFn) -> dict[str, int]:
    """Bounds of the loops of a batch of feature maps, channels outermost."""
    return {
        "c": draw(st.integers(1, 9)),
        "n": draw(st.integers(1, 3)),
        "h": draw(st.integers(1, 5)),
        "w": draw(st.integers(1, 5)),
    }


def _loops(bounds: dict[str, int]) -> tuple[Loop, ...]:
    return tuple(Loop(name, bound) for name, bound in bounds.items())


def _operand(name: str, bits: int, bounds: dict[str, int], *index: str) -> Operand:
    return Operand(name, bits, tuple(bounds[loop] for loop in index), tuple(affine(loop) for loop in index))


@st.composite
def _code(draw: DrawFn, inputs: tuple[str, ...], result: str) -> tuple[Instruction, ...]:
    """One to four instructions. The last writes `result`, the others temporaries that later ones may read."""
    instructions: list[Instruction] = []
    known = list(inputs)
    length = draw(st.integers(1, 4))
    for number in range(length):
        opcode = draw(st.sampled_from(("add", "sub", "mul", "max", "div", "exp")))
        left = draw(st.sampled_from(known))
        right: str | float = draw(st.one_of(st.sampled_from(known), st.sampled_from((0.5, 2.0))))
        dest = result if number == length - 1 else f"t{number}"
        instructions.append(Instruction(opcode, dest, (left,) if opcode == "exp" else (left, right)))
        known.append(dest)
    return tuple(instructions)


@st.composite
def elementwise_programs(draw: DrawFn) -> VectorProgram:
    """Maps of the same shape, per-channel operands and scalars in, maps out. Sometimes lanes run along the width."""
    bounds = draw(_maps())
    indices = (("n", "c", "h", "w"), ("n", "c", "h", "w"), ("c",), ("n", "c"), ())
    inputs = tuple(
        _operand(f"x{number}", draw(st.sampled_from(WIDTHS)), bounds, *draw(st.sampled_from(indices)))
        for number in range(draw(st.integers(1, 3)))
    )
    outputs = tuple(
        _operand(f"y{number}", draw(st.sampled_from(WIDTHS)), bounds, "n", "c", "h", "w")
        for number in range(draw(st.integers(1, 2)))
    )
    names = tuple(operand.name for operand in inputs)
    code = tuple(instruction for operand in outputs for instruction in draw(_code(names, operand.name)))
    return VectorProgram(
        kind="elementwise",
        nests=(LoopNest(_loops(bounds), inputs, outputs, (CodeBlock(tuple(bounds), code),)),),
        lanes=draw(st.sampled_from(("c", "c", "w"))),
    )


@st.composite
def pools(draw: DrawFn) -> VectorProgram:
    """Maximum or average over windows with a halo; the average divides where a window is finished."""
    oh, kh, height, row = draw(windows("oh", "kh"))
    ow, kw, width, column = draw(windows("ow", "kw"))
    batch, channels = draw(st.integers(1, 2)), draw(st.integers(1, 9))
    bounds = {"c": channels, "n": batch, "oh": oh, "ow": ow, "kh": kh, "kw": kw}
    ifmap = Operand(
        "x", draw(st.sampled_from(WIDTHS)), (batch, channels, height, width), (affine("n"), affine("c"), row, column)
    )
    ofmap = _operand("y", draw(st.sampled_from(WIDTHS)), bounds, "n", "c", "oh", "ow")
    average = draw(st.booleans())
    blocks = (CodeBlock(tuple(bounds), (Instruction("add" if average else "max", "y", ("y", "x")),)),)
    if average:
        blocks += (CodeBlock(("c", "n", "oh", "ow"), (Instruction("mul", "y", ("y", 1 / (kh * kw))),)),)
    return VectorProgram(
        kind="avg_pool" if average else "max_pool",
        nests=(LoopNest(_loops(bounds), (ifmap,), (ofmap,), blocks, initial=(("y", 0.0 if average else -1e30),)),),
    )


@st.composite
def reductions(draw: DrawFn) -> VectorProgram:
    """Sums over some of n, h, w with a block where they start, a block per element and a block where they end."""
    bounds = draw(_maps())
    kept = ("c", *draw(st.lists(st.sampled_from(("n", "h", "w")), unique=True, max_size=2)))
    full = draw(st.booleans())
    source = _operand("x", draw(st.sampled_from(WIDTHS)), bounds, "n", "c", "h", "w")
    scale = _operand("scale", draw(st.sampled_from(WIDTHS)), bounds, "c")
    total = _operand("total", draw(st.sampled_from(WIDTHS)), bounds, *kept)
    result = _operand("result", draw(st.sampled_from(WIDTHS)), bounds, *kept)

    begin = CodeBlock(kept, (Instruction("mul", "total", ("scale", 2.0)),), at="start")
    body = CodeBlock(tuple(bounds), (*draw(_code(("x", "scale"), "t")), Instruction("add", "total", ("total", "t"))))
    end = CodeBlock(kept, draw(_code(("total", "scale"), "result")))
    starts_with_code = draw(st.booleans())
    return VectorProgram(
        kind="reduction",
        nests=(
            LoopNest(
                loops=_loops(bounds),
                inputs=(source, scale),
                outputs=(total, result) if full else (result,),
                blocks=(begin, body, end) if starts_with_code else (body, end),
                scratch=() if full else (total,),
                initial=() if starts_with_code else (("total", 0.0),),
            ),
        ),
    )


@st.composite
def normalizations(draw: DrawFn) -> VectorProgram:
    """A per-channel sum, then an element-wise phase that reads it."""
    bounds = draw(_maps())
    source = _operand("x", draw(st.sampled_from(WIDTHS)), bounds, "n", "c", "h", "w")
    mean = _operand("mean", draw(st.sampled_from(WIDTHS)), bounds, "c")
    result = _operand("y", draw(st.sampled_from(WIDTHS)), bounds, "n", "c", "h", "w")
    loops = _loops(bounds)
    count = float(bounds["n"] * bounds["h"] * bounds["w"])
    return VectorProgram(
        kind="normalization",
        nests=(
            LoopNest(
                loops=loops,
                inputs=(source,),
                outputs=(mean,),
                blocks=(
                    CodeBlock(tuple(bounds), (Instruction("add", "mean", ("mean", "x")),)),
                    CodeBlock(("c",), (Instruction("div", "mean", ("mean", count)),)),
                ),
                initial=(("mean", 0.0),),
            ),
            LoopNest(loops, (source, mean), (result,), (CodeBlock(tuple(bounds), draw(_code(("x", "mean"), "y"))),)),
        ),
    )
