"""Random attention whose scores stay on chip, with schedules and machines: each size, width, port and option apart."""

from __future__ import annotations

from random import Random

from simdc.cost.hardware import Buffers, Hardware
from simdc.cost.kernel import FusedProducts
from simdc.cost.tiling import Tiling
from simdc.frozen import evolve
from simdc.ir.fused_attention import SCORES, AttentionBits, AttentionShape, fused_attention
from tests.oracles.random_layers import ROOMY_BITS, WIDTHS, Case, random_machine, random_tiling


def random_attention(random: Random) -> FusedProducts:
    queries, keys = random.randint(1, 9), random.randint(1, 9)
    shape = AttentionShape(
        *(random.choice((1, 1, 2, 3)) for _ in range(3)), queries, keys, random.randint(1, 7), random.randint(1, 7)
    )
    mask = tuple(loop for loop in SCORES if random.random() < 0.5) if random.random() < 0.5 else None
    # Also where the last queries see all keys, and where nobody sees the last keys.
    first = (
        random.choice((1, max(1, keys - queries + 1), random.randint(1, keys + 2))) if random.random() < 0.6 else None
    )
    bits = AttentionBits(*(random.choice(WIDTHS) for _ in range(7)))
    return fused_attention(shape, bits, scale=random.choice((1.0, 0.5)), first=first, mask=mask or None)


def random_path(random: Random, machine: Hardware) -> Hardware:
    path = random.choice((random.randint(1, 12), random.randint(1, 100), 1 << random.randint(4, 14), 1 << 30))
    return evolve(machine, simd=evolve(machine.simd, array_path_bits_per_cycle=path))


def random_case(random: Random, max_tiles: int = 150) -> Case:
    """A schedule that can be run: the keys inside the other loops, but where they are whole."""
    kernel = random_attention(random)
    tiling = random_tiling(random, kernel, max_tiles)
    sizes = tiling.as_dict()
    if sizes["s"] < kernel.bounds["s"]:
        order = (*(loop for loop in tiling.order if loop != "s"), "s")
        tiling = Tiling(order, tuple(sizes[loop] for loop in order))
    return Case(kernel, tiling, random_path(random, random_machine(random)))


def tight(random: Random, machine: Hardware, needs_bits: dict[str, int]) -> Hardware:
    """The machine with memories, by their fields, each of which holds exactly this or more; those that are not named
    hold anything."""

    def room(name: str, parts: int) -> int:
        need = needs_bits.get(name, 0)
        return parts * need + random.randint(0, parts - 1) if need else ROOMY_BITS

    buffers = Buffers(*(room(f"systolic.buffers.{name}_bits", 2) for name in ("weight", "ifmap", "psum", "bias")))
    return evolve(
        machine,
        systolic=evolve(machine.systolic, buffers=buffers),
        simd=evolve(machine.simd, vmem_bits=room("simd.vmem_bits", 1)),
    )
