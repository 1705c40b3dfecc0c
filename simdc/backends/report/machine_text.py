"""The report as JSON (the contract of cost.schema.json) and as CSV, a row per layer."""

from __future__ import annotations

import json
from collections.abc import Collection
from io import StringIO
from math import isfinite
from typing import Any

from simdc.cost.energy import Energy
from simdc.cost.kernel import Chain, Contraction, FusedProducts, Kernel, LoopNest, Operand, VectorProgram
from simdc.cost.result import Cycles
from simdc.cost.structure import unstructure
from simdc.cost.tiling import loop_bounds
from simdc.visible import spreadsheet_text

from .analysed import marks_data
from .language_text import language_data
from .model import LayerReport, Report, Totals
from .roofline import roofline_cells, roofline_data
from .routing import routing_data
from .stamp import origin_columns, provenance
from .surroundings import graph_data, surroundings_of

SCHEMA = "simdc-cost/2"
DIMENSION_ORDER = ("g", "n", "c", "h", "w", "oc", "od", "oh", "ow", "ic", "kd", "kh", "kw")


def render_json(report: Report) -> str:
    """Everything there is to know, for programs: cost.schema.json describes it."""
    text = json.dumps({**_summary(report), "layers": []}, indent=1, allow_nan=False)
    around = surroundings_of(report)
    # Layer by layer: as one piece of data a deep network's layers take ten times the room that their text does.
    layers = [
        json.dumps({**_layer(layer, report), **around(layer)}, indent=1, allow_nan=False).replace("\n", "\n  ")
        for layer in report.layers
    ]
    if layers:
        text = "".join((text.removesuffix("[]\n}"), "[\n  ", ",\n  ".join(layers), "\n ]\n}"))
    return text + "\n"


def as_data(report: Report) -> dict[str, object]:
    """The report as plain data, keys in the order of the contract."""
    around = surroundings_of(report)
    return {**_summary(report), "layers": [{**_layer(layer, report), **around(layer)} for layer in report.layers]}


def _summary(report: Report) -> dict[str, object]:
    total = report.total
    priced = report.hardware.has_prices
    units = {unit: _sums(total, priced) for unit, total in report.by_unit.items()}
    return {
        "schema": SCHEMA,
        "network": {
            "name": report.network,
            "phase": report.phase,
            "batch": report.batch,
            "parameters": report.parameters,
        },
        "hardware": unstructure(report.hardware),
        **marks_data(report.hardware),
        "model": report.model,
        "totals": {
            **_sums(total, priced),
            "ops": dict(total.ops),
            "runtime_s": total.runtime_s(report.hardware),
            "average_power_w": total.average_power_w(report.hardware) if priced else None,
            "utilization": report.utilization(),
            "units": units,
            **(
                {"steps": {step: _sums(sums, priced) for step, sums in report.by_step.items()}}
                if report.by_step
                else {}
            ),
            **({"memory_bytes": report.memory._asdict()} if report.memory is not None else {}),
            "resident_bytes": report.around.resident_bytes(),
        },
        "coverage": {
            "costed": len(report.layers),
            "folded": [name for layer in report.layers for name in layer.folded],
            "free": [{"name": name, "op": op} for name, op in report.free],
            "uncosted": [{"name": name, "op": op, "reason": reason} for name, op, reason in report.uncosted],
            **({"merged": [{"name": name, "into": into} for name, into in report.merged]} if report.merged else {}),
        },
        **language_data(report),
        **routing_data(report.routing, report.hardware),
        **graph_data(report),
        "provenance": provenance(report.runs),
        **({"notes": list(report.notes)} if report.notes else {}),
        **({"warnings": _warnings(report)} if report.warnings() else {}),
    }


def _warnings(report: Report) -> list[dict[str, object]]:
    return [{"message": message, "layers": layers} for message, layers in report.warnings().items()]


def _sums(total: Totals, priced: bool) -> dict[str, object]:
    return {
        "cycles": _cycles(total.cycles),
        "dram_bits": _with_total(total.dram_bits),
        "sram_bits": _with_total(total.sram_bits),
        "energy_pj": _energy(total.energy) if priced else None,
    }


def _layer(layer: LayerReport, report: Report) -> dict[str, object]:
    kernel = layer.kernel
    data: dict[str, object] = {
        "name": layer.name,
        "op": layer.op,
        "unit": str(layer.unit),
        **({"form": layer.form} if layer.form else {}),
        "phase": layer.phase,
        **({"step": layer.step} if report.by_step else {}),
        "dims": dimensions(kernel),
        "operands": [_operand(operand) for operand in _operands(kernel)],
    }
    if isinstance(kernel, (VectorProgram, FusedProducts)):
        data["lanes"] = kernel.lanes
        data["program"] = [_nest(nest, _operands(kernel)) for nest in kernel.nests]
    if layer.members:
        data["members"] = [{"name": name, "op": op} for name, op in layer.members]
    if layer.folded:
        data["folded"] = list(layer.folded)
    utilization = layer.utilization(report.hardware)
    return {
        **data,
        "tiling": {"order": list(layer.tiling.order), "tile": layer.tiling.as_dict()},
        **({} if layer.searched is None else {"search": layer.searched._asdict()}),
        "cycles": _cycles(layer.cost.cycles),
        "dram_bits": _with_total(layer.cost.dram_bits),
        "sram_bits": _with_total(layer.cost.sram_bits),
        "ops": dict(layer.cost.ops),
        "energy_pj": _energy(layer.energy) if report.hardware.has_prices else None,
        "busy_cycles": layer.cost.busy._asdict(),
        "bound_by": layer.bound_by,
        **({} if utilization is None else {"utilization": utilization}),
        **({} if layer.analysis is None else {"roofline": roofline_data(layer.analysis)}),
    }


