"""Kernels for the model: convolutions, and what follows them in a chain."""

from __future__ import annotations

from simdc.cost.kernel import (
    CodeBlock,
    Contraction,
    Instruction,
    Loop,
    LoopNest,
    Operand,
    VectorProgram,
    affine,
)
from simdc.cost.machine import ComputeUnit, Machine, MemoryLevel

IMAGE = tuple(map(affine, ("n", "c", "h", "w")))


def machine(macs: int = 2048, buffer_kib: int = 512, bits_per_cycle: int = 80) -> Machine:
    conv = ComputeUnit(("conv2d", "linear"), "mac", macs)
    cbuf, dram = MemoryLevel(64, 64, buffer_kib * 8192), MemoryLevel(bits_per_cycle, bits_per_cycle)
    return Machine("sheet", 1.0, (("conv", conv),), (("cbuf", cbuf), ("dram", dram)))


def loops(**bounds: int) -> tuple[Loop, ...]:
    return tuple(Loop(name, bound) for name, bound in bounds.items())


def convolution(
    c: int,
    k: int,
    size: tuple[int, int],
    window: tuple[int, int] = (1, 1),
    *,
    stride: int = 1,
    border: int = 0,
    images: int = 1,
    groups: int = 1,
    bits: tuple[int, int] = (8, 8),
) -> Contraction:
    """`c` and `k` of one group; `bits` of the data and of the weights."""
    p, q = ((side + 2 * border - taps) // stride + 1 for side, taps in zip(size, window, strict=True))
    g, more = ((affine("g"),), (groups,)) if groups > 1 else ((), ())
    along = [affine((at, stride), tap, constant=-border) for at, tap in (("oh", "kh"), ("ow", "kw"))]
    bounds = {"g": groups} if groups > 1 else {}
    return Contraction(
        "conv2d",
        loops(**bounds, oc=k, ic=c, kh=window[0], kw=window[1], n=images, oh=p, ow=q),
        ifmap=Operand("ifmap", bits[0], (images, *more, c, *size), (affine("n"), *g, affine("ic"), *along)),
        weight=Operand("weight", bits[1], (*more, k, c, *window), (*g, *map(affine, ("oc", "ic", "kh", "kw")))),
        psum=Operand("psum", 32, (images, *more, k, p, q), (affine("n"), *g, *map(affine, ("oc", "oh", "ow")))),
        ofmap_bits=bits[0],
    )


def linear(c: int, k: int, images: int = 1) -> Contraction:
    return Contraction(
        "linear",
        loops(oc=k, ic=c, n=images),
        ifmap=Operand("ifmap", 8, (images, c), (affine("n"), affine("ic"))),
        weight=Operand("weight", 8, (k, c), (affine("oc"), affine("ic"))),
        psum=Operand("psum", 32, (images, k), (affine("n"), affine("oc"))),
        ofmap_bits=8,
    )


def addition(*shape: int) -> VectorProgram:
    """Of two images."""
    inputs = Operand("a", 8, shape, IMAGE), Operand("b", 8, shape, IMAGE)
    code = CodeBlock(("c", "n", "h", "w"), (Instruction("add", "y", ("a", "b")),))
    n, c, h, w = shape
    nest = LoopNest(loops(c=c, n=n, h=h, w=w), inputs, (Operand("y", 8, shape, IMAGE),), (code,))
    return VectorProgram("add", (nest,))


def pool(c: int, size: tuple[int, int]) -> VectorProgram:
    """Windows of 2 x 2 side by side; what is left over at the end is in none."""
    p, q = (side // 2 for side in size)
    index = (affine("n"), affine("c"), affine(("oh", 2), "kh"), affine(("ow", 2), "kw"))
    x = Operand("x", 8, (1, c, *size), index)
    y = Operand("y", 8, (1, c, p, q), tuple(map(affine, ("n", "c", "oh", "ow"))))
    bounds = {"c": c, "n": 1, "oh": p, "ow": q, "kh": 2, "kw": 2}
    code = CodeBlock(tuple(bounds), (Instruction("max", "y", ("y", "x")),))
    return VectorProgram("max_pool", (LoopNest(loops(**bounds), (x,), (y,), (code,), initial=(("y", 0.0),)),))
