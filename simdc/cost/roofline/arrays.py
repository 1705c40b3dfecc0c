"""Demands on a systolic and a SIMD array and their DRAM ports."""

from __future__ import annotations

from simdc.cost.analysis import OPERATIONS_PER_MAC
from simdc.cost.hardware import Hardware
from simdc.cost.hardware_view import INSTRUCTION, as_machine
from simdc.cost.kernel import ArrayKernel, Contraction, VectorProgram
from simdc.cost.layer_shape import instruction_counts
from simdc.cost.numbers import ceil_div
from simdc.cost.result import DramBits
from simdc.cost.rule import GENESYS

from .demand import MAC, Demand, LayerDemand, memory_demand


def array_demand(kernel: ArrayKernel, hardware: Hardware, dram_bits: DramBits) -> LayerDemand:
    """Of a layer that moves `dram_bits`."""
    machine = as_machine(hardware)
    conv, simd = machine.unit("conv"), machine.unit("simd")
    streams = GENESYS.vector_streams if isinstance(kernel, VectorProgram) else GENESYS.array_streams
    ports = {row.port: machine.memory(row.port) for row in streams}
    memories = [
        memory_demand(port, memory, sum(getattr(dram_bits, traffic) for traffic in memory.carries), 0)
        for port, memory in ports.items()
    ]
    if isinstance(kernel, Contraction):
        macs = kernel.useful_macs
        unit = Demand("conv", macs, ceil_div(macs, conv.rate_per_cycle), MAC)
        operations, peak = macs * OPERATIONS_PER_MAC, conv.rate_per_cycle * OPERATIONS_PER_MAC
    else:
        operations, peak = lane_cycles(kernel, hardware), simd.rate_per_cycle
        unit = Demand("simd", operations, ceil_div(operations, peak), INSTRUCTION)
    bits_per_cycle = float(sum(memory.read_bits_per_cycle for memory in ports.values()))
    return LayerDemand((unit,), tuple(memories), operations, peak, dram_bits, bits_per_cycle)


def lane_cycles(program: VectorProgram, hardware: Hardware) -> int:
    """Cycles of all lanes together, if none ever waits: each instruction once for each element, by its latency."""
    # 100 elements of an addition and a division: 100 * 1 + 100 * 9 = 1,000.
    latency = hardware.simd.latency_cycles
    return sum(many * getattr(latency, opcode) for opcode, many in instruction_counts(program))