def dimensions(kernel: Kernel) -> dict[str, int]:
    """Loop bounds of the layer, in the field's usual order."""
    bounds = loop_bounds(kernel)
    known = [name for name in DIMENSION_ORDER if name in bounds]
    return {name: bounds[name] for name in (*known, *(name for name in bounds if name not in known))}


def _operands(kernel: Kernel) -> list[Operand]:
    if isinstance(kernel, FusedProducts):
        return list(kernel.operands)
    if isinstance(kernel, Chain):
        return [operand for link in kernel.links for operand in _operands(link)]
    if isinstance(kernel, Contraction):
        finished = Operand("ofmap", kernel.ofmap_bits, kernel.psum.shape, kernel.psum.index)
        return [*kernel.operands, *([finished] if kernel.ofmap_bits != kernel.psum.bits else [])]
    moved = [operand for nest in kernel.nests for operand in (*nest.inputs, *nest.outputs)]
    return list({operand.name: operand for operand in moved}.values())


def _operand(operand: Operand) -> dict[str, object]:
    index = [str(expression) for expression in operand.index]
    return {"name": operand.name, "bits": operand.bits, "shape": list(operand.shape), "index": index}


def _moved(operand: Operand, known: Collection[Operand]) -> object:
    """Its name, where the layer's operands have it as it is; whole where this nest indexes it in its own way."""
    return operand.name if operand in known else _operand(operand)


def _nest(nest: LoopNest, known: Collection[Operand]) -> dict[str, object]:
    return {
        "loops": [loop.name for loop in nest.loops],
        "inputs": [_moved(operand, known) for operand in nest.inputs],
        "outputs": [_moved(operand, known) for operand in nest.outputs],
        "scratch": [_operand(operand) for operand in nest.scratch],
        "views": [_operand(operand) for operand in nest.views],
        **({"whole": list(nest.whole)} if nest.whole else {}),
        "initial": {name: _number(value) for name, value in nest.initial},
        "blocks": [
            {
                "loops": list(block.loops),
                "at": block.at,
                "instructions": [[i.opcode, i.dest, *map(_number, i.sources)] for i in block.instructions],
            }
            for block in nest.blocks
        ],
    }


def _number(value: str | float) -> str | float:
    """JSON has no infinity, and nothing that is no number."""
    return value if isinstance(value, str) or isfinite(value) else str(value)


def _cycles(cycles: Cycles) -> dict[str, object]:
    return {"compute": cycles.compute, "stall": cycles.stall, "total": cycles.total}


def _energy(energy: Energy) -> dict[str, object]:
    return _with_total(energy)


def _with_total(record: Any) -> dict[str, object]:
    return {**record._asdict(), "total": record.total}


def render_csv(report: Report) -> str:
    """A row per costed layer; the heads carry the units. The last columns say what all of it is of."""
    import csv

    constant = origin_columns(report)
    has_forms = any(layer.form for layer in report.layers)
    analysed, priced = any(layer.analysis for layer in report.layers), report.hardware.has_prices
    rows: list[dict[str, object]] = []
    for layer in report.layers:
        sizes = " ".join(f"{name}={bound}" for name, bound in dimensions(layer.kernel).items())
        tile = " ".join(f"{name}={size}" for name, size in layer.tiling.as_dict().items())
        cells: dict[str, object] = {
            "name": layer.name,
            "op": layer.operator if layer.members else layer.op,
            "unit": str(layer.unit),
            **({"form": layer.form} if has_forms else {}),
            "phase": layer.phase,
            "step": layer.step,
            "dims": sizes,
            "tile": tile,
            **{f"{key} [cycle]": value for key, value in _cycles(layer.cost.cycles).items()},
            **{f"dram {key} [bit]": value for key, value in _with_total(layer.cost.dram_bits).items()},
            **{f"sram {key} [bit]": value for key, value in _with_total(layer.cost.sram_bits).items()},
            **{f"energy {key} [pJ]": value for key, value in _energy(layer.energy).items() if priced},
            "mac [operation]": dict(layer.cost.ops).get("mac", 0),
            "bound by": layer.bound_by,
            **(roofline_cells(layer.analysis) if analysed else {}),
            **constant,
        }
        rows.append({head: spreadsheet_text(cell) if isinstance(cell, str) else cell for head, cell in cells.items()})
    out = StringIO()
    writer = csv.DictWriter(out, rows[0] if rows else ["name", "op"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
