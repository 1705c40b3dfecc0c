"""What a hardware layer is to the formulas: its sizes, and the beats that cross the memory port for each operand."""

from __future__ import annotations

from simdc.cost.machine import ComputeUnit
from simdc.cost.numbers import ceil_div
from simdc.named import NamedTuple

from .parts import Nvdla


class ConvolutionPass(NamedTuple):
    """One run of the convolution core over one image and one group, results and pool on the fly.

    `channels` x `height` x `width` in, windows of `window_rows` x `window_columns`, `kernels` x `rows` x `columns` out
    of the array, of which a pool leaves `out_rows` x `out_columns`. `vectors` are operands with an element for each
    channel (a bias), `addends` operands as large as the array's result.
    """

    channels: int
    height: int
    width: int
    kernels: int
    window_rows: int
    window_columns: int
    rows: int
    columns: int
    out_rows: int
    out_columns: int
    vectors: int = 0
    addends: int = 0
    is_pooled: bool = False

    @property
    def pixels(self) -> int:
        return self.rows * self.columns

    @property
    def products(self) -> int:
        """Multiply-accumulates of one pixel of one kernel."""
        return self.channels * self.window_rows * self.window_columns

    @property
    def macs(self) -> int:
        return self.kernels * self.products * self.pixels


class UnitPass(NamedTuple):
    """One run of the SDP, the PDP or the CDP by itself, from memory to memory, or of the SDP with the PDP behind it
    (`is_pooled`). Fields as of `ConvolutionPass`."""

    channels: int
    height: int
    width: int
    out_rows: int
    out_columns: int
    vectors: int = 0
    addends: int = 0
    is_pooled: bool = False


class Beats(NamedTuple):
    """Beats of the memory port, by operand."""

    ifmap: int
    weight: int
    vectors: int
    addends: int
    ofmap: int

    @property
    def read(self) -> int:
        return self.ifmap + self.weight + self.vectors + self.addends

    @property
    def total(self) -> int:
        return self.read + self.ofmap


def pass_beats(layer: ConvolutionPass, machine: Nvdla) -> Beats:
    """As counted on the RTL in every convolution that was measured."""
    # LeNet's first, 1 x 28 x 28 to 20 kernels of 5 x 5, pooled to 12 x 12: 784 + 64 + 6 read, 3 * 144 = 432 written.
    # Its 500 weights are 4 blocks of 128.
    conv, beat = machine.conv, machine.dram.beat_bits
    blocks = ceil_div(layer.kernels * layer.products * conv.element_bits, conv.weight_block_bits)
    return Beats(
        ifmap=machine.cube_beats(layer.channels, layer.height, layer.width, conv),
        weight=ceil_div(blocks * conv.weight_block_bits, beat),
        vectors=layer.vectors * machine.vector_beats(layer.kernels, conv),
        addends=layer.addends * machine.cube_beats(layer.kernels, layer.rows, layer.columns, conv),
        ofmap=machine.cube_beats(layer.kernels, layer.out_rows, layer.out_columns, conv),
    )


def unit_beats(layer: UnitPass, unit: ComputeUnit, machine: Nvdla) -> Beats:
    # 64 channels of 15 x 15 pixels, pooled to 7 x 7: 8 * 225 = 1,800 read, 8 * 49 = 392 written.
    cube = machine.cube_beats(layer.channels, layer.height, layer.width, unit)
    return Beats(
        ifmap=cube,
        weight=0,
        vectors=layer.vectors * machine.vector_beats(layer.channels, unit),
        addends=layer.addends * cube,
        ofmap=machine.cube_beats(layer.channels, layer.out_rows, layer.out_columns, unit),
    )
