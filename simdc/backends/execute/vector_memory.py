"""Vector memory: all tiles that are there at once, results in the place of inputs that are not needed any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simdc.backends.simulate.walk import Tile
from simdc.cost.capacity import replaced
from simdc.cost.fission import inner_loops
from simdc.cost.hardware import Hardware, SimdArray
from simdc.cost.kernel import LoopNest, Operand, viewed

from .arrays import Array
from .buffers import ScheduleError, TileAddress, TileBuffer


class Temporaries:
    """What instructions of nests that run in turn hand on: a vector each, or, where each instruction has loops of its
    own, what these go through."""

    def __init__(self, nests: Iterable[LoopNest], simd: SimdArray):
        self._simd = simd
        self._rooms: list[dict[str, list[frozenset[str]]]] = []
        for nest in nests:
            known = {o.name for o in (*nest.inputs, *nest.outputs, *nest.scratch, *nest.views)}
            rooms: dict[str, list[frozenset[str]]] = {}
            for block in nest.blocks:
                for code in block.instructions:
                    if code.dest not in known:
                        rooms.setdefault(code.dest, []).append(inner_loops(nest, block))
            self._rooms.append(rooms)

    def bits(self, tile: Tile) -> int:
        """Of the nest that needs most."""
        simd = self._simd
        if simd.issue == "interleaved":
            return max(map(len, self._rooms)) * simd.lanes * simd.width_bits
        points = [sum(max(map(tile.size, each)) for each in rooms.values()) for rooms in self._rooms]
        return max(points) * simd.width_bits


class VectorMemory:
    """The buffers of one nest by the name of their operand. A view is its input's buffer; a result that takes the
    place of an input has the input's very array, so that what it overwrites is gone; the two have the room of the wider
    one."""

    def __init__(self, nest: LoopNest, hardware: Hardware, room_bits: int):
        self._hardware, self._room_bits = hardware, room_bits
        self._buffers: dict[str, TileBuffer] = {}
        self._replaced = replaced(nest)
        self._viewed = {view.name: viewed(view, nest).name for view in nest.views}
        self._between = Temporaries([nest], hardware.simd)

    def __getitem__(self, name: str) -> TileBuffer:
        return self._buffers[self._viewed.get(name, name)]

    def make(self, operand: Operand, tile: Tile, bounds: Mapping[str, int]) -> TileBuffer:
        buffer = TileBuffer(operand, tile, bounds, stores_padding=self._hardware.stores_padding)
        if operand.name in self._replaced:
            buffer.values = self._buffers[self._replaced[operand.name]].values
        self._buffers[operand.name] = buffer
        return buffer

    def arrays(self, names: Iterable[str | float]) -> dict[str, Array]:
        return {
            str(name): self[str(name)].values for name in names if self._viewed.get(str(name), name) in self._buffers
        }

    def check_room(self, place: TileAddress, tile: Tile) -> None:
        """Raise ScheduleError, naming the largest tile, unless everything fits at once."""
        own: dict[str, int] = {}
        for name, buffer in self._buffers.items():
            at = self._replaced.get(name, name)
            own[at] = max(own.get(at, 0), buffer.bits)
        between = self._between.bits(tile)
        need_bits = sum(own.values()) + between
        if need_bits > self._room_bits:
            names = " + ".join(f"{name} {bits:,}" for name, bits in own.items())
            raise ScheduleError(
                "buffer",
                place,
                max(own, key=lambda name: own[name], default="temporaries"),
                f"at most {self._room_bits:,} bits in vector memory",
                f"{need_bits:,} bits at once: {names}, temporaries {between:,}",
            )
