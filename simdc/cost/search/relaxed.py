"""A lower bound of the cost of every schedule in which some loops are cut in a given way, the others not yet decided.

A relaxation: an undecided loop counts as uncut for time and traffic, as one tile does not add fills or reloads, and as
tiles of one iteration for capacity, which no smaller tile undercuts. The two together are no real schedule, but none is
cheaper or fits better. Of traffic only what must move at all is counted: a window that skips elements may skip more
when cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simdc.cost.capacity import array_buffers, in_memory
from simdc.cost.channels import by_channel, on_channels
from simdc.cost.exact.latency import least_waiting
from simdc.cost.exact.tiled import tile
from simdc.cost.exact.vector import TiledProgram
from simdc.cost.fission import issues_of, set_up_cycles
from simdc.cost.grid import padded_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel, Contraction, LoopNest, Operand, VectorProgram
from simdc.cost.result import Busy, Cost, Cycles, DramBits
from simdc.cost.rule import GENESYS, MachineRule, segment_cycles
from simdc.cost.tiling import loop_bounds
from simdc.named import NamedTuple

from .least_compute import Decided, least_compute, with_least_steps


class SharedLimit(NamedTuple):
    """Operands whose tiles must be in `limit_bits` together with `fixed_bits`."""

    operands: tuple[Operand, ...]
    fixed_bits: int
    limit_bits: int


class Relaxed:
    """Bounds for one kernel on one machine."""

    def __init__(self, kernel: ArrayKernel, hardware: Hardware, rule: MachineRule = GENESYS):
        self.own = own = loop_bounds(kernel)
        self._kernel, self._hardware = kernel, hardware
        self._rule = rule = on_channels(rule, hardware)
        self._bandwidths = rule.bandwidths(hardware)
        self._bounds = padded_bounds(own, kernel, hardware)
        whole = tile(kernel, list(own), list(own.values()), hardware, rule=rule)
        self._whole = whole.least_cost()
        if isinstance(kernel, Contraction) and kernel.side_by_side:
            self._whole = with_least_steps(self._whole, kernel, self._bounds, hardware, rule)
        # Cut, a program may wait less often than whole.
        self._wait_cycles = whole.wait_cycles() if isinstance(whole, TiledProgram) else 0
        self._buffers = _buffers(kernel, hardware, rule)
        self._moved_once: dict[tuple[object, ...], int] = {}

    def fits(self, sizes: Decided) -> Any:
        """Whether tiles of the decided `sizes`, in iterations, may fit their buffers; the other loops count as one."""
        fitting: Any = True
        for operands, fixed_bits, limit_bits in self._buffers:
            need: Any = fixed_bits
            for operand in operands:
                need = need + self._least_tile(operand, sizes) * operand.bits
            fitting = fitting & (need <= limit_bits)
        return fitting

    def _least_tile(self, operand: Operand, sizes: Decided) -> Any:
        elements: Any = 1
        for (terms, constant), extent in zip(operand.index, operand.shape, strict=True):
            reach: Any = 1
            for loop, step in terms:
                if loop in sizes:
                    # 2*oh + kh with 4 output rows, kh not decided: 1 + 2 * 3 = 7 input rows at least.
                    reach = reach + step * (sizes[loop] - 1)
            if not self._hardware.stores_padding:
                # 2*oh + kh - 3 on 224 rows, oh < 112, kh < 7: 3 before the image, and up to row 225, so 2 behind it.
                top = constant + sum(step * (self._bounds[loop] - 1) for loop, step in terms)
                reach = np.maximum(reach - max(0, -constant) - max(0, top - extent + 1), 0)
            elements = elements * reach
        return elements

    def cost(self, counts: Decided, passes: Decided, innermost: str) -> Cost:
        """A cost whose every number is at most that of any schedule of the group: one in which `innermost`, or a loop
        that moves the same operands, is the innermost that is cut. `counts` are the tiles of the decided loops,
        `passes` their folds; numbers, or arrays [schedules]."""
        if isinstance(self._kernel, VectorProgram):
            return self._program(self._kernel, counts, innermost)
        return self._contraction(self._kernel, counts, passes, innermost)

    def _contraction(self, kernel: Contraction, counts: Decided, folds: Decided, innermost: str) -> Cost:
        rule, compute = self._rule, least_compute(kernel, self._bounds, counts, folds, self._hardware, self._rule)
        traffic, ports = _Sums(), _Sums()
        for row in rule.array_streams:
            operand = kernel.by_role.get(row.operand)
            if operand is not None:
                once = self.least_moved(operand)
                if row.when == "complete":
                    bits = once * kernel.ofmap_bits
                else:
                    # 8 psums of 32 bits that come twice: stored and resumed once, 256 bits each way; complete once.
                    fresh = 0 if row.when == "new" else 1
                    bits = once * (_reloads(operand, self._bounds, counts, innermost) - fresh) * operand.bits
                traffic.add(row.traffic, bits)
                ports.add(row.port, bits)
        busy = {port: -(-bits // self._bandwidths[port]) for port, bits in ports.items()}
        # Rounded up once for all tiles and not once a tile, and no wait but for the busiest port: never too long.
        longest = segment_cycles(list(busy.values()), compute, np.maximum) + self._hardware.dram.latency_cycles
        return self._whole._replace(
            cycles=Cycles(compute, longest - compute),
            dram_bits=DramBits(**traffic),
            busy=Busy(compute, **by_channel(busy, np.maximum)),
        )

    def _program(self, program: VectorProgram, counts: Decided, innermost: str) -> Cost:
        simd = self._hardware.simd
        fill, least = self._rule.lanes_fill_cycles(simd), issues_of(self._bounds, program.lanes, simd)
        compute: Any = self._whole.cycles.compute - self._wait_cycles
        traffic, ports, waits = _Sums(), _Sums(), 0
        for nest in program.nests:
            loops = [loop.name for loop in nest.loops]
            tiles: Any = 1
            for loop in loops:
                tiles = tiles * counts.get(loop, 1)
            # One fill of each nest, and what one tile sets up, is in the whole program's compute already.
            compute = compute + (tiles - 1) * fill
            compute = compute + set_up_cycles(nest, least, counts, simd) - set_up_cycles(nest, least, {}, simd)
            operands = {"input": nest.inputs, "output": nest.outputs}
            if self._hardware.stores_padding:
                waits = waits + least_waiting(nest.inputs, counts, np.maximum)
            for row in self._rule.vector_streams:
                fresh = 1 if row.when == "resumed" else 0
                for operand in operands[row.operand]:
                    once = self.least_moved(operand) * operand.bits
                    bits = once * (_reloads(operand, loops, counts, innermost) - fresh)
                    traffic.add(row.traffic, bits)
                    ports.add(row.port, bits)
        busy = {port: -(-bits // self._bandwidths[port]) for port, bits in ports.items()}
        transfer = sum(busy.values()) + waits * self._hardware.dram.latency_cycles
        if simd.double_buffered:
            transfer = np.maximum(sum(busy.values()) - compute, 0)
        return self._whole._replace(
            cycles=Cycles(compute, transfer), dram_bits=DramBits(**traffic), busy=Busy(compute=compute, **busy)
        )

    def least_moved(self, operand: Operand) -> int:
        """Elements that any tiling moves at least once, kept: each bound asks again."""
        key = operand.index, operand.shape
        found = self._moved_once.get(key)
        if found is None:
            found = self._moved_once[key] = self._moved_at_least(operand)
        return found

    def _moved_at_least(self, operand: Operand) -> int:
        elements, counted = 1, set[str]()
        for (terms, constant), extent in zip(operand.index, operand.shape, strict=True):
            loops = {loop for loop, _ in terms}
            outside = 0
            if not self._hardware.stores_padding:
                top = constant + sum(step * (self._bounds[loop] - 1) for loop, step in terms)
                outside = max(0, -constant) + max(0, top - extent + 1)
            # Of x[i, i] with i cut to single iterations only the diagonal moves: one position beside each that counts.
            along_others = 1 if counted & loops else max((self._bounds[loop] for loop in loops), default=1)
            elements *= max(0, along_others - outside)
            if not counted & loops:
                counted |= loops
        return elements


class _Sums(dict[str, Any]):
    """Numbers, or arrays of them, by name."""

    def add(self, name: str, amount: Any) -> None:
        self[name] = self.get(name, 0) + amount


def _reloads(operand: Operand, loops: Mapping[str, int] | Sequence[str], counts: Decided, innermost: str) -> Any:
    """Where the innermost loop that is cut moves the operand, every cut loop that does not multiplies its reloads."""
    reloads: Any = 1
    if innermost in operand.loops:
        for loop in loops:
            if loop in counts and loop not in operand.loops:
                reloads = reloads * counts[loop]
    return reloads


def _buffers(kernel: ArrayKernel, hardware: Hardware, rule: MachineRule) -> list[SharedLimit]:
    if isinstance(kernel, VectorProgram):
        return [_vector_memory(nest, hardware, rule) for nest in kernel.nests]
    return [SharedLimit((operand,), 0, limit_bits) for _, operand, limit_bits in array_buffers(kernel, hardware, rule)]


def _vector_memory(nest: LoopNest, hardware: Hardware, rule: MachineRule) -> SharedLimit:
    operands, vectors = in_memory(nest, hardware.simd)
    limit_bits = rule.program_memory(hardware).usable_bits(hardware)
    return SharedLimit(operands, vectors * hardware.simd.lanes * hardware.simd.width_bits, limit_bits)
