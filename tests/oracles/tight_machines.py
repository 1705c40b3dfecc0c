"""Machines whose memories hold a layer's tiles a few times over, or nearly."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from simdc.cost.hardware import Buffers, Hardware
from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.tiling import loop_bounds
from simdc.frozen import evolve
from tests.oracles.greedy_rules import tile_bits
from tests.oracles.random_layers import random_contraction, random_machine, with_random_widths
from tests.oracles.random_networks import random_kernels
from tests.oracles.random_programs import random_program


def greedy_cases(random: Random, count: int) -> Iterator[tuple[Kernel, Hardware]]:
    """Layers of any kind, each with a machine that fits it tightly."""
    layers: list[Kernel] = []
    for number in range(count):
        if not layers:
            layers = random_kernels(random)
            random.shuffle(layers)
        if number % 3 == 0:
            kernel = with_random_widths(random, layers.pop())
        else:
            kernel = random_contraction(random) if number % 3 == 1 else random_program(random)
        yield kernel, tight_machine(random, kernel)


def tight_machine(random: Random, kernel: Kernel) -> Hardware:
    """Each memory between nothing and twice what the whole layer needs, most of them small."""
    machine = random_machine(random)
    whole = loop_bounds(kernel)

    def room(bits: int) -> int:
        part = random.choice((random.random() ** 3, random.random(), 1.0, 2.0))
        return max(1, int(bits * part) + random.randint(-1, 1))

    if isinstance(kernel, Contraction):
        needs = [
            0 if o is None else 2 * tile_bits(o, whole, machine)
            for o in (kernel.weight, kernel.ifmap, kernel.psum, kernel.bias)
        ]
        return evolve(machine, systolic=evolve(machine.systolic, buffers=Buffers(*map(room, needs))))
    phases = [(*phase.inputs, *phase.outputs, *phase.scratch) for phase in kernel.nests]
    need = max(sum(tile_bits(operand, whole, machine) for operand in operands) for operands in phases)
    return evolve(
        machine, simd=evolve(machine.simd, vmem_bits=room(need + machine.simd.lanes * machine.simd.width_bits))
    )
