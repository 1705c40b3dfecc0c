"""What NVIDIA's sheet says of a row: DRAM traffic, the cycles that it takes, and those of the MACs. The row lasts as
long as the longer of the two; there is no fill, no latency, no stripe."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from simdc.named import NamedTuple

from ..tiling import TilingError
from .row import KEPT_KERNELS, RowLayout
from .rules import FC_BATCH, Comparison, Recognised, RowRules, RuleSet


class SheetPoint(NamedTuple):
    """A machine, as the sheet's head has it. `dram_rate` is in KiB a cycle by the sheet's own reckoning."""

    macs: int
    buffer_kib: Fraction
    dram_rate: Fraction

    @classmethod
    def at(cls, macs: int, buffer_bits: int, dram_bits_per_cycle: int) -> SheetPoint:
        """The sheet divides KiB by GB/s and multiplies by MHz: a KiB counts as 1000 bytes, 2.4 % too few."""
        # 10 GB/s at 1 GHz are 80 bits a cycle, a hundredth KiB: 408 KiB take 40,800 cycles, not 41,780.
        return cls(macs, Fraction(buffer_bits, 8 * 1024), Fraction(dram_bits_per_cycle, 8 * 1000))


class RowTraffic(NamedTuple):
    """KiB between DRAM and the buffer, by operand."""

    input: Fraction
    weights: Fraction
    output: Fraction
    addend: Fraction

    @property
    def total(self) -> Fraction:
        return sum(self, Fraction(0))


class RowEstimate(NamedTuple):
    """`cycles` are those of DRAM or of the MACs, whichever are more."""

    traffic: RowTraffic
    dram_cycles: Fraction
    mac_cycles: Fraction
    cycles: Fraction


NOTHING = RowEstimate(RowTraffic(*[Fraction(0)] * 4), *[Fraction(0)] * 3)


def layer_estimate(layer: RowLayout, rule_set: RuleSet, point: SheetPoint) -> RowEstimate | None:
    """Of a layer, which is its part of the rows that the sheet has for layers of its size; None where it has none.
    Raises TilingError."""
    found = rows_of(layer, rule_set)
    if not found:
        return None
    rows = [NOTHING if each is None else estimate(*each, point) for each in found]
    traffic = RowTraffic(*map(_mean, zip(*(row.traffic for row in rows), strict=True)))
    return RowEstimate(traffic, *map(_mean, zip(*(row[1:] for row in rows), strict=True)))


def _mean(values: tuple[Fraction, ...]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def rows_of(layer: RowLayout, rule_set: RuleSet) -> list[tuple[RowLayout, RowRules] | None]:
    """The rows that the sheet has for layers of this size, as `Counted` says."""
    size = Recognised(layer.input_channels, layer.output_channels, layer.rows.window, layer.rows.size)
    return [None if rules is None else (_as_listed(layer, rules), rules) for rules in rule_set.of(size)]


def _as_listed(layer: RowLayout, rules: RowRules) -> RowLayout:
    rows, columns = (
        side._replace(size=rules.input_size or side.size, stored=rules.output_size or side.stored)
        for side in (layer.rows, layer.columns)
    )
    return layer._replace(
        input_channels=rules.input_channels or layer.input_channels,
        output_channels=rules.output_channels or layer.output_channels,
        rows=rows,
        columns=columns,
    )


def estimate(row: RowLayout, rules: RowRules, point: SheetPoint) -> RowEstimate:
    """Raises TilingError."""
    traffic = row_traffic(row, rules, point.buffer_kib)
    dram_cycles = Fraction(ceil(traffic.total / point.dram_rate))
    mac_cycles = row.mac_cycles(point.macs, rules.granule, FC_BATCH)
    return RowEstimate(traffic, dram_cycles, mac_cycles, max(dram_cycles, mac_cycles))


def row_traffic(row: RowLayout, rules: RowRules, buffer_kib: Fraction) -> RowTraffic:
    """One operand passes once. The other does, too, if it fits beside what must be kept of the first; otherwise the
    first passes again for each part of it. Raises TilingError."""
    # Res3a_branch1, 512 KiB: of the input 14 KiB are kept, 512 of weights are two parts of at most 498: 784 KiB twice.
    weights = weight_kib(row, rules)
    kept_input = row.kept_input_kib(row.rows.window + rules.more_lines)
    kept_weights = row.weight_kib(KEPT_KERNELS)
    if kept_weights >= buffer_kib:
        kept_weights = buffer_kib / 2
    input_passes = weight_passes = 1
    if rules.comparison != "none":
        if _weights_again(rules.comparison, row.input_kib, weights, kept_input, kept_weights):
            weight_passes = _passes(row.input_kib, buffer_kib, kept_weights)
        else:
            input_passes = _passes(weights, buffer_kib, kept_input)
    return RowTraffic(
        row.input_kib * input_passes, weights * weight_passes, row.output_kib, row.output_kib * row.has_addend
    )


def weight_kib(row: RowLayout, rules: RowRules) -> Fraction:
    """All weights; of a fully connected row one image's share."""
    grown = Fraction(16, 9) if rules.winograd_weights and row.is_winograd else 1
    shared = rules.weights_batch if row.is_fully_connected else 1
    return row.weight_kib(row.output_channels) * grown / shared


def _weights_again(
    comparison: Comparison, whole: Fraction, weights: Fraction, kept: Fraction, kept_weights: Fraction
) -> bool:
    small, large = {
        "input < weights": (whole, weights),
        "input < kept weights": (whole, kept_weights),
        "kept input < kept weights": (kept, kept_weights),
    }[comparison]
    return small < large


def _passes(streamed: Fraction, buffer_kib: Fraction, kept: Fraction) -> int:
    if kept >= buffer_kib:
        raise TilingError(
            f"the sheet keeps {float(kept):g} KiB of a layer's input in the convolution buffer, which has "
            f"{float(buffer_kib):g}: enlarge memories.cbuf.capacity_bits",
            buffer="the convolution buffer",
        )
    return max(1, ceil(streamed / (buffer_kib - kept)))
