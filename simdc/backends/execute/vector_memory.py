"""Vector memory: all tiles that are there at once, results in the place of inputs that are not needed any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simdc.backends.simulate.walk import Tile
from simdc.cost.capacity import replaced
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import LoopNest, Operand, viewed

from .arrays import Array
from .buffers import ScheduleError, TileAddress, TileBuffer


class VectorMemory:
    """The buffers of one nest by the name of their operand. A view is its input's buffer; a result that takes the
    place of an input has the input's very array, so that what it overwrites is gone; the two have the room of the wider
    one."""

    def __init__(self, nest: LoopNest, hardware: Hardware, room_bits: int):
        self._hardware, self._room_bits = hardware, room_bits
        self._buffers: dict[str, TileBuffer] = {}
        self._replaced = replaced(nest)
        self._viewed = {view.name: viewed(view, nest).name for view in nest.views}
        known = {o.name for o in (*nest.inputs, *nest.outputs, *nest.scratch, *nest.views)}
        self._temporaries = len({code.dest for block in nest.blocks for code in block.instructions} - known)

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

    def check_room(self, tile: TileAddress) -> None:
        """Raise ScheduleError, naming the largest tile, unless everything fits at once."""
        simd = self._hardware.simd
        own: dict[str, int] = {}
        for name, buffer in self._buffers.items():
            place = self._replaced.get(name, name)
            own[place] = max(own.get(place, 0), buffer.bits)
        need_bits = sum(own.values()) + self._temporaries * simd.lanes * simd.width_bits
        if need_bits > self._room_bits:
            names = " + ".join(f"{name} {bits:,}" for name, bits in own.items())
            raise ScheduleError(
                "buffer",
                tile,
                max(own, key=lambda name: own[name], default="temporaries"),
                f"at most {self._room_bits:,} bits in vector memory",
                f"{need_bits:,} bits at once: {names}, {self._temporaries} temporaries",
            )
