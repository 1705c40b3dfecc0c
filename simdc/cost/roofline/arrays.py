"""Demands on a systolic and a SIMD array and their DRAM ports."""

from __future__ import annotations

from math import prod

from simdc.cost.analysis import OPERATIONS_PER_MAC
from simdc.cost.exact.laws import used_bits
from simdc.cost.hardware import Hardware
from simdc.cost.hardware_view import INSTRUCTION, as_machine
from simdc.cost.kernel import ArrayKernel, Contraction, VectorProgram
from simdc.cost.numbers import ceil_div
from simdc.cost.result import DramBits

from .demand import MAC, Demand, LayerDemand, memory_demand


def compulsory_bits(kernel: ArrayKernel) -> DramBits:
    """Each element that is used, once: what any schedule moves."""
    if isinstance(kernel, VectorProgram):
        loads = sum(used_bits(each, kernel.bounds) for nest in kernel.nests for each in nest.inputs)
        stores = sum(used_bits(each, kernel.bounds) for nest in kernel.nests for each in nest.outputs)
        return DramBits(ifmap=loads, ofmap=stores)
    bounds = kernel.bounds
    return DramBits(
        weight=used_bits(kernel.weight, bounds),
        ifmap=used_bits(kernel.ifmap, bounds),
        ofmap=used_bits(kernel.psum, bounds) // kernel.psum.bits * kernel.ofmap_bits,
        bias=0 if kernel.bias is None else used_bits(kernel.bias, bounds),
    )


def array_demand(kernel: ArrayKernel, hardware: Hardware, dram_bits: DramBits) -> LayerDemand:
    """Of a layer that moves `dram_bits`."""
    machine = as_machine(hardware)
    conv, simd = machine.unit("conv"), machine.unit("simd")
    ports = [(port, memory) for port, memory in machine.memories if (port == "simd_port") == _on_lanes(kernel)]
    memories = [
        memory_demand(port, memory, sum(getattr(dram_bits, traffic) for traffic in memory.carries), 0)
        for port, memory in ports
    ]
    if isinstance(kernel, Contraction):
        macs = kernel.useful_macs
        unit = Demand("conv", macs, ceil_div(macs, conv.rate_per_cycle), MAC)
        operations, peak = macs * OPERATIONS_PER_MAC, conv.rate_per_cycle * OPERATIONS_PER_MAC
    else:
        operations, peak = lane_cycles(kernel, hardware), simd.rate_per_cycle
        unit = Demand("simd", operations, ceil_div(operations, peak), INSTRUCTION)
    bits_per_cycle = sum(memory.read_bits_per_cycle for _, memory in ports)
    return LayerDemand((unit,), tuple(memories), operations, peak, dram_bits, bits_per_cycle)


def _on_lanes(kernel: ArrayKernel) -> bool:
    return isinstance(kernel, VectorProgram)


def lane_cycles(program: VectorProgram, hardware: Hardware) -> int:
    """Cycles of all lanes together, if none ever waits: each instruction once for each element, by its latency."""
    # 100 elements of an addition and a division: 100 * 1 + 100 * 9 = 1,000.
    latency = hardware.simd.latency_cycles
    return sum(
        prod(program.bounds[loop] for loop in block.loops) * getattr(latency, instruction.opcode)
        for nest in program.nests
        for block in nest.blocks
        for instruction in block.instructions
    )
