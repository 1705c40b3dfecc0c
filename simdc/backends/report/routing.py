"""What a report says of mixtures of experts: the network's cost by how they give out their tokens."""

from __future__ import annotations

from simdc.cost.machines import AnyMachine
from simdc.cost.result import Number
from simdc.named import NamedTuple

from .columns import Style
from .units import DRAM, ENERGY, unit_for

NS = 1e-9
GIVEN = "given"


class RoutedRun(NamedTuple):
    """The whole network, all of its mixtures routed one way."""

    routing: str
    cycles: Number
    dram_bits: Number
    energy_pj: Number


class RoutedRuns(NamedTuple):
    """`stated` is how the network says that its mixtures are routed: as one of the `runs`, or otherwise, `GIVEN`."""

    stated: str
    runs: tuple[RoutedRun, ...]


def routing_table(found: RoutedRuns | None, hardware: AnyMachine, style: Style) -> str:
    """A row for each way to route."""
    if found is None:
        return ""
    dram, energy = unit_for([run.dram_bits for run in found.runs], DRAM), ENERGY[0]
    if hardware.has_prices:
        energy = unit_for([run.energy_pj for run in found.runs], ENERGY)
    rows = [
        [
            run.routing + " (stated)" * (run.routing == found.stated),
            f"{run.cycles:,.0f}",
            f"{run.cycles * hardware.clock_ns * NS * 1e3:,.4g}",
            dram.text(run.dram_bits),
            *([energy.text(run.energy_pj)] if hardware.has_prices else []),
        ]
        for run in found.runs
    ]
    heads = ["routing of experts", "runtime [cycle]", "runtime [ms]", f"DRAM [{dram.name}]"]
    return style.table([*heads, *([f"energy [{energy.name}]"] if hardware.has_prices else [])], rows, left=1)


def routing_data(found: RoutedRuns | None, hardware: AnyMachine) -> dict[str, object]:
    """The object `routing` of cost.schema.json, in an object; empty for a network without mixtures."""
    if found is None:
        return {}
    runs = {
        run.routing: {
            "cycles": run.cycles,
            "runtime_s": run.cycles * hardware.clock_ns * NS,
            "dram_bits": run.dram_bits,
            "energy_pj": run.energy_pj if hardware.has_prices else None,
        }
        for run in found.runs
    }
    return {"routing": {"stated": found.stated, **runs}}
