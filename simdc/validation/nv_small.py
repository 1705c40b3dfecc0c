"""Cycles of NVIDIA's own RTL in the configuration nv_small. Each row becomes a network of its own, which goes through
the passes like any other."""

from __future__ import annotations

from collections.abc import Callable

from simdc.cost.machine import Machine
from simdc.cost.nvdla import NvdlaModel
from simdc.cost.result import Cost, Number

from .data_set import DataSet, MeasuredCount, MeasuredRow, MeasuredSum
from .nv_small_layer import levels_of, network_of, nv_small_with, priced
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
    files = ("nv_small_cycles.csv", "nv_small_alexnet.csv", "nv_small_pairs.csv")
    layers, alexnet, pairs = (packaged_rows(name) for name in files)
    costs = [priced(network_of(row), _machine(row), spec) for row in layers]
    rows = [_row(row, row["kind"], levels) for row, (_, levels) in zip(layers, costs, strict=True)]
    lenet = tuple(row for row in rows if row.name in LENET and row.conditions == (LATENCY, BEAT_CYCLES))
    for row in ({**row, "kind": "conv"} for row in alexnet):
        rows.append(_row(row, "alexnet", priced(network_of(row), _machine(row), spec)[1]))
    return DataSet(
        name="nv_small",
        title=TITLE,
        remarks=REMARKS,
        machine=nv_small_with().name,
        model=spec,
        levels=levels_of(spec),
        conditions=("latency [cycle]", "beat [cycle]"),
        rows=(*rows, *(_pair(row, spec) for row in pairs)),
        sums=(MeasuredSum("LeNet", lenet),),
        counts=_counts(layers, [cost for cost, _ in costs]),
    )


def _machine(row: dict[str, str]) -> Machine:
    rate = BEAT_BITS // whole(row, "cycles_per_beat")
    return nv_small_with(f"memories.dram.latency_cycles={row['latency']}", f"memories.dram.read_bits_per_cycle={rate}")


def _row(row: dict[str, str], kind: str, levels: tuple[Number, ...]) -> MeasuredRow:
    conditions = whole(row, "latency"), whole(row, "cycles_per_beat")
    return MeasuredRow(row["name"], kind, "cycle", conditions, whole(row, "cycles"), levels)


def _pair(row: dict[str, str], spec: str) -> MeasuredRow:
    """The run gave so many banks of the buffer to inputs and to weights."""
    banks = whole(row, "data_banks") + whole(row, "weight_banks")
    machine = nv_small_with(f"memories.cbuf.banks={banks}", f"memories.cbuf.capacity_bits={banks * BANK_BITS}")
    sizes = {**row, "name": "pair", "kind": "conv", "stride": "1", "pad": str(whole(row, "R") // 2), "bias": "1"}
    one, two = (priced(network_of(sizes, images), machine, spec)[1] for images in (1, 2))
    second = tuple(both - alone for both, alone in zip(two, one, strict=True))
    return MeasuredRow(row["layer"], "pair", "cycle", (LATENCY, BEAT_CYCLES), whole(row, "increment"), second)


def _counts(rows: list[dict[str, str]], costs: list[Cost]) -> tuple[MeasuredCount, ...]:
    """Of what the RTL was seen to do beside taking time. A report counts the addend with the ifmap."""

    def count(name: str, unit: str, columns: tuple[str, ...], ours: Callable[[Cost], Number]) -> MeasuredCount:
        pairs = [(sum(whole(row, each) for each in columns), ours(cost)) for row, cost in zip(rows, costs, strict=True)]
        return MeasuredCount(name, unit, tuple(pair for pair in pairs if pair[0]))

    read = ("beats_ifmap", "beats_read_pdp_sdp", "beats_addend")
    return (
        count("the array multiplies", "cycle", ("mac_cycles",), lambda cost: cost.cycles.compute),
        count("input and addend read", "beat", read, lambda cost: cost.dram_bits.ifmap / BEAT_BITS),
        count("weights read", "beat", ("beats_weight",), lambda cost: cost.dram_bits.weight / BEAT_BITS),
        count("bias read", "beat", ("beats_bias",), lambda cost: cost.dram_bits.bias / BEAT_BITS),
        count("results written", "beat", ("beats_written",), lambda cost: cost.dram_bits.ofmap / BEAT_BITS),
    )
