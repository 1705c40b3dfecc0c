"""Small spaces, and their machines one by one: the slow way that everything is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import simdc
import simdc.cost
from simdc.cost import Hardware, TilingError, energy_of
from simdc.cost.kernel import Contraction
from simdc.explore.exploration import Exploration, NetworkChoice
from simdc.explore.space import Space, field_of
from simdc.explore.space_file import read_space
from simdc.explore.survey import Survey
from simdc.frontends import load_network
from simdc.ir.network import network_of

NET = """network small(x: 8x28x28) {
  x = conv(x, 40, 3, pad=1) -> bn -> relu -> maxpool(2, stride=2)
  y = conv(x, 40, 3, pad=1) -> bn -> relu -> conv(40, 3, pad=1) -> bn
  return add(x, y) -> relu -> global_avgpool -> fc(70)
}
"""
PLAIN = """network plain(x: 16x14x14) {
  return x -> conv(33, 5, pad=2) -> relu -> conv(24, 1) -> relu -> global_avgpool -> fc(10)
}
"""
WEIGHTS, IFMAPS, PSUMS = (f"systolic.buffers.{name}_bits" for name in ("weight", "ifmap", "psum"))
WEIGHT_PORT, IFMAP_PORT = "systolic.bandwidths.weight_bits_per_cycle", "systolic.bandwidths.ifmap_bits_per_cycle"

SPACE: dict[str, Any] = {
    "schema": "simdc-space/1",
    "base": "HI1",
    "choices": {
        "array": [
            {"name": f"{side} x {side}", "set": {"systolic.rows": side, "systolic.columns": side, "simd.lanes": side}}
            for side in (8, 16)
        ]
    },
    "fields": {
        WEIGHTS: ["256 B", "2 KiB", "8 KiB", "16 KiB"],
        IFMAPS: ["4 KiB", "12 KiB", "32 KiB"],
        "simd.vmem_bits": {"powers_of_two": ["8 KiB", "32 KiB"]},
        WEIGHT_PORT: {"from": 16, "to": 64, "step": 24},
        "simd.bandwidth_bits_per_cycle": [32, 128],
    },
    "constraints": [
        {"name": "SRAM", "sum": [WEIGHTS, IFMAPS, "simd.vmem_bits"], "budget": "64 KiB", "from": 0.3, "to": 0.9},
        {"name": "ports", "sum": {WEIGHT_PORT: 2, "simd.bandwidth_bits_per_cycle": 1}, "at_most": 200},
    ],
}


def space_of(data: dict[str, Any], **changes: Any) -> Space:
    merged = {key: value for key, value in {**data, **changes}.items() if value is not None}
    return read_space(merged, "space.json", lambda name: simdc.load_hardware(name or "HI1")).space


def network_of_text(folder: Path, text: str, model: str, *, train: bool = False, weight: float = 1.0) -> NetworkChoice:
    path = folder / f"{text.split()[1].partition('(')[0]}.dsl"
    path.write_text(text, encoding="utf-8")
    network = simdc.Network(load_network(str(path), 2))
    network = network.training_step() if train else network
    op = network_of(network.module)
    return NetworkChoice(op.sym_name.data, op.phase.data, lambda machine: network.workload(machine, model), weight)


def survey_of(space: Space, networks: Sequence[NetworkChoice], model: str) -> Survey:
    exploration = Exploration(space, networks, model)
    exploration.run()
    return exploration.survey()


class Single(NamedTuple):
    number: int
    machine: Hardware
    sums: dict[str, float]


def amount_of(machine: Hardware, path: str) -> float:
    return float(Fraction(field_of(machine, path)))


def machines_of(space: Space) -> Iterator[Single]:
    """Every machine of the product that keeps the constraints, by plain loops."""
    for number, choice in enumerate(product(*(range(len(axis.options)) for axis in space.axes))):
        machine = space.machine(choice)
        sums = {
            each.name: sum(
                term.weight * prod(float(Fraction(field_of(machine, path))) for path in term.paths)
                for term in each.terms
            )
            for each in space.constraints
        }
        if all(each.low <= sums[each.name] <= each.high for each in space.constraints):
            yield Single(number, machine, sums)


def metrics_of(machine: Hardware, networks: Sequence[NetworkChoice], model: str) -> dict[str, float] | None:
    """By the formulas of the documents, layer by layer; None when some layer does not fit."""
    totals = dict.fromkeys(("cycles", "runtime_s", "energy_pj", "dram_bits", "edp_pj_s"), 0.0)
    for network in networks:
        cycles = energy = dram = 0.0
        try:
            layers = network.workload(machine).price(simdc.cost.load_model(model, network.phase), machine)
        except TilingError:
            return None
        for layer in layers:
            if layer.cost is not None:
                cycles += layer.cost.cycles.total
                dram += layer.cost.dram_bits.total
                energy += energy_of(layer.cost, machine, on_systolic=isinstance(layer.kernel, Contraction)).total
        runtime = cycles * machine.clock_ns * 1e-9
        own = {"cycles": cycles, "runtime_s": runtime, "energy_pj": energy, "dram_bits": dram}
        own["edp_pj_s"] = energy * runtime
        for name, value in own.items():
            totals[name] += network.weight * value
    return totals
