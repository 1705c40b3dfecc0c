"""The figures of a whole run that people compare: time, throughput, energy, DRAM, how much of the peak."""

from __future__ import annotations

from typing import NamedTuple

from simdc.cost.result import Number

from .model import PJ_PER_J, Report

BITS_PER_BYTE = 8
OPERATIONS_PER_MAC = 2


class Figures(NamedTuple):
    """One run. `inputs_per_s` counts images, sequences or what else the batch counts, `tokens_per_s` tokens, where the
    network is a language model; energy and power are None on a machine without prices. `of_peak` is the share of the
    MACs that the machine could do in this time, all stalls and all layers included."""

    network: str
    phase: str
    batch: int
    machine: str
    model: str
    cycles: Number
    runtime_s: float
    inputs_per_s: float
    tokens_per_s: float | None
    energy_j: float | None
    power_w: float | None
    dram_bytes: float
    macs: Number
    operations_per_s: float
    of_peak: float
    uncosted: int


def figures_of(report: Report) -> Figures:
    # 1,000 MACs in 10 cycles of 2 ns on 256 PEs: 2,000 operations in 20 ns are 0.1 TOPS, 1000 / 2560 of the peak.
    hardware, total = report.hardware, report.total
    cycles, runtime_s = total.cycles.total, total.runtime_s(hardware)
    llm = report.llm
    priced = hardware.has_prices
    return Figures(
        network=report.network,
        phase=report.phase,
        batch=report.batch,
        machine=hardware.title,
        model=report.model,
        cycles=cycles,
        runtime_s=runtime_s,
        inputs_per_s=_rate(report.batch, runtime_s),
        tokens_per_s=llm.tokens_per_s if llm is not None and llm.makes_text else None,
        energy_j=total.energy.total / PJ_PER_J if priced else None,
        power_w=total.average_power_w(hardware) if priced else None,
        dram_bytes=total.dram_bits.total / BITS_PER_BYTE,
        macs=report.macs,
        operations_per_s=_rate(OPERATIONS_PER_MAC * report.macs, runtime_s),
        of_peak=_rate(report.macs, hardware.peak_macs_per_cycle * cycles),
        uncosted=len(report.uncosted),
    )


def _rate(count: Number, over: Number) -> float:
    return count / over if over else 0.0
