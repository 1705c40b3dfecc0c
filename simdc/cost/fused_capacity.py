"""What a tile of two fused products takes on chip."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from .axis import ONE, Axis
from .bursts import runs, stored_extent
from .fission import kept_temporaries
from .hardware import Hardware
from .hazards import hazard
from .kernel import FusedProducts, Operand
from .rule import MachineRule, passes
from .spread import spread_of
from .tiling import Need

PATH = "simd.array_path_bits_per_cycle"
"""The hardware field without which no machine runs them."""


class FusedTiles:
    """Sizes of tiles in DRAM and on chip. Where a machine stores padding the two loops that no tile cuts, channels of
    what goes into the products and comes out of them, are rounded up to the array; nothing else is."""

    def __init__(self, kernel: FusedProducts, hardware: Hardware):
        self.kernel, self.hardware = kernel, hardware
        array, self._whole = hardware.systolic, dict(kernel.whole)
        if hardware.stores_padding:
            # A depth of 20 on 16 rows is stored as 32.
            for loop, side in ((kernel.first.rows, array.rows), (kernel.lone, array.columns)):
                self._whole[loop] = passes(self._whole[loop], side) * side

    def bits(self, operand: Operand, sizes: Mapping[str, int]) -> int:
        """Of what is loaded or stored: `sizes` are those of a tile along the loops that are cut."""
        return prod([self._whole.get(loop) or sizes[loop] for loop in operand.loops]) * operand.bits

    def runs(self, operand: Operand, sizes: Mapping[str, int]) -> tuple[int, int]:
        """Elements of each contiguous run of a tile in DRAM, and how many runs there are."""
        tile, stored = {**sizes, **self._whole}, {**self.kernel.bounds, **self._whole}
        reaches = [expression.span(tile) for expression in operand.index]
        extents = [
            stored_extent(expression, extent, stored)
            for expression, extent in zip(operand.index, operand.shape, strict=True)
        ]
        return runs(reaches, extents, ONE)


def fused_needs(tiles: FusedTiles, sizes: Mapping[str, int], rule: MachineRule) -> list[Need]:
    """The largest tiles against what the buffers hold at a time: keys and values share the weight buffer, queries and
    probabilities the ifmap buffer; scores and a tile's share of the result take turns in the psum buffer; all that the
    lanes work on is in vector memory."""
    kernel, limits = tiles.kernel, rule.usable_bits(tiles.hardware)
    every = {**sizes, **kernel.whole}

    def on_chip(operand: Operand) -> int:
        return prod([every[loop] for loop in operand.loops]) * operand.bits

    first, second = kernel.first, kernel.second
    used = {
        "weight": tiles.bits(first.weight, sizes) + tiles.bits(second.weight, sizes),
        "ifmap": tiles.bits(first.ifmap, sizes) + on_chip(second.ifmap),
        "psum": max(on_chip(first.psum), on_chip(second.psum)),
    }
    needs = [
        Need(buffer.name, buffer.capacity, used[buffer.operand], limits[buffer.operand])
        for buffer in rule.buffers
        if buffer.operand in used
    ]
    memory = rule.vector_memory
    lanes_need = _resident(tiles, sizes, every)
    return [*needs, Need(memory.name, memory.capacity, lanes_need, memory.usable_bits(tiles.hardware))]


def fused_hazards(tiles: FusedTiles, sizes: Mapping[str, int], rule: MachineRule) -> list[Need]:
    """What `hazard` says of the two products."""
    kernel, array = tiles.kernel, tiles.hardware.systolic
    law = rule.fold_law(array)
    found: list[Need] = []
    for product in (kernel.first, kernel.second) if law.refused else ():
        axes = {loop: Axis(loop, bound, sizes.get(loop, bound), clip=False) for loop, bound in product.bounds.items()}
        found += hazard(product, spread_of(product, array), axes, law)
    return found


def _resident(tiles: FusedTiles, sizes: Mapping[str, int], every: Mapping[str, int]) -> int:
    """Bits of vector memory: each operand once, of one in the place of another the wider; and a vector for each
    temporary of the nest that has most, or where each instruction has loops of its own an element for each point."""
    kernel, simd = tiles.kernel, tiles.hardware.simd
    taken: dict[str, int] = {}
    between: list[int] = []
    for nest in kernel.nests:
        for operand in nest.scratch:
            taken[operand.name] = prod([every[loop] for loop in operand.loops]) * operand.bits
        for operand in (*nest.inputs, *nest.outputs):
            taken[operand.name] = tiles.bits(operand, sizes)
        named = {operand.name for operand in (*nest.inputs, *nest.outputs, *nest.scratch)}
        if simd.issue == "interleaved":
            written = {code.dest for block in nest.blocks for code in block.instructions}
            between.append(len(written - named) * simd.lanes * simd.width_bits)
        else:
            points = [prod([every[loop] for loop in o.loops]) for o in kept_temporaries(nest, simd.width_bits)]
            between.append(sum(points) * simd.width_bits)
    for one, other in kernel.in_place:
        taken[other] = max(taken.pop(one), taken[other])
    return sum(taken.values()) + max(between)
