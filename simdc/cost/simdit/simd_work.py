"""A tiled SIMD layer in the quantities that the released program's SIMD formulas are written in."""

from __future__ import annotations

from simdc.named import NamedTuple

from ..hardware import SimdArray
from ..numbers import ceil_div
from ..result import Busy, Cost, Cycles, DramBits, Number, SramBits
from .arithmetic import SCALARS, Arithmetic
from .simd_dims import SimdDims, SimdTile


class PhaseLatencies(NamedTuple):
    """Cycles of the instructions that take more than one, as the release sets them for a network's phase. They belong
    to its network specification, not to the machine."""

    div: int
    exp: int
    inv_sqrt: int


class SimdWork(NamedTuple):
    """`elements` counts the whole padded tensor, on the pooled side where a window of `window` points slides;
    `tile_elements` and `windowed_elements` count one tile at either side of the window. The number of tiles is the
    real quotient `elements / tile_elements`."""

    elements: int
    tile_elements: int
    windowed_elements: int
    channels: int
    tile_channels: int
    batch: int
    window: int
    bits: int
    out_bits: int
    array: SimdArray
    latency: PhaseLatencies
    calc: Arithmetic = SCALARS

    @property
    def fill(self) -> int:
        """Cycles until the pipeline and the lanes of a tile are filled (SimDIT Eq. 19)."""
        return self.array.pipeline_stages - 1 + self.array.lanes - 1

    @property
    def wait(self) -> int:
        return self.array.raw_wait_cycles

    def transfer(self, elements: int, bits: int) -> int:
        """Cycles of one tensor's tile on the DRAM port; each is rounded up on its own, unlike SimDIT Eqs. 20 and 23."""
        return ceil_div(elements * bits, self.array.bandwidth_bits_per_cycle)

    def transfers(self, loads: int, load_elements: int, stores: int, store_elements: int) -> int:
        """Cycles of a tile that loads and stores so many tensors of so many elements each."""
        return loads * self.transfer(load_elements, self.bits) + stores * self.transfer(store_elements, self.out_bits)

    def per_lane(self, operations: int) -> Number:
        return self.calc.ratio(operations, self.array.lanes)


def read_work(
    dims: SimdDims,
    tile: SimdTile,
    bits: int,
    out_bits: int,
    array: SimdArray,
    latency: PhaseLatencies,
    calc: Arithmetic = SCALARS,
) -> SimdWork:
    # A tile of 2 images, 16 channels and 4x4 positions: 512 elements; 9x9 under its windows: 2,592.
    images = tile.n * tile.c
    return SimdWork(
        elements=dims.n * dims.c * dims.h * dims.w,
        tile_elements=images * tile.h * tile.w,
        windowed_elements=images * tile.ih * tile.iw,
        channels=dims.c,
        tile_channels=tile.c,
        batch=dims.n,
        window=dims.kh * dims.kw,
        bits=bits,
        out_bits=out_bits,
        array=array,
        latency=latency,
        calc=calc,
    )


def simd_cost(
    work: SimdWork,
    *,
    compute: int,
    stall: Number,
    loads: Number,
    stores: Number,
    vmem: int,
    instructions: Number,
    ops: tuple[tuple[str, Number], ...],
    imm: int = 0,
) -> Cost:
    """Loads and stores of the single-buffered vector memory never overlap with compute: all of them stall."""
    return Cost(
        Cycles(compute, stall),
        DramBits(ifmap=loads, ofmap=stores),
        SramBits(vmem=vmem, imm=imm, insmem=instructions * work.array.instruction_bits),
        ops,
        Busy(compute=compute, simd_port=stall),
    )
