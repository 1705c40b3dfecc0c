"""A contraction on the systolic array: loads, compute and stores of neighbouring tiles overlap."""

from __future__ import annotations

from collections.abc import Iterator

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.numbers import ceil_div
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling, loop_bounds
from simdc.frozen import Frozen

from .folds import ArrayWork, Sweep, work_of
from .footprint import differs
from .transfer import DramPorts, Transfer
from .walk import Tile, neighbours, walk


class ArrayVisit(Frozen):
    """A tile's stay in the array: what it loads before, how it computes, what it stores after.

    A step is one cycle of all PEs; `work` is how long they take. `sums` are what is written to the psum buffer at a
    time, of which `first_sums` begin outputs. `takes` are the operands of which it has another tile than the one
    before.
    """

    tile: Tile
    takes: tuple[str, ...]
    loads: tuple[Transfer, ...]
    steps: int
    sums: int
    first_sums: int
    work: ArrayWork
    stores: tuple[Transfer, ...]

    @property
    def compute_cycles(self) -> int:
        return self.work.cycles


def visits(
    kernel: Contraction, tiling: Tiling, hardware: Hardware, rule: MachineRule = GENESYS
) -> Iterator[ArrayVisit]:
    """What each tile does, in the order in which they run. When it does it is up to the overlap of neighbours. Of the
    rule it takes which port carries what."""
    array = hardware.systolic
    bounds = rounded_bounds(kernel, hardware)
    over = DramPorts(hardware, rule.bandwidths(hardware), bounds)
    ports = {(row.operand, row.when): row.port for row in rule.array_streams}
    sources = [("weight", kernel.weight), ("ifmap", kernel.ifmap)]
    if kernel.bias is not None:
        sources.append(("bias", kernel.bias))
    psum = kernel.psum
    reductions = [loop.name for loop in kernel.loops if loop.name not in psum.loops]
    begun: set[tuple[int, ...]] = set()

    for before, tile, after in neighbours(walk(bounds, tiling)):
        loads = [
            over.move(role, role, ports[role, "new"], source, source.bits, tile)
            for role, source in sources
            if differs(source, tile, before)
        ]
        place = tile.place(psum.loops)
        if differs(psum, tile, before) and place in begun:
            loads.append(over.move("psum", "psum", ports["psum", "resumed"], psum, psum.bits, tile))
        begun.add(place)

        stores: list[Transfer] = []
        if differs(psum, tile, after):
            if tile.finishes(reductions):
                stores.append(over.move("ofmap", "ofmap", ports["psum", "complete"], psum, kernel.ofmap_bits, tile))
            else:
                stores.append(over.move("psum", "psum", ports["psum", "partial"], psum, psum.bits, tile))

        sweep, operands = _sweep(kernel, tile, hardware), [*sources, ("psum", psum)]
        kept = sweep.outputs if array.dataflow == "output_stationary" else sweep.outputs * sweep.positions
        yield ArrayVisit(
            tile=tile,
            takes=tuple(role for role, operand in operands if differs(operand, tile, before)),
            loads=tuple(loads),
            steps=sweep.steps,
            sums=kept * sweep.additions,
            first_sums=kept if tile.begins(reductions) else 0,
            work=work_of(sweep, array),
            stores=tuple(stores),
        )


def _sweep(kernel: Contraction, tile: Tile, hardware: Hardware) -> Sweep:
    array, psum = hardware.systolic, kernel.psum
    positions = [loop for loop in psum.loops if loop in kernel.ifmap.loops and loop not in kernel.weight.loops]
    added = [kernel.rows, *kernel.beside_rows]
    if array.dataflow == "output_stationary":
        # Each PE has a result of its own, and stays with it for as long as something is added to it.
        others = [loop for loop in psum.loops if loop not in (*positions, kernel.columns)]
        high, wide = tile.size(positions), tile.size([kernel.columns])
        kept = ceil_div(high, array.rows) * ceil_div(wide, array.columns) * tile.size(others)
        return Sweep(kept, 1, tile.size(loop.name for loop in kernel.loops if loop.name not in psum.loops))
    stays = kernel.ifmap if array.dataflow == "input_stationary" else kernel.weight
    along_columns = positions if array.dataflow == "input_stationary" else [kernel.columns]
    high, wide = tile.size(added), tile.size(along_columns)
    # Groups are put side by side, a block of rows and columns each, until one more would not fit.
    groups, together = tile.size(kernel.side_by_side), 1
    while kernel.side_by_side and (together + 1) * high <= array.rows and (together + 1) * wide <= array.columns:
        together += 1
    blocks = ceil_div(wide, array.columns) * ceil_div(groups, together)
    on_array = (*added, *along_columns, *kernel.side_by_side)
    others = [loop.name for loop in kernel.loops if loop.name not in on_array]
    # A position is a place of the result to which what stays in the PEs adds.
    return Sweep(
        outputs=blocks * tile.size(loop for loop in others if loop in psum.loops and loop in stays.loops),
        additions=ceil_div(high, array.rows) * tile.size(loop for loop in others if loop not in psum.loops),
        positions=tile.size(loop for loop in others if loop in psum.loops and loop not in stays.loops),
    )


def rounded_bounds(kernel: Contraction, hardware: Hardware) -> dict[str, int]:
    """The loops' bounds; where padding is stored, channels are rounded up to whole passes of the array, unless they
    share rows or columns with other loops or lie along none."""
    bounds, dataflow = loop_bounds(kernel), hardware.systolic.dataflow
    if hardware.stores_padding and not kernel.side_by_side:
        rows_alone = not kernel.beside_rows and dataflow != "output_stationary"
        columns_alone = dataflow != "input_stationary"
        for loop, width, alone in (
            (kernel.rows, hardware.systolic.rows, rows_alone),
            (kernel.columns, hardware.systolic.columns, columns_alone),
        ):
            if alone:
                bounds[loop] = ceil_div(bounds[loop], width) * width
    return bounds
