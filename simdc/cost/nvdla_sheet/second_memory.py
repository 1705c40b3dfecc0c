"""The sheet's cases with a second memory on the chip, which holds what passes from row to row. They look at a whole
network: what stays on the chip depends on a row's place, and on the room that the other rows need.

The published totals do not tell whether what the buffer cannot hold is read from the second memory again: it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

from simdc.named import NamedTuple

from .estimate import SheetPoint, rows_of, weight_kib
from .row import RowLayout
from .rules import ALEXNET, FC_BATCH, RESNET50, RowRules, RuleSet

GRANULE = 16
"""Of output channels, also in ResNet-50, whose column without a second memory has 128."""
PLACES_ON_CHIP = 6
"""Of ResNet-50 the results of the first six rows stay on the chip; later ones are written to DRAM as well."""


class SecondMemory(NamedTuple):
    """`capacity_kib` is decimal as the sheet's, rates are in KiB a cycle as `SheetPoint.dram_rate`."""

    capacity_kib: int
    read_rate: Fraction
    write_rate: Fraction


def resnet50_cycles(layers: Sequence[RowLayout], point: SheetPoint, memory: SecondMemory) -> Fraction:
    """DRAM gives the weights, and the inputs of the first and of the fully connected row, whose weights a batch
    shares."""
    total = Fraction(0)
    for place, (row, rules) in enumerate(_listed(layers, RESNET50)):
        weights = weight_kib(row, rules._replace(weights_batch=FC_BATCH))
        outside = row.input_kib if place == 0 or row.is_fully_connected else 0
        kept = place < PLACES_ON_CHIP or row.is_fully_connected
        dram = weights + outside + (0 if kept else row.output_kib)
        total += _longest(row, dram, point, memory)
    return total


def alexnet_cycles(layers: Sequence[RowLayout], point: SheetPoint, memory: SecondMemory) -> Fraction:
    """As many images as find room beside the weights share them, layer by layer. The last convolutions write their
    results to DRAM, from where the fully connected rows read them."""
    listed = _listed(layers, ALEXNET)
    convolutions = [each for each in listed if not each[0].is_fully_connected]
    images = min(
        floor((memory.capacity_kib - weight_kib(row, rules)) / (row.input_kib + row.output_kib))
        for row, rules in convolutions
    )
    shapes = list(dict.fromkeys(row for row, _ in convolutions))
    total = Fraction(0)
    for row, rules in listed:
        weights = weight_kib(row, rules)
        if row.is_fully_connected:
            dram = row.input_kib + weights
        else:
            # The second layer alone is also held to the batch of the fully connected rows.
            together = min(images, FC_BATCH) if row == shapes[1] else images
            dram = weights / together + (row.input_kib if row == shapes[0] else 0)
            dram += row.output_kib if row == shapes[-1] else 0
        total += _longest(row, dram, point, memory)
    return total


def _listed(layers: Sequence[RowLayout], sheet: RuleSet) -> list[tuple[RowLayout, RowRules]]:
    return [row for layer in layers for row in rows_of(layer, sheet) if row is not None]


def _longest(row: RowLayout, dram_kib: Fraction, point: SheetPoint, memory: SecondMemory) -> Fraction:
    return max(
        Fraction(ceil(dram_kib / point.dram_rate)),
        Fraction(ceil(row.input_kib / memory.read_rate)),
        Fraction(ceil(row.output_kib / memory.write_rate)),
        row.mac_cycles(point.macs, GRANULE, FC_BATCH),
    )
