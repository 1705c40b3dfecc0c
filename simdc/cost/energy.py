"""Energy from counts (SimDIT Eqs. 29-32): count first, price later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simdc.named import NamedTuple

from .hardware import Hardware
from .machines import AnyMachine
from .result import Cost, add_up

if TYPE_CHECKING:
    from .machine import Machine

PJ_PER_W_NS = 1000.0
"""1 W for 1 ns is 10^-9 J, 1000 pJ."""


class Energy(NamedTuple):
    """Energy of one layer in pJ, by where it is spent."""

    systolic: float = 0.0
    simd: float = 0.0
    sram: float = 0.0
    dram: float = 0.0

    @property
    def total(self) -> float:
        return self.systolic + self.simd + self.sram + self.dram


def energy_of(cost: Cost, hardware: AnyMachine, *, on_systolic: bool) -> Energy:
    """Energy of a layer that ran on the systolic array, or else on the SIMD array.

    Dynamic energy is paid for each compute cycle of each element of the array that runs; both arrays leak for as long
    as the layer takes (systolic array: Eq. 29, SIMD array: Eq. 30). Of a layer that runs on both, `lane_cycles` among
    its operations says for how many of the compute cycles the SIMD array ran. On-chip memories pay for each bit read or
    written (Eq. 31), DRAM for each bit moved (Eq. 32).
    """
    if isinstance(hardware, Hardware):
        return _of_arrays(cost, hardware, on_systolic=on_systolic)
    return _of_units(cost, hardware, on_systolic=on_systolic)


def _of_arrays(cost: Cost, hardware: Hardware, *, on_systolic: bool) -> Energy:
    # 0.25 W for 120 cycles of 2 ns leak 60,000 pJ; 9 PEs of 0.5 pJ in 100 compute cycles take 450 pJ. Stalls only leak.
    prices = hardware.prices
    cycles_ns = cost.cycles.total * hardware.clock_ns
    systolic = prices.systolic_leakage_w * cycles_ns * PJ_PER_W_NS
    simd = prices.simd_leakage_w * cycles_ns * PJ_PER_W_NS
    elements, on_lanes = hardware.systolic.rows * hardware.systolic.columns, dict(cost.ops).get("lane_cycles")
    if on_lanes is not None:
        systolic += prices.pe_pj_per_cycle * elements * (cost.cycles.compute - on_lanes)
        simd += prices.lane_pj_per_cycle * hardware.simd.lanes * on_lanes
    elif on_systolic:
        systolic += prices.pe_pj_per_cycle * elements * cost.cycles.compute
    else:
        simd += prices.lane_pj_per_cycle * hardware.simd.lanes * cost.cycles.compute
    sram = add_up([getattr(prices.sram_pj_per_bit, memory) * bits for memory, bits in cost.sram_bits._asdict().items()])
    return Energy(systolic, simd, sram, prices.dram_pj_per_bit * cost.dram_bits.total)


def _of_units(cost: Cost, machine: Machine, *, on_systolic: bool) -> Energy:
    """Of a machine of units: each operation and each bit that DRAM moves has a price, zero where none is known."""
    # 10 MACs of 0.5 pJ and 64 bits of 20 pJ read: 5 and 1,280 pJ.
    rates = dict(machine.pj_per_operation)
    computed = add_up([rates.get(name, 0.0) * count for name, count in cost.ops])
    dram, written = machine.memory("dram"), cost.dram_bits.ofmap
    moved = dram.read_pj_per_bit * (cost.dram_bits.total - written) + dram.write_pj_per_bit * written
    return Energy(computed, 0.0, 0.0, moved) if on_systolic else Energy(0.0, computed, 0.0, moved)
