"""Energy from counts, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdc.cost import Cost, Cycles, DramBits, Energy, SramBits, energy_of
from simdc.cost.hardware import Prices, SramPrices
from simdc.cost.result import Busy
from simdc.cost.structure import structure_machine, unstructure
from simdc.frontends.hardware_file import load_machine
from simdc.frozen import evolve
from tests.cost.machines import small_machine

# 3 x 3 PEs, 5 lanes, 2 ns a cycle.
PRICES = Prices(
    source="made up",
    pe_pj_per_cycle=0.5,
    lane_pj_per_cycle=7.0,
    dram_pj_per_bit=4.0,
    sram_pj_per_bit=SramPrices(wbuf=1.0, ibuf=2.0, obuf=3.0, bbuf=5.0, vmem=7.0, imm=11.0, insmem=13.0),
    systolic_leakage_w=0.25,
    simd_leakage_w=0.125,
)
MACHINE = evolve(small_machine(side=3, lanes=5), clock_ns=2.0, prices=PRICES)
COST = Cost(
    Cycles(compute=100, stall=20),
    DramBits(weight=1, ifmap=10, psum=100, ofmap=1000, bias=10000),
    SramBits(wbuf=1, ibuf=10, obuf=100, bbuf=1000, vmem=10000, imm=100000, insmem=1000000),
    (("mac", 900),),
    Busy(compute=100),
)
SRAM = 1 + 2 * 10 + 3 * 100 + 5 * 1000 + 7 * 10_000 + 11 * 100_000 + 13 * 1_000_000
DRAM = 4 * 11_111
# Both arrays leak for 120 cycles of 2 ns: 0.25 W x 240 ns = 60 nJ = 60,000 pJ, and half of that.
LEAKS = (60_000.0, 30_000.0)


def test_a_layer_on_the_systolic_array() -> None:
    # 0.5 pJ for each of 9 PEs in each of 100 compute cycles; stalls cost nothing but leakage.
    expected = Energy(systolic=0.5 * 9 * 100 + LEAKS[0], simd=LEAKS[1], sram=SRAM, dram=DRAM)
    assert energy_of(COST, MACHINE, on_systolic=True) == pytest.approx(expected)


def test_a_layer_on_the_simd_array() -> None:
    # 7 pJ for each of 5 lanes in each of 100 compute cycles.
    energy = energy_of(COST, MACHINE, on_systolic=False)
    assert energy == pytest.approx(Energy(systolic=LEAKS[0], simd=7 * 5 * 100 + LEAKS[1], sram=SRAM, dram=DRAM))
    assert energy.total == pytest.approx(sum(LEAKS) + 3500 + SRAM + DRAM)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_energy_of_two_layers_is_the_sum(compute: int, stall: int) -> None:
    # So that sums over layers, units and networks may be taken in any order.
    one = COST._replace(cycles=Cycles(compute, stall))
    both = COST._replace(
        cycles=Cycles(compute + 100, stall + 20),
        dram_bits=DramBits(*(2 * bits for bits in COST.dram_bits)),
        sram_bits=SramBits(*(2 * bits for bits in COST.sram_bits)),
    )
    for on_systolic in (True, False):
        parts = [energy_of(cost, MACHINE, on_systolic=on_systolic).total for cost in (one, COST)]
        assert energy_of(both, MACHINE, on_systolic=on_systolic).total == pytest.approx(sum(parts))


def test_energy_of_a_machine_of_units_is_that_of_operations_and_bits() -> None:
    settings = ["memories.dram.read_pj_per_bit=20.0", "memories.dram.write_pj_per_bit=30.0"]
    data = unstructure(load_machine("nv_small", settings))
    machine = structure_machine({**data, "pj_per_operation": {"mac": 0.5, "element": 0.25}})
    bits = DramBits(weight=40, ifmap=20, ofmap=8, bias=4)
    cost = Cost(Cycles(10, 5), bits, SramBits(), (("element", 4), ("mac", 10), ("other", 3)), Busy())
    # 10 MACs of 0.5 pJ, 4 elements of 0.25; 64 bits read for 20 pJ each, 8 written for 30. Nothing leaks.
    assert energy_of(cost, machine, on_systolic=True) == Energy(systolic=6.0, dram=1520.0)
    assert energy_of(cost, machine, on_systolic=False) == Energy(simd=6.0, dram=1520.0)
    assert "no energies" in load_machine("nv_small").price_source
    assert "no energies" not in machine.price_source
