"""Checks one layer: every number against the tile simulator, results against the untiled run."""

from __future__ import annotations

from math import prod

from simdc.backends.execute.agreement import Agreement, compare_with_untiled, data_elements
from simdc.backends.execute.buffers import ScheduleError
from simdc.backends.simulate import simulate
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, Kernel, TiledKernel
from simdc.cost.model import CostModel, tiled_kernel
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Tiling, TilingError, loop_bounds
from simdc.named import NamedTuple

from .compare import Mismatch, explain, first_mismatch
from .difference import Difference
from .scaling import Scaled, scale_down
from .tiles import count_tiles

MOST_TILES_PLAYED = 100_000
"""A layer with more tiles is compared with the simulator on its small likeness only."""
MOST_TILES_EXECUTED = 1_100
MOST_ELEMENTS = 100_000
MOST_MACS = 5_000_000
MOST_POINTS = 20_000
"""Points of a vector program, which Python goes through more slowly."""


class Verdict(NamedTuple):
    """What was checked and found. `tiles` are those of the layer; `simulated` and `executed` those that the simulator
    and the execution went through; `scaled` tells in words what stood for the layer where it was too large."""

    tiles: int
    simulated: int
    executed: int
    elements: int
    counts_scaled: bool
    data_scaled: bool
    scaled: str
    difference: Difference | None


class Checked(NamedTuple):
    tiles: int
    elements: int
    difference: Difference | None


def verify_layer(kernel: Kernel, tiling: Tiling, hardware: Hardware, model: CostModel) -> Verdict:
    """Raises Uncosted when the model does not know the kernel."""
    kernel = tiled_kernel(kernel)
    tiles = count_tiles(kernel, tiling, hardware)
    counts_scaled, data_scaled = tiles > MOST_TILES_PLAYED, not _small_enough(kernel, tiles)
    full = small = Scaled(kernel, tiling, hardware)
    description = ""
    if data_scaled or counts_scaled:
        small = scale_down(kernel, tiling, hardware, model.rule)
        description = (
            f"scaled from {_bounds(kernel, tiling)} to {_bounds(small.kernel, small.tiling)}, on {_array(small)}"
        )
    simulated = 0
    difference: Difference | None = None
    if not counts_scaled:
        simulated, difference = tiles, _check_numbers(full, model)
    if difference is None and small is not full:
        simulated += count_tiles(*small)
        difference = _on_small(_check_numbers(small, model), description)
    data = Checked(0, 0, None)
    if difference is None:
        data = _check_data(small if data_scaled else full, model.rule)
        difference = _on_small(data.difference, description) if data_scaled else data.difference
    return Verdict(tiles, simulated, data.tiles, data.elements, counts_scaled, data_scaled, description, difference)


def _small_enough(kernel: TiledKernel, tiles: int) -> bool:
    points = prod(loop_bounds(kernel).values())
    most = MOST_MACS if isinstance(kernel, Contraction) else MOST_POINTS
    return tiles <= MOST_TILES_EXECUTED and points <= most and data_elements(kernel) <= MOST_ELEMENTS


def _bounds(kernel: TiledKernel, tiling: Tiling) -> str:
    sizes = tiling.as_dict()
    bounds = loop_bounds(kernel)
    return ", ".join(
        f"{loop} {bound}" + (f" in tiles of {sizes[loop]}" if sizes[loop] < bound else "")
        for loop, bound in bounds.items()
    )


def _array(case: Scaled) -> str:
    pes = f"{case.hardware.systolic.rows} x {case.hardware.systolic.columns} PEs"
    lanes = f"{case.hardware.simd.lanes} lanes"
    if isinstance(case.kernel, FusedProducts):
        return f"{pes} and {lanes}"
    return pes if isinstance(case.kernel, Contraction) else lanes


def _on_small(difference: Difference | None, description: str) -> Difference | None:
    if difference is None:
        return None
    return difference._replace(schedule="; ".join(part for part in (description, difference.schedule) if part))


def _check_numbers(case: Scaled, model: CostModel) -> Difference | None:
    try:
        cost = model.evaluate(*case)
    except TilingError as error:
        return Difference("refused", "the tiling", "", "", "a tiling that fits", f"the model's answer: {error}")
    mismatch = first_mismatch(simulate(*case, model.rule), cost)
    return None if mismatch is None else explain(mismatch, *case, model)


def _check_data(case: Scaled, rule: MachineRule) -> Checked:
    """Execute the schedule; compare its results, and its DRAM traffic with that which the simulator counts."""
    try:
        found = compare_with_untiled(*case, rule)
    except ScheduleError as error:
        what = "the tile on chip" if error.kind == "buffer" else "what a tile computes with"
        return Checked(0, 0, Difference(error.kind, what, error.operand, str(error.tile), error.expected, error.got))
    difference = _wrong_data(found)
    if difference is None:
        simulated = simulate(*case, rule)
        mismatch = first_mismatch(simulated._replace(dram_bits=found.dram_bits), simulated)
        difference = None if mismatch is None else _wrong_traffic(mismatch)
        ran, counted = found.compute_cycles, simulated.cycles.compute
        if difference is None and ran is not None and ran != counted:
            expected, got = f"{ran:,} as its instructions ran", f"{counted:,} from the tile simulator"
            difference = Difference("cycles", "cycles.compute", "", "", expected, got)
    return Checked(found.tiles, found.elements, difference)


def _wrong_data(found: Agreement) -> Difference | None:
    if found.wrong is None:
        return None
    operand, element, tile, expected, got = found.wrong
    where = "no tile wrote it" if tile is None else f"{tile}, which wrote it last"
    nest = f" in nest {tile.nest}" if tile is not None and tile.nest else ""
    return Difference("data", f"element {list(element)}", operand, where + nest, f"{expected:g}", f"{got:g}")


def _wrong_traffic(mismatch: Mismatch) -> Difference:
    return Difference(
        "counts",
        mismatch.what,
        mismatch.what.partition(".")[2],
        "",
        f"{mismatch.expected:,} bits as the executed schedule moves them",
        f"{mismatch.got:,} from the tile simulator",
    )
