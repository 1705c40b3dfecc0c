"""The regression trace of SCALE-Sim v2: one convolution on its array, by the model of ours."""

from __future__ import annotations

from simdc.api import evaluate, load_hardware
from simdc.cost import Contraction, ExactModel, Tiling
from simdc.cost.hardware import Hardware
from simdc.cost.numbers import ceil_div
from simdc.cost.result import Cost
from simdc.errors import SimdcError
from simdc.frontends.presets import presets
from simdc.network_builder import NetworkBuilder

from .data_set import DataSet, MeasuredRow
from .packaged import packaged_rows, whole

PIXELS, TAPS, FILTERS, SIDE = 55 * 55, 11 * 11 * 3, 96, 32
AMPLE = 1 << 40
MACHINE = "32 x 32 PEs behind ports and buffers that never limit"
TITLE = "one convolution on SCALE-Sim v2's array of 32 x 32 PEs, from its regression trace"
REMARKS = (
    "a simulator, no hardware; memory never lets the array wait",
    "filter reads are those into the array: with us from DRAM, as our array reads its buffer in every cycle",
)
LEVELS = (
    "the model: the next weights come while these are in use, all rows of the array are read",
    "and what their array does besides: weights move in row by row before each fold, idle rows are not read, "
    "cycles count from zero",
)


def scale_sim(model: str | None) -> DataSet:
    """Raises SimdcError for another model than that of arrays like theirs."""
    if model not in (None, ExactModel.name):
        raise SimdcError(f"--model: scale_sim is set beside '{ExactModel.name}' only")
    predicted = _predicted(_cost(_machine()))
    rows = tuple(
        MeasuredRow(row["name"], row["kind"], row["unit"], (), whole(row, "value"), predicted[row["name"]])
        for row in packaged_rows("scale_sim_trace.csv")
    )
    return DataSet("scale_sim", TITLE, REMARKS, MACHINE, ExactModel.name, LEVELS, (), rows)


def _machine() -> Hardware:
    ample = [
        f"systolic.{field}={AMPLE}"
        for name in ("weight", "ifmap", "psum")
        for field in (f"bandwidths.{name}_bits_per_cycle", f"buffers.{name}_bits")
    ]
    array = (f"systolic.rows={SIDE}", f"systolic.columns={SIDE}", "stores_padding=false", *ample)
    return load_hardware(str(presets("hardware")["HI1"]), array)


def _cost(machine: Hardware) -> Cost:
    """Each window is a row of a matrix with as many columns as taps; a fold of theirs is a tile of ours."""
    net = NetworkBuilder("conv1", PIXELS)
    network = net.finish(net.fc(net.input("windows", (TAPS,)), features=FILTERS, bias=False))
    ((_, kernel, *_),) = evaluate(network, machine, ExactModel.name)
    assert isinstance(kernel, Contraction)
    sizes = {**kernel.bounds, kernel.rows: SIDE, kernel.columns: SIDE}
    return ExactModel().evaluate(kernel, Tiling(tuple(sizes), tuple(sizes.values())), machine)


def _predicted(cost: Cost) -> dict[str, tuple[int, int]]:
    """By quantity, as our array has it and as theirs."""
    # 12 x 3 folds of 3,025 steps and 62 cycles to fill: 111,132. With 32 cycles more for each fold, and counted from
    # zero, 112,283.
    row_folds = ceil_div(TAPS, SIDE)
    folds = row_folds * ceil_div(FILTERS, SIDE)
    cycles, ifmap_reads, filters = map(int, (cost.cycles.compute, cost.sram_bits.ibuf // 8, cost.dram_bits.weight // 8))
    # A sum is written in every step and read in all but the first fold of a filter.
    writes = int(cost.sram_bits.obuf // 32 + PIXELS * FILTERS) // 2
    return {
        "cycles": (cycles, cycles + folds * SIDE - 1),
        "ifmap reads": (ifmap_reads, ifmap_reads * TAPS // (row_folds * SIDE)),
        "filter reads": (filters, filters),
        "ofmap writes": (writes, writes),
    }
