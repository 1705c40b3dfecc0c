"""What a machine does, said once and as data: its buffers, what crosses which DRAM port and when, its fill.

The closed form, the bounds of search and ladder, capacity, greedy tiling and `verify` ask these tables; the tile
simulator takes the ports from them and keeps its own walk. A plug-in's model has another rule by another `rule`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache, reduce
from operator import attrgetter
from typing import Literal

from simdc.frozen import Frozen
from simdc.named import NamedTuple

from .dram import Dram
from .folds import FoldLaw, fold_law
from .hardware import Hardware, SimdArray, SystolicArray
from .ratio import Rate

When = Literal["new", "resumed", "complete", "partial", "left"]
"""When a tile moves: `new` with each tile of the operand that comes into use, `resumed` where that was begun before,
`complete` or `partial` as it goes out of use with all its sums or without, `left` in both cases."""


class Buffer(NamedTuple):
    """A memory on chip for `operand`. Its size is the hardware field `capacity`, of which a tile in use has one of
    `parts`: a double buffer of 64 Kibit holds tiles of 32 Kibit, as the other half takes the next one."""

    operand: str
    name: str
    capacity: str
    parts: int

    def usable_bits(self, hardware: Hardware) -> int:
        """How large a tile the memory takes."""
        return field(self.capacity)(hardware) // self.parts


class StreamRow(NamedTuple):
    """A stream: tiles of `operand` cross `port`, a field of `Busy`, at `when`, and count as `traffic`, a field of
    `DramBits`."""

    operand: str
    when: When
    port: str
    traffic: str


ARRAY_ROWS = (
    *(("weight", "new"), ("ifmap", "new"), ("bias", "new")),
    *(("psum", "resumed"), ("psum", "partial"), ("psum", "complete")),
)
VECTOR_ROWS = (("input", "new"), ("output", "resumed"), ("output", "left"))
"""What moves on any machine, as operand and when: a rule says over which port."""


@lru_cache(maxsize=256)
def field(path: str) -> Callable[[Hardware], int]:
    """What reads the field at a dotted path (`simd.lanes`)."""
    return attrgetter(path)


class MachineRule(Frozen):
    """`ports` has the hardware field with the bits per cycle of each port. Streams on one port move in turn, ports side
    by side. Buffers of the array stand in the order in which they are checked. Raises ValueError where a row or a port
    is missing."""

    buffers: tuple[Buffer, ...]
    vector_memory: Buffer
    ports: Mapping[str, str]
    array_streams: tuple[StreamRow, ...]
    vector_streams: tuple[StreamRow, ...]
    channels: Dram | None = None
    """Of the machine whose channels the ports are, if it is one with others than the rule had (`channels.py`)."""

    def check_all(self) -> None:
        for streams, needed in ((self.array_streams, ARRAY_ROWS), (self.vector_streams, VECTOR_ROWS)):
            found = [(row.operand, row.when) for row in streams]
            for row in needed:
                if found.count(row) != 1:
                    raise ValueError(f"the machine rule has {found.count(row)} streams for {' '.join(row)}, not one")
            for row in streams:
                if (row.operand, row.when) not in needed:
                    raise ValueError(f"the machine rule has an unknown stream: {row.operand} {row.when}")
                if row.port not in self.ports:
                    raise ValueError(f"the machine rule says no bandwidth of the port '{row.port}'")
        operands = [buffer.operand for buffer in self.buffers]
        if sorted(operands) != sorted({operand for operand, _ in ARRAY_ROWS}):
            raise ValueError(f"the machine rule needs a buffer for each operand of the array, got {operands}")

    def bandwidths(self, hardware: Hardware) -> dict[str, Rate]:
        """Bits per cycle by port."""
        return {port: read(hardware) for port, read in self._ports}

    @cached_property
    def array_ports(self) -> list[str]:
        """The ports of contractions, by number: as they turn up in the streams."""
        # GENESYS has weight 0, ifmap 1, psum 2.
        return list(dict.fromkeys(row.port for row in self.array_streams))

    @cached_property
    def read_rows(self) -> list[tuple[str, When, str, int, str]]:
        """Streams of what a contraction only reads: operand, when, port, its number, traffic."""
        return [self._numbered(row) for row in self.array_streams if row.when == "new"]

    @cached_property
    def result_rows(self) -> list[tuple[str, When, str, int, str]]:
        """Streams of its result."""
        return [self._numbered(row) for row in self.array_streams if row.when != "new"]

    def _numbered(self, row: StreamRow) -> tuple[str, When, str, int, str]:
        return row.operand, row.when, row.port, self.array_ports.index(row.port), row.traffic

    @cached_property
    def _ports(self) -> list[tuple[str, Callable[[Hardware], Rate]]]:
        return [(port, attrgetter(path)) for port, path in self.ports.items()]

    @cached_property
    def vector_ports(self) -> list[tuple[str, str, list[tuple[When, str]]]]:
        """The streams of vector programs by operand and port, each with when and as what its tiles move there."""
        found: dict[tuple[str, str], list[tuple[When, str]]] = {}
        for operand, when, port, traffic in self.vector_streams:
            found.setdefault((operand, port), []).append((when, traffic))
        return [(*key, rows) for key, rows in found.items()]

    @property
    def reads(self) -> dict[str, str]:
        """The hardware field that each port and memory is read from."""
        memories = {buffer.name: buffer.capacity for buffer in (*self.buffers, self.vector_memory)}
        return {**{f"port {port}": path for port, path in self.ports.items()}, **memories}

    @property
    def memories(self) -> tuple[str, ...]:
        """The hardware fields with the sizes of what is on chip."""
        return tuple(buffer.capacity for buffer in (*self.buffers, self.vector_memory))

    def usable_bits(self, hardware: Hardware) -> dict[str, int]:
        """What the array's buffers hold at a time, by operand."""
        return {operand: read(hardware) // parts for operand, read, parts in self._capacities}

    @cached_property
    def _capacities(self) -> list[tuple[str, Callable[[Hardware], int], int]]:
        return [(operand, field(path), parts) for operand, _, path, parts in self.buffers]

    def program_memory(self, hardware: Hardware) -> Buffer:
        """The vector memory as programs have it: double-buffered a tile takes half of it."""
        memory = self.vector_memory
        return memory._replace(parts=2 * memory.parts) if hardware.simd.double_buffered else memory

    def array_fill_cycles(self, array: SystolicArray) -> int:
        """Beside its steps, for each tile: a value crosses all rows and all columns, and what the machine adds."""
        # 16 x 16 PEs: the last PE begins 15 + 15 = 30 cycles after the first. GeneSys adds 5.
        return array.rows + array.columns - 2 + array.tile_overhead_cycles

    def fold_law(self, array: SystolicArray) -> FoldLaw:
        """How long the folds of a tile last, beside that fill."""
        return fold_law(array)

    def lanes_fill_cycles(self, simd: SimdArray) -> int:
        """Beside its instructions, for each tile: `pipeline_stages - 1`, `lanes - 1` and what sets it up, unless each
        instruction has loops to set up (`fission.set_up_cycles`)."""
        # 6 stages, 16 lanes: 5 + 15 = 20.
        set_up = simd.tile_overhead_cycles if simd.issue == "interleaved" else 0
        return simd.pipeline_stages + simd.lanes - 2 + set_up


def passes(size: int, width: Rate) -> int:
    """How often an array of `width` passes along a tile of `size`: 20 channels on 16 rows take two passes."""
    return -(-size // width)


def segment_cycles(ports: Sequence[int], compute: int, larger: Callable[[int, int], int]) -> int:
    """How long a segment lasts in which a tile computes and ports are busy: as long as the slowest of them."""
    # Compute 4 cycles, ports 2, 2 and 8: 8, of which 4 are stall.
    return reduce(larger, ports, compute)


GENESYS = MachineRule(
    buffers=(
        Buffer("weight", "weight buffer", "systolic.buffers.weight_bits", 2),
        Buffer("ifmap", "ifmap buffer", "systolic.buffers.ifmap_bits", 2),
        Buffer("psum", "psum buffer", "systolic.buffers.psum_bits", 2),
        Buffer("bias", "bias buffer", "systolic.buffers.bias_bits", 2),
    ),
    vector_memory=Buffer("", "vector memory", "simd.vmem_bits", 1),
    ports={
        "weight_port": "systolic.bandwidths.weight_bits_per_cycle",
        "ifmap_port": "systolic.bandwidths.ifmap_bits_per_cycle",
        "psum_port": "systolic.bandwidths.psum_bits_per_cycle",
        "simd_port": "simd.bandwidth_bits_per_cycle",
    },
    # Streams on one port add up: bias and weights, and psums both ways with finished results.
    array_streams=(
        StreamRow("weight", "new", "weight_port", "weight"),
        StreamRow("ifmap", "new", "ifmap_port", "ifmap"),
        StreamRow("bias", "new", "weight_port", "bias"),
        StreamRow("psum", "resumed", "psum_port", "psum"),
        StreamRow("psum", "partial", "psum_port", "psum"),
        StreamRow("psum", "complete", "psum_port", "ofmap"),
    ),
    # `DramBits` has no names of its own for the SIMD array: what is loaded is ifmap, what is stored ofmap.
    vector_streams=(
        StreamRow("input", "new", "simd_port", "ifmap"),
        StreamRow("output", "resumed", "simd_port", "ifmap"),
        StreamRow("output", "left", "simd_port", "ofmap"),
    ),
)
"""The machine of docs/architecture.md."""
