"""Closed form of two products that run as one: exact counts and cycles without walking the tiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from simdc.cost.axis import Axis, Places, combinations
from simdc.cost.channels import on_channels
from simdc.cost.fused_capacity import PATH, FusedTiles, fused_hazards, fused_needs
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Diagonal, FusedProducts, Operand
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.rule import MachineRule, passes, segment_cycles
from simdc.cost.tiling import Need, TilingError

from .fused_release import released_cycles
from .fused_tile import Move, Strip, TileWork, alike
from .segments import segments


class TiledFused:
    """The execution of two products and what is between them (docs/architecture.md, "Products fused on chip"), its
    loops cut."""

    def __init__(
        self,
        kernel: FusedProducts,
        order: Sequence[str],
        sizes: Sequence[int],
        hardware: Hardware,
        rule: MachineRule,
    ):
        self.kernel, self.hardware, self.order = kernel, hardware, order
        self.rule = rule = on_channels(rule, hardware)
        bounds, diagonal = kernel.bounds, kernel.diagonal
        # A strip of its own for each tile of the rows along a diagonal: each sees another number of tiles.
        axes = {
            loop: Axis(loop, bounds[loop], size, diagonal is not None and loop == diagonal.rows)
            for loop, size in zip(order, sizes, strict=True)
        }
        self.stream = axes[kernel.streamed]
        self._late = [axis.loop for axis in axes.values() if axis.is_tiled][-1:]
        self.outer = [
            axis.cut_at(*range(1, axis.count)) if diagonal is not None and axis.loop == diagonal.rows else axis
            for axis in axes.values()
            if axis.is_tiled and axis is not self.stream
        ]
        self._still = {loop: axis.bound for loop, axis in axes.items() if not axis.is_tiled}
        self.tiles = FusedTiles(kernel, hardware)
        self.work = TileWork(kernel, hardware, rule, self.tiles)
        self.largest = {loop: axis.tile for loop, axis in axes.items()}

    def fault(self) -> Callable[[], TilingError] | None:
        """What makes the error where the machine or the loop order cannot run it."""
        if self.hardware.simd.array_path_bits_per_cycle == 0:
            return partial(
                TilingError,
                f"{self.kernel.kind} that stays on chip needs a path between the array and the vector memory, and "
                f"{PATH} is 0: give the machine one or take another form",
                buffer="path between array and vector memory",
            )
        dataflow = self.hardware.systolic.dataflow
        if dataflow != "weight_stationary":
            return partial(
                TilingError,
                f"{self.kernel.kind} that stays on chip needs systolic.dataflow=weight_stationary; it is {dataflow}",
            )
        if not self.hardware.dram.is_usual and self.work.shares_ports:
            return partial(
                TilingError,
                f"{self.kernel.kind} that stays on chip needs a DRAM channel for the lanes that the systolic array "
                "does not load from (dram.simd_channel)",
                buffer="channel of the lanes",
            )
        if self.stream.is_tiled and self._late != [self.kernel.streamed]:
            return partial(
                TilingError,
                f"loop order {list(self.order)} leaves results before they are complete; they live in vector memory "
                f"only: put loop '{self.kernel.streamed}' inside the others",
            )
        return None

    def needs(self) -> list[Need]:
        needs = fused_needs(self.tiles, self.largest, self.rule)
        return [*needs, *fused_hazards(self.tiles, self.largest, self.rule)]

    def strips(self) -> Iterator[tuple[int, Strip | None, Strip, Strip | None, int, int]]:
        """As `segments` over the outer loops."""
        for times, before, here, after, entered, left in segments(self.outer):
            around = [None if places is None else self.strip(places) for places in (before, here, after)]
            strip = around[1]
            assert strip is not None
            yield times, around[0], strip, around[2], entered, left

    def strip(self, places: Places) -> Strip:
        diagonal, sizes, start = self.kernel.diagonal, dict(self._still), 0
        for axis, place in zip(self.outer, places, strict=True):
            sizes[axis.loop] = place.size
            if diagonal is not None and axis.loop == diagonal.rows:
                start = place.start
        if diagonal is None:
            return Strip(sizes, self.stream.count, self.stream.count)
        return Strip(sizes, *self._along(start, sizes[diagonal.rows], diagonal))

    def _along(self, start: int, rows: int, diagonal: Diagonal) -> tuple[int, int]:
        """Tiles, and plain ones, of a strip with these rows."""
        stream = self.stream
        most, least = (diagonal.seen(row, stream.bound) for row in (start + rows - 1, start))
        # All that the first row of the strip sees is plain, in whole tiles; if it sees everything the last, short tile
        # is, too.
        plain = stream.count if least == stream.bound else least // stream.tile
        return passes(most, stream.tile), plain

    def cost(self) -> Cost:
        return self._as_cost(self.found())

    def found(self) -> Counter[str]:
        """All numbers by their dotted names; beside them cycles of the tiles, of the lanes and of the path, of what
        crosses the lanes' port (`turns.`), of the first loads and of waits for ports (`wait.`)."""
        found = Counter[str]()
        for times, before, here, after, entered, left in self.strips():
            came, went = ({axis.loop for axis in self.outer[step:]} for step in (entered, left))
            if before is None:
                first = self.array_loads(here, 0, None)
                found.update(self.work.moved(first))
                opening = segment_cycles(list(self.work.loaded(first).values()), 0, max)
                found["cycles"] += opening
                found["first load"] += opening
            for start, stop in alike(here.tiles, here.plain):
                is_last = start + 1 == here.tiles
                following: list[Move] = []
                if not is_last:
                    following = self.array_loads(here, start + 1, {self.kernel.streamed})
                elif after is not None:
                    following = self.array_loads(after, 0, went | self.wrapped(here))
                stepped = {self.kernel.streamed}
                if start == 0:
                    stepped = None if before is None else came | self.wrapped(before)
                self._add_tiles(found, times * (stop - start), here, start, following, stepped)
        if self.hardware.systolic.buffer_release != "segment":
            found["cycles"] = released_cycles(self)
        return found

    def least_cost(self, used: DramBits) -> Cost:
        """All counts but those of DRAM, which are no less than what is `used`, and than the keys and values of tiles
        that have their own; and for cycles a bound that they never fall below: tiles one after the other without a wait
        for the array's ports, or the weight port alone."""
        # Strips of 2 and 4 tiles: 6 tiles load keys and values. Of a strip with one tile nothing is certain, as the
        # one before may have left them there.
        found, weights = Counter[str](), (self.kernel.first.weight, self.kernel.second.weight)
        for many, sizes, crossed, is_last, several in self._kinds():
            for name, amount in self.work.of_tile(sizes, crossed=crossed, is_last=is_last).items():
                found[name] += many * amount
            if several:
                loads = self.work.port_cycles([(each, sizes) for each in weights])
                found["weights"] += many * sum(loads.values())
                found["weight bits"] += many * sum(self.tiles.bits(each, sizes) for each in weights)
        found["cycles"] = max(found["compute"] + found["path"], found["weights"])
        dram_bits = used._replace(weight=max(used.weight, found["weight bits"]))
        return self._as_cost(found)._replace(dram_bits=dram_bits)

    def _kinds(self) -> Iterator[tuple[int, dict[str, int], bool, bool, bool]]:
        """How many tiles there are of each kind: sizes, on the diagonal or not, the last of their strip or not, in a
        strip of several tiles or alone."""
        diagonal = self.kernel.diagonal
        along = [axis for axis in self.outer if diagonal is not None and axis.loop == diagonal.rows]
        # Whatever stands along the other loops, strips are those along the diagonal's rows: counted once for all.
        strips = Counter[tuple[int, int, int]]()
        for times, places in combinations(along):
            if diagonal is None:
                strips[0, self.stream.count, self.stream.count] += times
                continue
            start, rows = (places[0].start, places[0].size) if places else (0, self._still[diagonal.rows])
            strips[rows, *self._along(start, rows, diagonal)] += times
        kinds = Counter[tuple[int, int, bool, bool, bool]]()
        for (rows, tiles, plain), times in strips.items():
            for begin, end in alike(tiles, plain):
                size, is_last = self.stream.place(begin).size, begin + 1 == tiles
                kinds[rows, size, begin >= plain, is_last, tiles > 1] += times * (end - begin)
        others = [axis for axis in self.outer if axis not in along]
        for times, places in combinations(others):
            still = self._still | {axis.loop: place.size for axis, place in zip(others, places, strict=True)}
            for (rows, size, crossed, is_last, several), many in kinds.items():
                sizes = {**still, self.kernel.streamed: size}
                if diagonal is not None:
                    sizes[diagonal.rows] = rows
                yield times * many, sizes, crossed, is_last, several

    def wrapped(self, strip: Strip) -> set[str]:
        """The stream, if it has to go back to its first tile."""
        return {self.kernel.streamed} if strip.tiles > 1 else set()

    def _sizes(self, strip: Strip, index: int) -> dict[str, int]:
        return {**strip.sizes, self.kernel.streamed: self.stream.place(index).size}

    def array_loads(self, strip: Strip, index: int, stepped: set[str] | None) -> list[Move]:
        """What the tile loads for the array when these loops stepped; everything for the first tile (None)."""
        sizes = self._sizes(strip, index)
        return [(operand, sizes) for operand in self.work.array_operands if moves(operand, stepped)]

    def _add_tiles(
        self,
        found: Counter[str],
        times: int,
        strip: Strip,
        index: int,
        following: list[Move],
        stepped: set[str] | None,
    ) -> None:
        """So many tiles like this one: what each does by itself, and beside it what is loaded for the next."""
        # Array, lanes and path 100 cycles, a mask of 10 before, a result of 5 after: 115. Keys for the next in 120: the
        # segment lasts 120.
        tile, loads = self.tile_work(strip, index), self.lane_loads(strip, index, stepped)
        own, late = [*loads, *self.stores(strip, index)], self.work.latency_of(loads)
        turns, ports = self.work.port_cycles(own), self.work.loaded(following)
        serial = tile["compute"] + tile["path"] + sum(turns.values()) + late
        for name, amount in (tile + self.work.moved([*own, *following])).items():
            found[name] += times * amount
        for port, cycles in turns.items():
            found[f"turns.{port}"] += times * cycles
        found["tiles"] += times
        found["latency"] += times * late
        lasts = segment_cycles(list(ports.values()), serial, max)
        found["cycles"] += times * lasts
        if lasts > serial:
            found[f"wait.{max(ports, key=lambda port: ports[port])}"] += times * (lasts - serial)

    def tile_work(self, strip: Strip, index: int) -> Counter[str]:
        """What the tile does by itself on array, lanes and path."""
        is_last = index + 1 == strip.tiles
        return self.work.of_tile(self._sizes(strip, index), crossed=index >= strip.plain, is_last=is_last)

    def lane_loads(self, strip: Strip, index: int, stepped: set[str] | None) -> list[Move]:
        """What the tile loads for the lanes when these loops stepped."""
        sizes = self._sizes(strip, index)
        return [(operand, sizes) for operand in self.kernel.row.inputs if moves(operand, stepped)]

    def stores(self, strip: Strip, index: int) -> list[Move]:
        """What the lanes store after the tile."""
        sizes = self._sizes(strip, index)
        return [(operand, sizes) for operand in self.kernel.finish.outputs if index + 1 == strip.tiles]

    def _as_cost(self, found: Counter[str]) -> Cost:
        def part(prefix: str) -> dict[str, int]:
            return {name.removeprefix(prefix): n for name, n in found.items() if name.startswith(prefix)}

        ops = part("ops.") | {"mac": self.kernel.useful_macs, "lane_cycles": found["lanes"]}
        return Cost(
            Cycles(found["compute"], found["cycles"] - found["compute"]),
            DramBits(**part("dram_bits.")),
            SramBits(**part("sram_bits.")),
            tuple(sorted(ops.items())),
            Busy(found["compute"], **part("busy.")),
        )


def moves(operand: Operand, stepped: set[str] | None) -> bool:
    return stepped is None or not stepped.isdisjoint(operand.loops)
