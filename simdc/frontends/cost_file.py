"""A cost report that `--format json` wrote, read again: what a comparison of two of them looks at."""

from __future__ import annotations

import json
from math import prod
from typing import cast

from simdc.errors import SimdcError
from simdc.named import NamedTuple

from .json_node import JsonNode
from .json_text import name_of, parse_object, read_text

MAX_BYTES = 64 * 2**20
SCHEMA = "simdc-cost/"
KNOWN = (1, 2)
"""Numbers of the schema that are read: keys of a later one may mean something else."""


class LayerCosts(NamedTuple):
    """A layer: its numbers, and `choices`, what was decided of it, by name. `work` is equal for layers that make as
    many results of as many products, or of one operator where there are none, whatever their loops are called;
    `tensors` are how many elements each operand has, by the operand's name."""

    name: str
    op: str
    cycles: float
    dram_bits: float
    energy_pj: float | None
    choices: dict[str, str]
    work: tuple[str, ...]
    tensors: dict[str, str]


class CostFile(NamedTuple):
    """`settings` are what the run was of, network, batch, model and every field of the machine, by dotted path."""

    path: str
    title: str
    settings: dict[str, str]
    cycles: float
    runtime_s: float
    dram_bits: float
    energy_pj: float | None
    layers: tuple[LayerCosts, ...]


def load_cost_file(path: str) -> CostFile:
    """Raises SimdcError for what is no such report, at the entry that is not as expected."""
    file = name_of(path)
    root = JsonNode(parse_object(read_text(path, MAX_BYTES), file), file)
    schema = root.need("schema", ": a cost report of --format json begins with it").text()
    if not schema.startswith(SCHEMA):
        raise SimdcError(f"must be a cost report, {SCHEMA}1 or later, got '{schema[:80]}'", file=file, path="schema")
    if schema.removeprefix(SCHEMA) not in map(str, KNOWN):
        later = f"is a report of another simdc, {schema[:80]}; this one reads {SCHEMA}1 to {SCHEMA}{KNOWN[-1]}"
        raise SimdcError(later, file=file, path="schema")
    network, hardware, totals = root.need("network"), root.need("hardware"), root.need("totals")
    name, batch = network.need("name").text(), _text(network.need("batch"))
    machine, model = hardware.need("name").text(), root.need("model").text()
    settings = {f"network.{key}": _text(network.need(key)) for key in ("name", "phase", "batch") if network.get(key)}
    fields = _leaves(hardware, "")
    settings |= {"model": model, "machine": fields.pop("name"), **fields}
    return CostFile(
        path=file,
        title=f"{name}, batch {batch}, on {machine}, model {model}",
        settings=settings,
        cycles=_number(totals.need("cycles").need("total")),
        runtime_s=_number(totals.need("runtime_s")),
        dram_bits=_number(totals.need("dram_bits").need("total")),
        energy_pj=_energy(totals),
        layers=tuple(_layer(entry) for entry in root.need("layers").items()),
    )


def _layer(entry: JsonNode) -> LayerCosts:
    tiling = entry.need("tiling")
    choices = {f"size {loop}": _text(entry.need("dims").need(loop)) for loop in entry.need("dims").fields()}
    choices |= {f"tile {loop}": _text(tiling.need("tile").need(loop)) for loop in tiling.need("tile").fields()}
    choices["order"] = " ".join(each.text() for each in tiling.need("order").items())
    for key in ("unit", "form", "bound_by"):
        found = entry.get(key)
        choices[key.replace("_", " ")] = "" if found is None else found.text()
    op, made = entry.need("op").text(), entry.get("ops")
    macs = None if made is None else made.get("mac")
    tensors = _tensors(entry)
    return LayerCosts(
        name=entry.need("name").text(),
        op=op,
        cycles=_number(entry.need("cycles").need("total")),
        dram_bits=_number(entry.need("dram_bits").need("total")),
        energy_pj=_energy(entry),
        choices=choices,
        work=(op if macs is None else _text(macs), *list(tensors.values())[-1:]),
        tensors=tensors,
    )


def _tensors(entry: JsonNode) -> dict[str, str]:
    """Elements of each operand, the result last; those of an operand that a layer has not are no entry."""
    operands = entry.get("operands")
    found = () if operands is None else operands.items()
    return {each.need("name").text(): str(prod(int(_number(s)) for s in each.need("shape").items())) for each in found}


def _leaves(node: JsonNode, prefix: str) -> dict[str, str]:
    """Every field of the machine by dotted path, what only says where numbers are from left out."""
    found: dict[str, str] = {}
    for key, value in node.fields().items():
        path = f"{prefix}{key}"
        if isinstance(value, dict):
            found |= _leaves(JsonNode(cast("object", value), node.file, node.child(key)), f"{path}.")
        elif path not in ("changed", "prices.source"):
            found[path] = _text(node.need(key))
    return found


def _text(node: JsonNode) -> str:
    return str(node.value)[:200]


def _number(node: JsonNode) -> float:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise node.error(f"must be a number, got {json.dumps(value)[:60]}")
    return value


def _energy(node: JsonNode) -> float | None:
    found = node.need("energy_pj")
    return None if found.value is None else _number(found.need("total"))
