"""Cycles of NVIDIA's own RTL in the configuration nv_small. Each row becomes a network of its own, which goes through
the passes like any other."""

from __future__ import annotations

from functools import cache

from simdc.api import Network, evaluate, load_machine
from simdc.cost.machine import Machine
from simdc.cost.model_options import split_spec
from simdc.cost.model_table import load_model
from simdc.cost.nvdla import NvdlaModel
from simdc.cost.result import Number
from simdc.errors import SimdcError
from simdc.frontends.presets import presets
from simdc.network_builder import NetworkBuilder

from .data_set import DataSet, MeasuredRow, MeasuredSum
from .packaged import packaged_rows, whole

BEAT_BITS = 64
BANK_BITS = 32_768
TITLE = "hardware layers on NVIDIA's open RTL, 64 MACs, 8 bytes a beat"
REMARKS = (
    "simulated RTL with an ideal memory: neither silicon, nor the traffic of a real DRAM, nor a driver's time",
    f"the rules of {NvdlaModel.name} were found on the rows of kind conv, sdp and pdp, the wait of a group of kernels "
    "for its weights after a look at 14 others",
    "alexnet's rows are five of 21 convolutions that no constant was fitted to; on all 21 it was 0.32 % off in "
    "the mean and 2.3 % at worst, as whoever measured them reports",
    "each layer ran by itself: the total of a network is a sum",
    "a pair is what the second of two equal, independent layers takes behind the first",
)
LENET = ("lenet_conv1_pool1", "lenet_conv2_pool2", "lenet_ip1", "lenet_ip2")
LATENCY, BEAT_CYCLES = 50, 1
"""Of the pairs, and of the rows that make LeNet."""


def nv_small(model: str | None) -> DataSet:
    """Raises SimdcError for a model that does not take the machine, or has no price for a layer."""
    spec = model or NvdlaModel.name
    alexnet = [{**row, "kind": "conv"} for row in packaged_rows("nv_small_alexnet.csv")]
    layers = tuple(_layer(row, row["kind"], spec) for row in packaged_rows("nv_small_cycles.csv"))
    layers += tuple(_layer(row, "alexnet", spec) for row in alexnet)
    pairs = tuple(_pair(row, spec) for row in packaged_rows("nv_small_pairs.csv"))
    lenet = tuple(row for row in layers if row.name in LENET and row.conditions == (LATENCY, BEAT_CYCLES))
    return DataSet(
        "nv_small",
        TITLE,
        REMARKS,
        _machine().name,
        spec,
        _levels(spec),
        ("latency [cycle]", "beat [cycle]"),
        (*layers, *pairs),
        (MeasuredSum("LeNet", lenet),),
    )


def _layer(row: dict[str, str], kind: str, spec: str) -> MeasuredRow:
    latency, beat_cycles = (whole(row, name) for name in ("latency", "cycles_per_beat"))
    machine = _machine(
        f"memories.dram.latency_cycles={latency}", f"memories.dram.read_bits_per_cycle={BEAT_BITS // beat_cycles}"
    )
    predicted = _predicted(_network(row), machine, spec)
    return MeasuredRow(row["name"], kind, "cycle", (latency, beat_cycles), whole(row, "cycles"), predicted)


def _pair(row: dict[str, str], spec: str) -> MeasuredRow:
    """The run gave so many banks of the buffer to inputs and to weights."""
    banks = whole(row, "data_banks") + whole(row, "weight_banks")
    machine = _machine(f"memories.cbuf.banks={banks}", f"memories.cbuf.capacity_bits={banks * BANK_BITS}")
    sizes = {**row, "name": "pair", "kind": "conv", "stride": "1", "pad": str(whole(row, "R") // 2), "bias": "1"}
    one, two = (_predicted(_network(sizes, images), machine, spec) for images in (1, 2))
    second = tuple(both - alone for both, alone in zip(two, one, strict=True))
    return MeasuredRow(row["layer"], "pair", "cycle", (LATENCY, BEAT_CYCLES), whole(row, "increment"), second)


def _network(row: dict[str, str], images: int = 1) -> Network:
    """The one hardware layer of a row: a convolution, or none, and what the row says of SDP and PDP."""
    net = NetworkBuilder(row["name"], images)
    result = net.input("image", [whole(row, size) for size in ("C", "H", "W")])
    if row["kind"] == "conv":
        result = net.conv(
            result,
            channels=whole(row, "K"),
            kernel=(whole(row, "R"), whole(row, "S")),
            stride=whole(row, "stride"),
            pad=whole(row, "pad"),
            bias=whole(row, "bias") > 0,
        )
    if whole(row, "add"):
        result = net.add(result, net.input("addend", result.shape[1:]))
    if whole(row, "relu"):
        result = net.relu(result)
    if window := whole(row, "pool"):
        # All pools that were measured halve the image.
        result = net.maxpool(result, kernel=window, stride=2)
    return net.finish(result)


@cache
def _machine(*changes: str) -> Machine:
    # By its path: a file of the same name may stand where the command is called.
    found = load_machine(str(presets("hardware")["nv_small"]), changes)
    assert isinstance(found, Machine)
    return found


def _levels(spec: str) -> tuple[str, ...]:
    """A model that was given options is taken at one of its levels."""
    name, options = split_spec(spec)
    return (() if options else load_model(name).levels) or (f"all that {spec} knows",)


def _predicted(network: Network, machine: Machine, spec: str) -> tuple[Number, ...]:
    """Cycles of the one layer, level by level."""
    (layer,) = evaluate(network, machine, spec)
    if layer.cost is None or layer.tiling is None:
        raise SimdcError(f"--model: '{spec}' has no price for a layer that was measured: {layer.reason}")
    if len(_levels(spec)) == 1:
        return (layer.cost.cycles.total,)
    found = load_model(spec).analyse(layer.kernel, layer.tiling, machine)
    assert found is not None
    return found.levels
