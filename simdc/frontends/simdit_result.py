"""What the released SimDIT found for a network, layer by layer, as a JSON file.

    {"net": "resnet50", "hw": "HI3", "batch": 1, "layers": [
      {"op": "conv_bias", "dims": {"N": 1, "OC": 64, "IC": 64, "OH": 112, "OW": 112, "KH": 7, "KW": 7}, ...,
       "compute": 619035, "stall": 4584, "dram": {"filter": 1605632, ...}, "sram": {"WBUF": 20866793472, ...}}]}

Layers stand in the order of its program. Cycles and, in `dram` and `sram`, bits; fractions occur. Other keys are
ignored.
"""

from __future__ import annotations

from simdc.errors import SimdcError
from simdc.named import NamedTuple

from .json_node import JsonNode, describe
from .json_text import name_of, parse_object, read_text

MAX_BYTES = 64 * 2**20


class SimditLayer(NamedTuple):
    """A layer of the result: its place in the program, SimDIT's name for what it does, its dimensions by SimDIT's
    names, channels padded to the array."""

    number: int
    op: str
    dims: dict[str, int]
    compute_cycles: float
    stall_cycles: float
    dram_bits: float
    sram_bits: float


class SimditResult(NamedTuple):
    """A result file: what it says of network, machine and batch, if it does, and its layers."""

    network: str
    hardware: str
    batch: str
    layers: tuple[SimditLayer, ...]


def load_simdit_result(path: str) -> SimditResult:
    """The result in a file. Raises SimdcError at the entry that is not as expected."""
    file = name_of(path)
    root = JsonNode(parse_object(read_text(path, MAX_BYTES), file), file)
    entries = root.need("layers", ": a SimDIT result lists its layers").items()
    network, hardware, batch = (str(root.fields().get(key, "unnamed")) for key in ("net", "hw", "batch"))
    return SimditResult(network, hardware, batch, tuple(_layer(number, entry) for number, entry in enumerate(entries)))


def _layer(number: int, entry: JsonNode) -> SimditLayer:
    dims = entry.need("dims")
    return SimditLayer(
        number,
        entry.need("op").text(),
        {name: dims.need(name).size() for name in dims.fields()},
        _count(entry.need("compute")),
        _count(entry.need("stall")),
        _sum(entry.need("dram")),
        _sum(entry.need("sram")),
    )


def _count(node: JsonNode) -> float:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SimdcError(f"must be a number, got {describe(value)}", file=node.file, path=node.path)
    return value


def _sum(node: JsonNode) -> float:
    return sum(_count(node.need(name)) for name in node.fields())
