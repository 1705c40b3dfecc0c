"""What every schedule of `exact` satisfies: each operand moves at least what is used, on time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from simdc.cost.guards import Law
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel, Contraction, FusedProducts, Operand, TiledKernel, VectorProgram
from simdc.cost.result import Cost, DramBits

CONTRACTION_WORDS = (
    "0 <= stall cycles",
    "cycles of the array and of each port <= total cycles",
    "total cycles <= cycles of the array and all ports together, and latencies",
    "MACs <= executed MACs",
    "executed MACs <= PEs * compute cycles",
    "weight bits in use <= DRAM weight bits",
    "ifmap bits in use <= DRAM ifmap bits",
    "result bits <= DRAM ofmap bits",
    "bias bits <= DRAM bias bits",
    "DRAM psum bits that were stored and not loaded again <= 0",
    "0 <= SRAM bits",
    "SIMD port's cycles of a contraction <= 0",
)
PROGRAM_WORDS = (
    "0 <= stall cycles",
    "SIMD port's cycles <= stall cycles",
    "stall cycles <= SIMD port's cycles, and latencies",
    "input bits in use <= DRAM bits loaded",
    "result bits <= DRAM bits stored",
    "0 <= SRAM bits",
    "0 <= operations",
)


FUSED_WORDS = (
    "0 <= stall cycles",
    "cycles of the arrays and of each port <= total cycles",
    "cycles of the lanes <= cycles of the arrays",
    "MACs <= executed MACs",
    "executed MACs <= PEs * cycles of the systolic array",
    "key and value bits in use <= DRAM weight bits",
    "query and mask bits in use <= DRAM ifmap bits",
    "result bits <= DRAM ofmap bits",
    "DRAM bits of partial sums and bias <= 0",
    "0 <= SRAM bits",
)


def kernel_law(kernel: TiledKernel) -> Law:
    """What any cost of this kernel satisfies."""
    if isinstance(kernel, FusedProducts):
        return fused_law(kernel)
    return program_law(kernel) if isinstance(kernel, VectorProgram) else contraction_law(kernel)


def contraction_law(kernel: Contraction) -> Law:
    """What any cost of this contraction satisfies, in the order of `CONTRACTION_WORDS`."""
    weight, ifmap, _, ofmap, bias = used_dram_bits(kernel)
    # A partial sum of 32 bits that is stored is loaded again: psum traffic comes in multiples of 64 bits.
    round_trip = 2 * kernel.psum.bits

    def sides(cost: Cost, hardware: Hardware) -> tuple[Sequence[float], Sequence[float]]:
        (compute, stall), dram, sram, ops, busy = cost
        total, counts = compute + stall, dict(ops)
        mac, executed = counts["mac"], counts["mac_executed"]
        array = hardware.systolic
        # Busy either way, a full duplex channel may be so one way after the other.
        together = sum(busy) + (sum(busy) - busy.compute if hardware.dram.has_full_duplex else 0)
        # Each latency that is waited for comes before a cycle of loads.
        together += hardware.dram.latency_cycles * (sum(busy) - busy.compute)
        lanes = busy.simd_port if hardware.dram.is_usual else 0
        return (
            (0, max(busy), total, mac, executed, weight, ifmap, ofmap, bias, dram.psum % round_trip, 0, lanes),
            (
                *(stall, total, together, executed, array.rows * array.columns * compute),
                *(dram.weight, dram.ifmap, dram.ofmap, dram.bias, 0, min(sram), 0),
            ),
        )

    return Law(CONTRACTION_WORDS, sides)


def program_law(program: VectorProgram) -> Law:
    """What any cost of this program satisfies, in the order of `PROGRAM_WORDS`. Load, compute and store take turns, so
    the port's cycles are the stall: neither is less than the other but for latencies, of which none lacks a load."""
    used = used_dram_bits(program)

    def sides(cost: Cost, hardware: Hardware) -> tuple[Sequence[float], Sequence[float]]:
        (_, stall), dram, sram, ops, busy = cost
        counts, port = [count for _, count in ops], sum(busy) - busy.compute
        late = hardware.dram.latency_cycles * port
        return (
            # Double-buffered the port moves beside the lanes.
            (0, port - (busy.compute if hardware.simd.double_buffered else 0), stall, used.ifmap, used.ofmap, 0, 0),
            (stall, stall, port + late, dram.ifmap, dram.ofmap, min(sram), min(counts, default=0)),
        )

    return Law(PROGRAM_WORDS, sides)


def fused_law(kernel: FusedProducts) -> Law:
    """What any cost of these products satisfies, in the order of `FUSED_WORDS`."""
    weight, ifmap, _, ofmap, _ = used_by_fused(kernel)

    def sides(cost: Cost, hardware: Hardware) -> tuple[Sequence[float], Sequence[float]]:
        (compute, stall), dram, sram, ops, busy = cost
        counts, pes = dict(ops), hardware.systolic.rows * hardware.systolic.columns
        lanes, mac, executed = counts["lane_cycles"], counts["mac"], counts["mac_executed"]
        return (
            (0, max(busy), lanes, mac, executed, weight, ifmap, ofmap, dram.psum + dram.bias, 0),
            (
                *(stall, compute + stall, compute, executed, pes * (compute - lanes)),
                *(dram.weight, dram.ifmap, dram.ofmap, 0, min(sram)),
            ),
        )

    return Law(FUSED_WORDS, sides)


