"""By default no layer takes more cycles with a larger memory, a wider port or narrower data, one or several at once."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from random import Random

import pytest

import simdc
from simdc.cost import ExactModel, Hardware, Kernel, TilingError, with_field
from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.errors import SimdcError
from simdc.explore.space import field_of
from simdc.frontends.dsl import parse_dsl
from tests.cost.machines import small_machine
from tests.oracles.tight_machines import greedy_cases

EXACT = ExactModel()
MEMORIES = (*(f"systolic.buffers.{name}_bits" for name in ("weight", "ifmap", "psum", "bias")), "simd.vmem_bits")
PORTS = (
    *(f"systolic.bandwidths.{name}_bits_per_cycle" for name in ("weight", "ifmap", "psum")),
    "simd.bandwidth_bits_per_cycle",
)
WIDTHS = (*(f"systolic.widths.{name}_bits" for name in ("weight", "ifmap", "psum", "bias")), "simd.width_bits")


def cycles(kernel: Kernel, machine: Hardware) -> float:
    return EXACT.evaluate(kernel, EXACT.default(kernel, machine), machine).cycles.total


def better_machine(random: Random, machine: Hardware) -> Hardware:
    """One field better, or each of them as likely as not."""
    fields = (*MEMORIES, *PORTS, "simd.width_bits")
    chosen = [random.choice(fields)] if random.random() < 0.5 else [each for each in fields if random.random() < 0.5]
    for path in chosen:
        # 2048/7 bits a cycle: 293 and more are better.
        bits = ceil(Fraction(field_of(machine, path)))
        more = random.choice((bits + 1, bits + random.randint(1, bits), 2 * bits, 8 * bits))
        machine = with_field(machine, path, random.randint(1, bits) if path == "simd.width_bits" else more)
    return machine


def narrower(random: Random, kernel: Kernel) -> Kernel:
    """Some operands narrower, each by itself; what has one name keeps one width."""
    chance, widths = random.choice((0.2, 1.0)), dict[str, int]()

    def less(bits: int) -> int:
        return random.choice((random.randint(1, bits), -(-bits // 2))) if random.random() < chance else bits

    def stored(operand: Operand) -> Operand:
        name = operand.name.partition(".")[0]
        if name not in widths:
            widths[name] = less(operand.bits)
        return operand._replace(bits=widths[name])

    def phase(one: LoopNest) -> LoopNest:
        groups = ("inputs", "outputs", "scratch", "views")
        return one._replace(**{name: tuple(map(stored, getattr(one, name))) for name in groups})

    if isinstance(kernel, VectorProgram):
        return kernel._replace(nests=tuple(map(phase, kernel.nests)))
    return kernel._replace(
        ifmap=stored(kernel.ifmap),
        weight=stored(kernel.weight),
        psum=stored(kernel.psum),
        bias=None if kernel.bias is None else stored(kernel.bias),
        ofmap_bits=less(kernel.ofmap_bits),
    )


CHANGES: dict[str, Callable[[Random, Kernel, Hardware], tuple[Kernel, Hardware]]] = {
    "machine": lambda random, kernel, machine: (kernel, better_machine(random, machine)),
    "data": lambda random, kernel, machine: (narrower(random, kernel), machine),
    "both": lambda random, kernel, machine: (narrower(random, kernel), better_machine(random, machine)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_random_layers(change: str) -> None:
    random = Random(change)
    faster = refused = 0
    for kernel, machine in greedy_cases(random, 250):
        try:
            before = cycles(kernel, machine)
        except TilingError:
            refused += 1
            continue
        for _ in range(3):
            kernel, machine = CHANGES[change](random, kernel, machine)
            after = cycles(kernel, machine)
            assert after <= before, (kernel, machine)
            faster += after < before
            before = after
    assert faster > 50
    assert refused < 150


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
def test_networks_on_machines(training: bool) -> None:
    """Widths of the machine give those of the tensors; a small memory, 2 to 40 bits each."""
    random, network = Random(training), simdc.load("lenet5", 2)
    network = network.training_step("adam") if training else network
    priced = 0
    for _ in range(12):
        machine = simdc.load_hardware(random.choice(("HI1", "HT2")))
        for path in WIDTHS:
            machine = with_field(machine, path, random.randint(2, 40))
        for path in MEMORIES:
            machine = with_field(machine, path, random.randint(1 << 14, 1 << 18))
        better = better_machine(random, machine)
        for path in random.sample(WIDTHS, random.randint(1, len(WIDTHS))):
            better = with_field(better, path, random.randint(1, field_of(better, path)))
        try:
            before = simdc.evaluate(network, machine)
        except SimdcError:
            continue
        for one, other in zip(before, simdc.evaluate(network, better), strict=True):
            assert one.cost is not None
            assert other.cost is not None
            assert other.cost.cycles.total <= one.cost.cycles.total, (one.name, machine, better)
            priced += 1
    assert priced > 50


def test_narrower_data_loses_no_place() -> None:
    """A relu in vector memory for 64 elements of 16 bits: its result lies in the place of its input, and must still do
    so when one of them is narrower. Side by side, 8 + 16 bits an element, they would need a third tile."""
    x, y = (Operand(name, 16, (2, 64), (affine("c"), affine("w"))) for name in "xy")
    code = CodeBlock(("c", "w"), (Instruction("max", "y", ("x", 0.0)),))
    machine = small_machine(vmem_bits=64 * 16, simd_port=1 << 20)

    def taken(x_bits: int, y_bits: int) -> float:
        loops, operands = (Loop("c", 2), Loop("w", 64)), (x._replace(bits=x_bits), y._replace(bits=y_bits))
        return cycles(VectorProgram("relu", (LoopNest(loops, operands[:1], operands[1:], (code,)),)), machine)

    assert taken(16, 8) <= taken(16, 16)
    assert taken(8, 16) <= taken(16, 16)
    # 2 tiles of 6 cycles to fill, 64 issues of one cycle, and a cycle to load and to store each tile.
    assert taken(16, 16) == 2 * 6 + 64 + 2 * 2


def test_twice_the_weight_buffer_does_not_slow_a_convolution_of_resnet18() -> None:
    """layer4.0.conv2 in small: 256 -> 256, 3x3 on 7x7, HI1. Greedy takes 116,980 cycles with 32 KiB, and with 64 KiB,
    where all input channels fit but the ifmap's tile then has one row only, 193,588."""
    text = "network n(x: 256x7x7) { return x -> conv(256, 3, pad=1) }"
    (kernel,) = simdc.Network(parse_dsl(text, "n.dsl", 1)).workload(simdc.load_hardware("HI1")).kernels
    found: dict[int, tuple[float, float]] = {}
    for kib in (32, 64):
        machine = with_field(simdc.load_hardware("HI1"), "systolic.buffers.weight_bits", kib * 8192)
        found[kib] = (
            EXACT.evaluate(kernel, EXACT.greedy(kernel, machine), machine).cycles.total,
            cycles(kernel, machine),
        )
    assert (found[32][0], found[64][0]) == (116_980, 193_588)
    assert found[64][1] <= found[32][1] <= 116_980
