"""The rules of an earlier program on ResNet-50, played on the tiles of today: `effects.py` has its figures.

Tiles and transfers are those of the simulator, and times are added up here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import simdc
from simdc.backends.simulate.contraction import ArrayVisit, visits
from simdc.backends.simulate.transfer import Transfer
from simdc.backends.simulate.walk import neighbours, whole_loops
from simdc.cost import Contraction, Hardware, Operand, Tiling

Tiler: TypeAlias = Callable[[Contraction, Hardware], Tiling]


class Layer(NamedTuple):
    """A contraction with its schedule, how often it comes, and its tiles."""

    kernel: Contraction
    tiling: Tiling
    count: int
    tiles: list[ArrayVisit]


class Array(NamedTuple):
    rows: int
    columns: int

    @property
    def fill(self) -> int:
        return self.rows + self.columns - 2


Fold: TypeAlias = Callable[[int, Array], int]
Rule: TypeAlias = Callable[[Layer, Array], int]


def barrier(
    layer: Layer, compute: Callable[[ArrayVisit], int], cycles: Callable[[Transfer], int] = lambda m: m.cycles
) -> int:
    """Segments: a tile computes beside what the next loads and the one before stores; the slowest of them counts."""
    total = 0
    for before, tile, after in neighbours(layer.tiles):
        moves = [*(after.loads if after else ()), *(before.stores if before else ())]
        total += max(compute(tile), _slowest(moves, cycles))
        total += 0 if before else _slowest(tile.loads, cycles)
        total += 0 if after else _slowest(tile.stores, cycles)
    return total


def _slowest(moves: Sequence[Transfer], cycles: Callable[[Transfer], int]) -> int:
    ports = Counter[str]()
    for move in moves:
        ports[move.port] += cycles(move)
    return max(ports.values(), default=0)


def folds(fold: Fold, a_tile: Callable[[Array], int] = lambda array: array.fill) -> Rule:
    """Each fold of a tile lasts as long as a rule says of its positions; a tile, so much longer."""

    def rule(layer: Layer, array: Array) -> int:
        kernel = layer.kernel
        positions = [loop for loop in kernel.psum.loops if loop != kernel.columns]

        def compute(tile: ArrayVisit) -> int:
            each = tile.tile.size(positions)
            return tile.steps // each * fold(each, array) + a_tile(array)

        return barrier(layer, compute)

    return rule


def adding_folds(latency: int) -> Rule:
    """Folds last so long that the next can add to their sums, if it does: the last one that adds to a sum need not."""

    def rule(layer: Layer, array: Array) -> int:
        kernel = layer.kernel
        positions = [loop for loop in kernel.psum.loops if loop != kernel.columns]
        window = [loop.name for loop in kernel.loops if loop.name not in (*kernel.psum.loops, kernel.rows)]

        def compute(tile: ArrayVisit) -> int:
            each = tile.tile.size(positions)
            added = -(-tile.tile.size([kernel.rows]) // array.rows) * tile.tile.size(window)
            sums = tile.steps // each // added
            return sums * ((added - 1) * max(each, latency) + each) + array.fill

        return barrier(layer, compute)

    return rule


def hidden_folds(layer: Layer, array: Array) -> int:
    """Weights shift in beside the fold before: the last fold of a tile has none to wait for."""
    kernel = layer.kernel
    positions = [loop for loop in kernel.psum.loops if loop != kernel.columns]

    def compute(tile: ArrayVisit) -> int:
        each = tile.tile.size(positions)
        return (tile.steps // each - 1) * max(each, array.rows) + each + array.fill

    return barrier(layer, compute)


def late_transfers(cycles: int) -> Rule:
    def rule(layer: Layer, array: Array) -> int:
        return barrier(layer, lambda tile: tile.steps + array.fill, lambda move: move.cycles + cycles)

    return rule


def released(*, joint: bool, duplex: bool = False, asks: int = 0, overhead: int = 0, early: bool = False) -> Rule:
    """Halves of buffers that are released together or each by itself. `early`: a load goes before the store of the tile
    before it, which has to wait for its sums."""

    def rule(layer: Layer, array: Array) -> int:
        return _released(layer.tiles, array.fill + overhead, joint, duplex, asks, early)

    return rule


def _released(tiles: Sequence[ArrayVisit], fill: int, joint: bool, duplex: bool, asks: int, early: bool) -> int:
    ports, free = Counter[str](), dict[tuple[str, int], int]()
    halves, stores = Counter[str](), list[tuple[Transfer, int, int]]()
    asked = done = 0

    def store() -> None:
        for move, computed, half in stores:
            port = f"{move.port} out" if duplex else move.port
            ports[port] = max(ports[port], computed) + move.cycles
            free["psum", half] = ports[port]
        stores.clear()

    for tile in tiles:
        if not early:
            store()
        halves.update(tile.takes)
        when = {each: free.get((each, halves[each] % 2), 0) for each in tile.takes}
        asked = max([asked + asks, *when.values()]) if joint else 0
        ready = max([done, asked, *when.values()])
        for move in tile.loads:
            ports[move.port] = max(ports[move.port], asked if joint else when[move.buffer]) + move.cycles
            ready = max(ready, ports[move.port])
        store()
        done = ready + tile.steps + fill
        free |= {(each, half % 2): done for each, half in halves.items() if each != "psum"}
        stores += [(move, done, halves["psum"] % 2) for move in tile.stores]
    store()
    return max(done, *ports.values())


def channels_last(kernel: Contraction) -> Contraction:
    """[n, c, h, w] as [n, h, w, c], and weights [oc, ic, kh, kw] as [kh, kw, ic, oc]."""

    def turned(operand: Operand, order: tuple[int, ...]) -> Operand:
        return operand._replace(
            shape=tuple(operand.shape[each] for each in order), index=tuple(operand.index[each] for each in order)
        )

    image, window = ((0, 2, 3, 1), (2, 3, 1, 0)) if len(kernel.weight.shape) == 4 else ((1, 0), (1, 0))
    return kernel._replace(
        ifmap=turned(kernel.ifmap, image), weight=turned(kernel.weight, window), psum=turned(kernel.psum, image)
    )


def layers_of(name: str, tiler: Tiler) -> list[Layer]:
    """The distinct contractions of ResNet-50."""
    machine = simdc.load_hardware(name)
    found = simdc.load("resnet50").workload(machine).occurrences()
    kernels = [(forms[0][1], count) for forms, _, count in found]
    chosen = [(kernel, tiler(kernel, machine), count) for kernel, count in kernels if isinstance(kernel, Contraction)]
    return [
        Layer(kernel, tiling, count, list(visits(kernel, whole_loops(kernel, tiling), machine)))
        for kernel, tiling, count in chosen
    ]