def used_by_fused(kernel: FusedProducts) -> DramBits:
    """Each element that lies in front of the diagonal, once."""
    weight, ifmap, ofmap = (
        sum(_seen_bits(operand, kernel) for operand in operands)
        for operands in (
            (kernel.first.weight, kernel.second.weight),
            (kernel.first.ifmap, *kernel.row.inputs),
            kernel.finish.outputs,
        )
    )
    return DramBits(weight=weight, ifmap=ifmap, ofmap=ofmap)


def _seen_bits(operand: Operand, kernel: FusedProducts) -> int:
    """Of what lies in front of the diagonal."""
    # 4 queries and 10 keys, the first query sees 3, the last 6: 6 keys are used, and of a mask [4, 10] 3 + 4 + 5 + 6.
    bounds, diagonal, streamed = kernel.bounds | kernel.whole, kernel.diagonal, kernel.streamed
    if diagonal is None or streamed not in operand.loops:
        return used_bits(operand, bounds)
    seen = [diagonal.seen(row, bounds[streamed]) for row in range(bounds[diagonal.rows])]
    if diagonal.rows in operand.loops:
        return used_bits(operand, bounds | {streamed: 1}) // len(seen) * sum(seen)
    return used_bits(operand, bounds | {streamed: seen[-1]})


def used_dram_bits(kernel: ArrayKernel) -> DramBits:
    """Each element that is used, once: what any schedule moves at the least. A program's loads count as ifmap, its
    stores as ofmap."""
    used, bounds = dict.fromkeys(DramBits._fields, 0), kernel.bounds
    for traffic, operand, bits in moved_operands(kernel):
        used[traffic] += prod(used_along(operand, bounds)) * bits
    return DramBits(**used)


def moved_operands(kernel: ArrayKernel) -> list[tuple[str, Operand, int]]:
    """What is moved at least once, as which traffic it counts, and bits of an element."""
    if isinstance(kernel, VectorProgram):
        loads = [("ifmap", operand, operand.bits) for nest in kernel.nests for operand in nest.inputs]
        return loads + [("ofmap", operand, operand.bits) for nest in kernel.nests for operand in nest.outputs]
    biases = [] if kernel.bias is None else [("bias", kernel.bias, kernel.bias.bits)]
    return [
        ("weight", kernel.weight, kernel.weight.bits),
        ("ifmap", kernel.ifmap, kernel.ifmap.bits),
        ("ofmap", kernel.psum, kernel.ofmap_bits),
        *biases,
    ]


def used_bits(operand: Operand, bounds: Mapping[str, int]) -> int:
    """Bits of the elements that the loops use, each counted once: what any schedule moves at the least. Where strides
    leave gaps in a window this may be less than what is used, never more."""
    return prod(used_along(operand, bounds)) * operand.bits


def used_along(operand: Operand, bounds: Mapping[str, int]) -> list[int]:
    """How many elements that is, as factors: the positions that are used along each dimension, or one number where
    dimensions share a loop."""
    found: list[int] = []
    loops: list[str] = []
    for (terms, first), extent in zip(operand.index, operand.shape, strict=True):
        loops += [loop for loop, _ in terms]
        if first == 0 and len(terms) == 1 and terms[0][1] == 1:
            bound = bounds[terms[0][0]]
            found.append(bound if bound < extent else extent)
        else:
            found.append(_used_positions(terms, first, extent, bounds))
    # Dimensions that share a loop are not independent of each other: the largest is all that is certain. x[i, i] with
    # i 0 .. 9 uses 10 elements, not 100.
    return found if len(set(loops)) == len(loops) else [max([1, *found])]


def _used_positions(terms: Sequence[tuple[str, int]], first: int, extent: int, bounds: Mapping[str, int]) -> int:
    """At least how many positions inside [0, extent) `first` and the terms reach: all of their span if they leave no
    gaps, else what one loop reaches with the others at their beginning, whichever reaches most."""
    # 2*oh + kh - 1, oh 0 .. 3, kh 0 .. 2: kh reaches 3, oh by 2 each no gap, 3 + 6 = 9 positions, -1 .. 7; of 8 rows 8.
    # 4*oh + kh with kh 0 .. 1: steps of 4 over a span of 2 leave gaps; oh alone uses 4.
    span = 1
    for loop, step in sorted(terms, key=lambda term: term[1]):
        if step > span:
            return max(_steps_inside(first, step, bounds[loop], extent) for loop, step in terms)
        span += step * (bounds[loop] - 1)
    return max(0, min(first + span, extent) - max(first, 0))


def _steps_inside(first: int, step: int, bound: int, extent: int) -> int:
    """How many of `first + step * i`, i from 0 to `bound` - 1, lie in [0, extent)."""
    # -3 + 2 * i, i 0 .. 3, is -3, -1, 1, 3: in [0, 3) lies one, i = 2: begin 2, end 3.
    begin = max(0, -(first // step))
    end = min(bound, -((first - extent) // step))
    return max(0, end - begin)
