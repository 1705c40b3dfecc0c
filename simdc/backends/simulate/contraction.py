"""A contraction on the systolic array: loads, compute and stores of neighbouring tiles overlap."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.numbers import ceil_div
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling, loop_bounds

from .footprint import differs, footprint_elements
from .transfer import Transfer
from .walk import Tile, neighbours, walk


@frozen
class ArrayVisit:
    """A tile's stay in the array: what it loads before, how it computes, what it stores after.

    A step is one cycle of all PEs; `fill_cycles` come on top. `first_steps` are those that begin an output. `takes` are
    the operands of which it has another tile than the one before.
    """

    tile: Tile
    takes: tuple[str, ...]
    loads: tuple[Transfer, ...]
    steps: int
    first_steps: int
    fill_cycles: int
    stores: tuple[Transfer, ...]

    @property
    def compute_cycles(self) -> int:
        return self.steps + self.fill_cycles


def visits(
    kernel: Contraction, tiling: Tiling, hardware: Hardware, rule: MachineRule = GENESYS
) -> Iterator[ArrayVisit]:
    """What each tile does, in the order in which they run. When it does it is up to the overlap of neighbours. Of the
    rule it takes which port carries what."""
    array = hardware.systolic
    bandwidths = rule.bandwidths(hardware)
    ports = {(row.operand, row.when): row.port for row in rule.array_streams}
    sources = [("weight", kernel.weight), ("ifmap", kernel.ifmap)]
    if kernel.bias is not None:
        sources.append(("bias", kernel.bias))
    psum = kernel.psum
    reductions = [loop.name for loop in kernel.loops if loop.name not in psum.loops]
    begun: set[tuple[int, ...]] = set()

    def transfer(traffic: str, port: str, bits: int) -> Transfer:
        return Transfer(traffic, traffic, port, bits, ceil_div(bits, bandwidths[port]))

    for before, tile, after in neighbours(walk(rounded_bounds(kernel, hardware), tiling)):
        loads = [
            transfer(
                role,
                ports[role, "new"],
                source.bits * footprint_elements(source, tile, stores_padding=hardware.stores_padding),
            )
            for role, source in sources
            if differs(source, tile, before)
        ]
        results = footprint_elements(psum, tile, stores_padding=hardware.stores_padding)
        place = tile.place(psum.loops)
        if differs(psum, tile, before) and place in begun:
            loads.append(transfer("psum", ports["psum", "resumed"], results * psum.bits))
        begun.add(place)

        stores: list[Transfer] = []
        if differs(psum, tile, after):
            if tile.finishes(reductions):
                stores.append(transfer("ofmap", ports["psum", "complete"], results * kernel.ofmap_bits))
            else:
                stores.append(transfer("psum", ports["psum", "partial"], results * psum.bits))

        row_steps, column_steps = _folds(kernel, tile, hardware)
        spread = (kernel.rows, kernel.columns, *kernel.beside_rows, *kernel.side_by_side)
        others = tile.size(loop.name for loop in kernel.loops if loop.name not in spread)
        other_results = tile.size(loop for loop in psum.loops if loop not in spread)
        operands = [*sources, ("psum", psum)]
        yield ArrayVisit(
            tile=tile,
            takes=tuple(role for role, operand in operands if differs(operand, tile, before)),
            loads=tuple(loads),
            steps=row_steps * column_steps * others,
            first_steps=column_steps * other_results if tile.begins(reductions) else 0,
            fill_cycles=(array.rows - 1) + (array.columns - 1),
            stores=tuple(stores),
        )


def _folds(kernel: Contraction, tile: Tile, hardware: Hardware) -> tuple[int, int]:
    """How often the array goes over a tile to add along its rows, and how often for other results: columns, or
    groups."""
    array = hardware.systolic
    high, wide = tile.size((kernel.rows, *kernel.beside_rows)), tile.size([kernel.columns])
    # Groups are put side by side, a block of rows and columns each, until one more would not fit.
    groups, together = tile.size(kernel.side_by_side), 1
    while kernel.side_by_side and (together + 1) * high <= array.rows and (together + 1) * wide <= array.columns:
        together += 1
    return ceil_div(high, array.rows), ceil_div(wide, array.columns) * ceil_div(groups, together)


def rounded_bounds(kernel: Contraction, hardware: Hardware) -> dict[str, int]:
    """The loops' bounds; where padding is stored, channels are rounded up to whole passes of the array, unless they
    share rows or columns with other loops."""
    bounds = loop_bounds(kernel)
    if hardware.stores_padding and not kernel.side_by_side:
        for loop, width in ((kernel.rows, hardware.systolic.rows), (kernel.columns, hardware.systolic.columns)):
            if loop == kernel.rows and kernel.beside_rows:
                continue
            bounds[loop] = ceil_div(bounds[loop], width) * width
    return bounds
