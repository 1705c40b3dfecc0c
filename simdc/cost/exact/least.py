"""Cycles that a kernel takes at least on a machine, however it is tiled: from sums that take microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from simdc.cost.axis import ONE
from simdc.cost.channels import on_channels
from simdc.cost.fission import issues_of, set_up_cycles
from simdc.cost.grid import padded_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel, Operand, VectorProgram
from simdc.cost.numbers import ceil_div
from simdc.cost.rule import MachineRule, passes
from simdc.cost.spread import spread_of
from simdc.cost.tiling import loop_bounds

from .code import code_cost
from .laws import used_bits


def least_cycles(kernel: Kernel, hardware: Hardware, rule: MachineRule) -> int:
    """Of a kernel that has no form beside it, as a chain, 0: nobody asks."""
    rule = on_channels(rule, hardware)
    if isinstance(kernel, Contraction):
        return _contraction(kernel, hardware, rule)
    return _program(kernel, hardware, rule) if isinstance(kernel, VectorProgram) else 0


def _contraction(kernel: Contraction, hardware: Hardware, rule: MachineRule) -> int:
    """The array makes all steps, and fills for as many tiles as the buffers make of an operand; each port moves all
    that is used, once."""
    # 128 x 128 weights of 8 bits over a port of 512: 256 cycles. On 64 x 64 PEs with 4 positions 4 passes, 16 steps
    # and 126 of fill: 142 cycles. Together 256 at least. Half a buffer of 64 Kibit takes 4,096 weights: 4 tiles, 4
    # fills, 520 cycles.
    array, bandwidths = hardware.systolic, rule.bandwidths(hardware)
    spread, bounds = spread_of(kernel, array), loop_bounds(kernel)
    stored = padded_bounds(bounds, kernel, hardware) if hardware.stores_padding else None
    apart = [passes(bound, spread.widths.get(loop, 1)) for loop, bound in bounds.items() if loop not in spread.joint]
    steps = prod(apart) * spread.least_passes(bounds, {}, ONE)
    tiles, room, ports = 1, rule.usable_bits(hardware), dict[str, int]()
    for role, operand in kernel.by_role.items():
        when = "complete" if role == "psum" else "new"
        row = next(each for each in rule.array_streams if (each.operand, each.when) == (role, when))
        bits, elements = kernel.ofmap_bits if role == "psum" else operand.bits, _moved(operand, bounds, stored)
        ports[row.port] = ports.get(row.port, 0) + elements * bits
        # Half a buffer of one bit holds nothing: no tiling fits, and any bound holds.
        tiles = max(tiles, ceil_div(elements * operand.bits, max(1, room[role])))
    transfers = [ceil_div(bits, bandwidths[port]) for port, bits in ports.items()]
    # Nothing computes or is stored before the first tile has what it loads.
    return hardware.dram.latency_cycles + max(steps + tiles * rule.array_fill_cycles(array), *transfers)


def _program(program: VectorProgram, hardware: Hardware, rule: MachineRule) -> int:
    """Each nest fills the lanes once; every input is loaded once and every result stored. They take turns, or
    double-buffered go side by side."""
    # y = max(x, 0) of 640 numbers of 32 bits on 64 lanes and a port of 512: 10 issues, 68 of fill, 2 * 40 cycles of
    # traffic: 158.
    simd, bandwidths = hardware.simd, rule.bandwidths(hardware)
    own = loop_bounds(program)
    bounds = padded_bounds(own, program, hardware)
    stored = bounds if hardware.stores_padding else None
    issues = issues_of(bounds, program.lanes, simd)
    cycles, fill = 0, rule.lanes_fill_cycles(simd)
    for nest in program.nests:
        compute, moved = fill + code_cost(nest, issues, simd).cycles + set_up_cycles(nest, issues, {}, simd), 0
        crossing = {
            role: [_moved(operand, own, stored) * operand.bits for operand in operands]
            for role, operands in (("input", nest.inputs), ("output", nest.outputs))
        }
        if any(crossing["input"]):
            cycles += hardware.dram.latency_cycles
        for role, port, _ in rule.vector_ports:
            for bits in crossing[role]:
                moved += ceil_div(bits, bandwidths[port])
        cycles += max(compute, moved) if simd.double_buffered else compute + moved
    return cycles


def _moved(operand: Operand, own: Mapping[str, int], stored: Mapping[str, int] | None) -> int:
    """Elements that are moved at least once by loops of bounds `own`; `stored` are these where padding is moved, too,
    None where it is not."""
    used = used_bits(operand, own) // operand.bits
    if stored is None or operand.is_entangled:
        return used
    # 4 channels of 5,048 positions on 64 columns are stored as 64 * 5,048.
    return max(used, prod([max((stored[loop] for loop, _ in terms), default=1) for terms, _ in operand.index]))
