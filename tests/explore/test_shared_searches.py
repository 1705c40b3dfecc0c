"""What was searched on one machine is taken on others that the layer cannot tell from it, and only there."""

from __future__ import annotations

from typing import Any

import pytest

import simdc.cost.search
from simdc.cost import ExactModel, Hardware, Kernel, with_field
from simdc.cost.search import objective_for, search
from simdc.explore.schedulers import Search
from simdc.frozen import evolve
from tests.cost.machines import row_convolution, small_machine
from tests.cost.nvdla_sheet.layers import addition

EXACT = ExactModel()
CONVOLUTION = row_convolution(ic=4, oc=4, ow=6)
PROGRAM = addition(1, 9, 1, 7)
BASE = small_machine(buffers=(64, 256, 512, 64), vmem_bits=2048)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Kernel, Hardware]]:
    """All that was searched."""
    asked: list[tuple[Kernel, Hardware]] = []

    def counted(kernel: Kernel, hardware: Hardware, *given: Any, **options: Any) -> Any:
        asked.append((kernel, hardware))
        return search(kernel, hardware, *given, **options)

    monkeypatch.setattr(simdc.cost.search, "search", counted)
    return asked


def values(kernel: Kernel, machines: list[Hardware], objective: str) -> list[float]:
    """Of the tilings chosen, one machine after the other, each no worse than searched alone."""
    scheduler, found = Search(objective), list[float]()
    for machine in machines:
        value = objective_for(scheduler.objective, kernel, machine)
        found.append(value(EXACT.evaluate(kernel, scheduler(EXACT, kernel, machine), machine)))
        assert found[-1] <= search(kernel, machine, value, even_only=True).certificate.best
    return found


@pytest.mark.parametrize(
    ("field", "value", "contraction", "program"),
    [
        ("simd.bandwidth_bits_per_cycle", 4, 1, 2),
        ("simd.lanes", 4, 1, 2),
        ("systolic.bandwidths.psum_bits_per_cycle", 2, 2, 1),
        ("systolic.rows", 4, 2, 1),
        ("systolic.buffers.weight_bits", 32, 2, 1),
        ("simd.vmem_bits", 256, 1, 2),
        ("stores_padding", True, 2, 2),
        ("dram.latency_cycles", 9, 2, 2),
        ("prices.dram_pj_per_bit", 3.0, 1, 1),
    ],
)
def test_a_layer_is_searched_where_its_array_feels_a_change(
    field: str, value: object, contraction: int, program: int, searched: list[tuple[Kernel, Hardware]]
) -> None:
    for kernel, times in ((CONVOLUTION, contraction), (PROGRAM, program)):
        searched.clear()
        values(kernel, [BASE, with_field(BASE, field, value)], "cycles")
        assert len(searched) == times, (field, kernel.kind)


def test_energy_knows_prices(searched: list[tuple[Kernel, Hardware]]) -> None:
    dear = with_field(BASE, "prices.dram_pj_per_bit", 3.0)
    one, other = values(CONVOLUTION, [BASE, dear], "energy")
    assert [machine for _, machine in searched] == [BASE, dear]
    assert one < other


def test_what_fits_a_smaller_machine_is_not_searched_there_again(searched: list[tuple[Kernel, Hardware]]) -> None:
    """From the largest to the smallest, with other lanes each: weights of one tile of four channels by two need 64 bits
    of each half, and no memory that is larger changes that."""
    machines = [
        evolve(with_field(BASE, "systolic.buffers.weight_bits", bits), simd=evolve(BASE.simd, lanes=lanes))
        for bits, lanes in ((1 << 20, 2), (1 << 19, 4), (16, 8))
    ]
    large, less, little = values(CONVOLUTION, machines, "cycles")
    assert large == less <= little
    assert [machine for _, machine in searched] == [machines[0], machines[2]]
    # The other way round each is searched, and none is worse than the one before.
    searched.clear()
    found = values(CONVOLUTION, machines[::-1], "cycles")
    assert found == sorted(found, reverse=True)
    assert len(searched) == 3
