"""Machines and layers whose numbers are small enough for arithmetic by hand."""

from __future__ import annotations

from simdc.cost.hardware import (
    Bandwidths,
    Buffers,
    Hardware,
    Prices,
    SimdArray,
    SramPrices,
    SystolicArray,
    Widths,
)
from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.cost.tiling import Tiling
from simdc.frozen import evolve

ROOMY_BITS = 1 << 40
NO_PRICES = Prices("not under test", 0.0, 0.0, 0.0, SramPrices(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))


def small_machine(
    *,
    stores_padding: bool = False,
    ports: tuple[int, int, int] = (8, 16, 8),
    buffers: tuple[int, int, int, int] = (ROOMY_BITS,) * 4,
    simd_port: int = 16,
    vmem_bits: int = ROOMY_BITS,
    lanes: int = 2,
    side: int = 2,
) -> Hardware:
    """2 x 2 PEs, so a tile fills in 1 + 1 cycles; 2 lanes and 6 stages, so a vector tile fills in 5 + 1 cycles.

    `ports` are weight, ifmap, psum; `buffers` weight, ifmap, psum, bias. Everything is 8 bits wide but psums, bias and
    SIMD values, which are 32.
    """
    return Hardware(
        "small",
        1.0,
        stores_padding,
        SystolicArray(side, side, Widths(8, 8, 32, 32), Buffers(*buffers), Bandwidths(*ports)),
        SimdArray(lanes, 32, vmem_bits, simd_port),
        NO_PRICES,
    )


def with_ports(hardware: Hardware, ports: tuple[int, int, int], simd_port: int) -> Hardware:
    return evolve(
        hardware,
        systolic=evolve(hardware.systolic, bandwidths=Bandwidths(*ports)),
        simd=evolve(hardware.simd, bandwidth_bits_per_cycle=simd_port),
    )


def row_convolution(
    *, ic: int = 1, oc: int = 1, ow: int = 1, kw: int = 1, stride: int = 1, padding: int = 0, bias: bool = False
) -> Contraction:
    """A convolution over an image of one row."""
    width = (ow - 1) * stride + kw - 2 * padding
    return Contraction(
        kind="conv2d",
        loops=(Loop("oc", oc), Loop("ic", ic), Loop("kw", kw), Loop("ow", ow)),
        ifmap=Operand("ifmap", 8, (ic, width), (affine("ic"), affine(("ow", stride), "kw", constant=-padding))),
        weight=Operand("weight", 8, (oc, ic, kw), (affine("oc"), affine("ic"), affine("kw"))),
        psum=Operand("psum", 32, (oc, ow), (affine("oc"), affine("ow"))),
        ofmap_bits=8,
        bias=Operand("bias", 32, (oc,), (affine("oc"),)) if bias else None,
    )


def image_convolution(size: tuple[int, int], window: tuple[int, int], ic: int, oc: int, stride: int = 1) -> Contraction:
    """One image with `size` positions and no border."""
    bounds = {"oc": oc, "ic": ic, "kh": window[0], "kw": window[1], "oh": size[0], "ow": size[1]}
    image = [(positions - 1) * stride + side for positions, side in zip(size, window, strict=True)]
    return Contraction(
        "conv2d",
        tuple(Loop(*each) for each in bounds.items()),
        Operand("ifmap", 8, (ic, *image), (affine("ic"), affine(("oh", stride), "kh"), affine(("ow", stride), "kw"))),
        Operand("weight", 8, (oc, ic, *window), tuple(map(affine, ("oc", "ic", "kh", "kw")))),
        Operand("psum", 32, (oc, *size), tuple(map(affine, ("oc", "oh", "ow")))),
        8,
    )


def pencil_layer() -> tuple[Contraction, Tiling]:
    """The 1x1 convolution that docs/architecture.md works out with a pencil, in its 4 tiles."""
    oc, ic, oh = affine("oc"), affine("ic"), affine("oh")
    kernel = Contraction(
        kind="conv2d",
        loops=(Loop("oc", 2), Loop("ic", 4), Loop("oh", 4)),
        ifmap=Operand("ifmap", 8, (4, 4), (ic, oh)),
        weight=Operand("weight", 8, (2, 4), (oc, ic)),
        psum=Operand("psum", 32, (2, 4), (oc, oh)),
        ofmap_bits=32,
    )
    return kernel, Tiling(("oc", "ic", "oh"), (2, 2, 2))


def schedule(order: str, **sizes: int) -> Tiling:
    """Loops that are not named have tiles of one."""
    names = tuple(order.split())
    return Tiling(names, tuple(sizes.get(name, 1) for name in names))
