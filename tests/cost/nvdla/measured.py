"""The packaged measurements, as layers of the model."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

from simdc.cost.machine import Machine
from simdc.cost.nvdla.hardware_layer import HardwareLayer, convolution_layer, unit_layer
from simdc.cost.nvdla.parts import Nvdla, parts_of
from simdc.cost.nvdla.sizes import ConvolutionPass, UnitPass
from simdc.cost.nvdla.split import Windows
from simdc.frontends.hardware_file import load_machine

DATA = Path(__file__).parents[3] / "simdc" / "data"


def rows(name: str) -> list[dict[str, str]]:
    lines = [line for line in (DATA / name).read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


@cache
def machine(*changes: str) -> Machine:
    found = load_machine("nv_small", list(changes))
    assert isinstance(found, Machine)
    return found


def nv_small(*changes: str) -> Nvdla:
    return parts_of(machine(*changes))


def machine_of(row: dict[str, str]) -> Nvdla:
    """8 bytes in so many cycles."""
    rate = f"memories.dram.read_bits_per_cycle={64 // int(row['cycles_per_beat'])}"
    return nv_small(rate, f"memories.dram.latency_cycles={row['latency']}")


def number(row: dict[str, str], name: str) -> int:
    return int(row[name] or 0)


def convolution(row: dict[str, Any]) -> ConvolutionPass:
    sizes = [int(row[name]) for name in ("C", "H", "W", "K", "R", "S", "P", "Q", "out_h", "out_w", "bias", "add")]
    return ConvolutionPass(*sizes, is_pooled=int(row["pool"]) > 0)


def layer_of(row: dict[str, str], parts: Nvdla) -> HardwareLayer:
    if row["kind"] == "conv":
        return convolution_layer(convolution(row), Windows(int(row["stride"])), parts)
    sizes = [int(row[name]) for name in ("C", "H", "W", "out_h", "out_w")]
    unit = parts.sdp if row["kind"] == "sdp" else parts.pdp
    return unit_layer(UnitPass(*sizes, addends=int(row["add"])), row["kind"], unit, parts)
