"""The figures of a whole run that people compare: time, throughput, energy, DRAM, how much of the peak."""

from __future__ import annotations

from simdc.cost.machines import AnyMachine
from simdc.cost.result import Number
from simdc.named import NamedTuple

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


class RunSums(NamedTuple):
    """Over all layers of a run; `macs` of those that multiply, `uncosted` is how many layers have no price."""

    cycles: Number = 0
    dram_bits: Number = 0
    energy_pj: Number = 0
    macs: Number = 0
    uncosted: int = 0


def figures_of(report: Report) -> Figures:
    total, llm = report.total, report.llm
    sums = RunSums(total.cycles.total, total.dram_bits.total, total.energy.total, report.macs, len(report.uncosted))
    tokens = llm.tokens if llm is not None and llm.makes_text else None
    return _figures((report.network, report.phase, report.batch), report.model, report.hardware, sums, tokens)


def figures_at(run: Figures, batch: int, sums: RunSums, hardware: AnyMachine) -> Figures:
    """Of the same network as `run` on the same machine, with another batch."""
    # 512 tokens of 8 sequences in 2 s were 2,048 tokens a second.
    tokens = None if run.tokens_per_s is None else round(run.tokens_per_s * run.runtime_s / run.batch)
    return _figures((run.network, run.phase, batch), run.model, hardware, sums, tokens)


def _figures(run: tuple[str, str, int], model: str, hardware: AnyMachine, sums: RunSums, tokens: int | None) -> Figures:
    """`run` is network, phase and batch; `tokens` go in for each of the batch."""
    # 1,000 MACs in 10 cycles of 2 ns on 256 PEs: 2,000 operations in 20 ns are 0.1 TOPS, 1000 / 2560 of the peak.
    network, phase, batch = run
    runtime_s, priced = sums.cycles * hardware.clock_ns * 1e-9, hardware.has_prices
    return Figures(
        network=network,
        phase=phase,
        batch=batch,
        machine=hardware.title,
        model=model,
        cycles=sums.cycles,
        runtime_s=runtime_s,
        inputs_per_s=_rate(batch, runtime_s),
        tokens_per_s=None if tokens is None else _rate(tokens * batch, runtime_s),
        energy_j=sums.energy_pj / PJ_PER_J if priced else None,
        power_w=_rate(sums.energy_pj / PJ_PER_J, runtime_s) if priced else None,
        dram_bytes=sums.dram_bits / BITS_PER_BYTE,
        macs=sums.macs,
        operations_per_s=_rate(OPERATIONS_PER_MAC * sums.macs, runtime_s),
        of_peak=_rate(sums.macs, hardware.peak_macs_per_cycle * sums.cycles),
        uncosted=sums.uncosted,
    )


def _rate(count: Number, over: Number) -> float:
    return count / over if over else 0.0
