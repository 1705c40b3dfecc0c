"""What a tiling needs on chip, from a walk over all of its tiles: the largest tile of each operand that ever occurs."""

from __future__ import annotations

from itertools import pairwise

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel, LoopNest, Operand, VectorProgram
from simdc.cost.tiling import Tiling
from tests.oracles.event_simulator import Tile, bits_of, key_of, odometer
from tests.oracles.residents import residents, uncut


def first_refusal(kernel: Kernel, tiling: Tiling, machine: Hardware) -> str:
    """How the message of a refusal begins; empty if everything fits."""
    if isinstance(kernel, Contraction):
        return _contraction(kernel, tiling, machine)
    walks = [_tiles(phase, kernel, tiling, machine) for phase in kernel.nests]
    for rule in (_order, _memory):
        for phase, tiles in zip(kernel.nests, walks, strict=True):
            refusal = rule(phase, tiles, tiling, machine)
            if refusal:
                return refusal
    return ""


def _contraction(kernel: Contraction, tiling: Tiling, machine: Hardware) -> str:
    array, buffers = machine.systolic, machine.systolic.buffers
    loops = {loop.name: loop.bound for loop in kernel.loops}
    stored = dict(loops)
    if machine.stores_padding:
        stored[kernel.rows] += -stored[kernel.rows] % array.rows
        stored[kernel.columns] += -stored[kernel.columns] % array.columns
    tiles = list(odometer(loops, stored, tiling))
    rows = [
        ("weight", kernel.weight, buffers.weight_bits),
        ("ifmap", kernel.ifmap, buffers.ifmap_bits),
        ("psum", kernel.psum, buffers.psum_bits),
    ]
    rows += [] if kernel.bias is None else [("bias", kernel.bias, buffers.bias_bits)]
    for name, operand, capacity in rows:
        need = max(bits_of(operand, tile, machine) for tile in tiles)
        if need > capacity // 2:
            return _says(f"{name} buffer", need, tiling, capacity // 2, f"systolic.buffers.{name}_bits")
    return ""


def _tiles(phase: LoopNest, program: VectorProgram, tiling: Tiling, machine: Hardware) -> list[Tile]:
    loops = {loop.name: loop.bound for loop in phase.loops}
    stored = dict(loops)
    if machine.stores_padding and program.lanes in program.roles.channels and program.lanes in stored:
        stored[program.lanes] += -stored[program.lanes] % machine.simd.lanes
    return list(odometer(loops, stored, tiling))


def _order(phase: LoopNest, tiles: list[Tile], tiling: Tiling, machine: Hardware) -> str:
    """Accumulators that never leave vector memory are not left; loops that must stay whole are not cut."""
    for operand in phase.scratch:
        if _turns(operand, tiles) > len({key_of(operand, tile) for tile in tiles}):
            return f"loop order {[loop for loop in tiling.order if loop in tiles[0]]} leaves '{operand.name}' before"
    for loop, reason in uncut(phase):
        if any(tile[loop] != tiles[0][loop] for tile in tiles):
            return reason
    return ""


def _memory(phase: LoopNest, tiles: list[Tile], tiling: Tiling, machine: Hardware) -> str:
    operands, temporaries = residents(phase)
    need = temporaries * machine.simd.lanes * machine.simd.width_bits
    need += sum(max(bits_of(operand, tile, machine) for tile in tiles) for operand in operands)
    if need > machine.simd.vmem_bits:
        return _says("vector memory", need, tiling, machine.simd.vmem_bits, "simd.vmem_bits")
    return ""


def _turns(operand: Operand, tiles: list[Tile]) -> int:
    """How often a walk turns to a tile of the operand."""
    keys = [key_of(operand, tile) for tile in tiles]
    return 1 + sum(before != after for before, after in pairwise(keys))


def _says(memory: str, need: int, tiling: Tiling, limit: int, field: str) -> str:
    tile = ", ".join(f"{loop} = {size}" for loop, size in zip(*tiling, strict=True))
    return (
        f"the {memory} needs {need:,} bits for a tile of {tile}; it can hold {limit:,} bits at a time: "
        f"enlarge {field} or tile smaller"
    )
