"""Random machines, layers and schedules from plain `random`: quick, and the same for the same seed."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from random import Random
from typing import NamedTuple

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
from simdc.cost.kernel import Affine, Contraction, Kernel, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.cost.ratio import Rate, rate_of
from simdc.cost.tiling import Tiling, loop_bounds

ROOMY_BITS = 1 << 50
WIDTHS = (1, 2, 4, 8, 16, 32, 64)
NO_PRICES = Prices("not under test", 0.0, 0.0, 0.0, SramPrices(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
OPCODES = ("add", "sub", "mul", "max", "min", "div", "exp", "inv_sqrt")


class Case(NamedTuple):
    """What a cost model prices."""

    kernel: Kernel
    tiling: Tiling
    machine: Hardware


def random_machine(random: Random, *, stores_padding: bool | None = None) -> Hardware:
    """Arrays of 1 to 5, ports from one bit a cycle to so wide that everything takes one cycle, roomy memories."""
    side = random.choice((1, 2, 3, 4, 5))

    def port() -> Rate:
        bits = random.choice((random.randint(1, 12), random.randint(1, 100), 1 << random.randint(4, 14), 1 << 30))
        # About every eighth moves no whole bits a cycle.
        return rate_of(Fraction(bits, 7)) if bits % 5 == 3 else bits

    def width() -> int:
        return random.choice(WIDTHS)

    latencies = Latencies(
        *(random.randint(1, 6) for _ in range(5)), div=random.randint(1, 12), exp=random.randint(1, 4)
    )
    return Hardware(
        name="random",
        clock_ns=1.0,
        stores_padding=random.random() < 0.5 if stores_padding is None else stores_padding,
        systolic=SystolicArray(
            side,
            random.choice((1, 2, 3, 4, 5, side)),
            Widths(width(), width(), width(), width()),
            Buffers(ROOMY_BITS, ROOMY_BITS, ROOMY_BITS, ROOMY_BITS),
            Bandwidths(port(), port(), port()),
        ),
        simd=SimdArray(
            lanes=random.choice((1, 2, 3, 4, 5)),
            width_bits=width(),
            vmem_bits=ROOMY_BITS,
            bandwidth_bits_per_cycle=port(),
            instruction_bits=random.choice((16, 32)),
            pipeline_stages=random.randint(1, 6),
            raw_wait_cycles=random.randint(0, 3),
            latency_cycles=latencies,
        ),
        prices=NO_PRICES,
    )


def random_tiling(random: Random, kernel: Kernel, max_tiles: int) -> Tiling:
    """Any order; per loop one iteration, an equal part, a ragged part, the whole or more than the whole. Sizes grow
    until there are no more than `max_tiles` tiles, rounding up included."""
    bounds = loop_bounds(kernel)
    order = list(bounds)
    if random.random() < 0.9:
        random.shuffle(order)

    def size(bound: int) -> int:
        return random.choice(
            (1, -(-bound // 2), -(-bound // 3), random.randint(1, bound), bound, bound + random.randint(0, 9))
        )

    sizes = {loop: size(bounds[loop]) for loop in order}

    def count(loop: str) -> int:
        return -(-(bounds[loop] + 4) // sizes[loop]) if sizes[loop] < bounds[loop] else 1

    while prod(map(count, order)) > max_tiles:
        sizes[random.choice([loop for loop in order if count(loop) > 1])] *= 2
    return Tiling(tuple(order), tuple(sizes[loop] for loop in order))


def random_contraction(random: Random) -> Contraction:
    return random.choice((_convolution, _convolution, _convolution, _gradient, _linear, _matmul))(random)


def window(random: Random, out: str, tap: str) -> tuple[int, int, int, Affine]:
    """Bounds of `out` and `tap`, extent of the input and the index into it. Strides may exceed the window, padding may
    hide whole taps, a rest of the input may stay untouched."""
    outputs, taps = random.randint(1, 6), random.choice((1, 1, 2, 3, 3, 5))
    stride, dilation = random.choice((1, 1, 2, 3)), random.choice((1, 1, 2))
    padding = random.choice((0, random.randint(0, (taps - 1) * dilation + 1)))
    span = (outputs - 1) * stride + (taps - 1) * dilation + 1
    extent = max(1, span - padding - random.choice((padding, padding, 0)) + random.randint(0, stride - 1))
    return outputs, taps, extent, affine((out, stride), (tap, dilation), constant=-padding)


def operand_over(random: Random, name: str, bounds: dict[str, int], *index: str) -> Operand:
    return Operand(
        name, random.choice(WIDTHS), tuple(bounds[loop] for loop in index), tuple(affine(loop) for loop in index)
    )


def _convolution(random: Random) -> Contraction:
    n, groups = random.randint(1, 3), random.choice((1, 1, 1, 2, 4))
    ic, oc = (random.randint(1, 11 if groups == 1 else 4) for _ in range(2))
    if groups > 1 and random.random() < 0.5:
        ic = oc = 1  # depthwise
    oh, kh, height, rows = window(random, "oh", "kh")
    ow, kw, width, columns = window(random, "ow", "kw")
    bounds = {"g": groups, "oc": oc, "ic": ic, "kh": kh, "kw": kw, "n": n, "oh": oh, "ow": ow}
    inner, outer = affine("ic"), affine("oc")
    if groups > 1:
        inner, outer = affine(("g", ic), "ic"), affine(("g", oc), "oc")
    else:
        del bounds["g"]
    weight_index = (outer, affine("ic"), affine("kh"), affine("kw"))
    psum_index = (affine("n"), outer, affine("oh"), affine("ow"))
    bias = Operand("bias", random.choice(WIDTHS), (groups * oc,), (outer,))
    return Contraction(
        "conv2d",
        tuple(Loop(name, bound) for name, bound in bounds.items()),
        Operand("ifmap", random.choice(WIDTHS), (n, groups * ic, height, width), (affine("n"), inner, rows, columns)),
        Operand("weight", random.choice(WIDTHS), (groups * oc, ic, kh, kw), weight_index),
        Operand("psum", random.choice(WIDTHS), (n, groups * oc, oh, ow), psum_index),
        random.choice(WIDTHS),
        bias if random.random() < 0.5 else None,
    )


def _gradient(random: Random) -> Contraction:
    """As a gradient: no bias, and more multiplications run than the mathematics needs."""
    return _convolution(random)._replace(bias=None, macs=random.randint(1, 999))


def _linear(random: Random) -> Contraction:
    bounds = {"oc": random.randint(1, 23), "ic": random.randint(1, 23), "n": random.randint(1, 5)}
    return Contraction(
        "linear",
        tuple(Loop(name, bound) for name, bound in bounds.items()),
        operand_over(random, "ifmap", bounds, "n", "ic"),
        operand_over(random, "weight", bounds, "oc", "ic"),
        operand_over(random, "psum", bounds, "n", "oc"),
        random.choice(WIDTHS),
        operand_over(random, "bias", bounds, "oc") if random.random() < 0.5 else None,
    )


def _matmul(random: Random) -> Contraction:
    bounds = {loop: random.randint(1, 9) for loop in ("b", "p", "k", "m")}
    batch = ("b",) if random.random() < 0.7 else ()
    return Contraction(
        "matmul",
        tuple(Loop(name, bound) for name, bound in bounds.items()),
        operand_over(random, "ifmap", bounds, "b", "m", "k"),
        operand_over(random, "weight", bounds, *batch, "k", "p"),
        operand_over(random, "psum", bounds, "b", "m", "p"),
        random.choice(WIDTHS),
        rows="k",
        columns="p",
    )


def with_random_widths(random: Random, kernel: Kernel) -> Kernel:
    """Every operand stored at any width, the same where it occurs in several phases."""
    widths: dict[str, int] = {}

    def stored(operand: Operand) -> Operand:
        bits = widths.setdefault(operand.name.partition(".")[0], random.choice(WIDTHS))
        return operand._replace(bits=bits)

    def phase(one: LoopNest) -> LoopNest:
        groups = ("inputs", "outputs", "scratch", "views")
        return one._replace(**{name: tuple(map(stored, getattr(one, name))) for name in groups})

    if isinstance(kernel, VectorProgram):
        return kernel._replace(nests=tuple(map(phase, kernel.nests)))
    bias = None if kernel.bias is None else stored(kernel.bias)
    return kernel._replace(
        ifmap=stored(kernel.ifmap),
        weight=stored(kernel.weight),
        psum=stored(kernel.psum),
        bias=bias,
        ofmap_bits=random.choice(WIDTHS),
    )
