"""A row of NVIDIA's sheet: a convolution or fully connected layer, and the room that its tensors take.

Everything is a fraction of whole numbers: Winograd divides by 9, a batch by 16, and the sheet rounds DRAM cycles up.
"""

from __future__ import annotations

from fractions import Fraction

from simdc.named import NamedTuple

ATOM_CHANNELS = 16
"""Channels of input and output are stored in atoms of 16."""
KEPT_KERNELS = 32
"""Of the weights at least 32 kernels stay in the buffer."""
KIB = 8 * 1024


class RowSide(NamedTuple):
    """A dimension of the image: `size` positions of the input, a window of `window`, `stride` apart, as many positions
    of the result as stored, so behind a pool of the same row. `same` tells that the window leaves the size as it is."""

    size: int
    window: int
    stride: int
    stored: int
    same: bool

    @property
    def steps(self) -> int:
        """Positions of the input with the stride folded into channels."""
        return -(-self.size // self.stride)

    @property
    def taps(self) -> int:
        """Positions of the window with the stride folded into channels."""
        return -(-self.window // self.stride)

    @property
    def computed(self) -> int:
        """Positions that MACs are counted for. Without `same` it is not the size of the result that is counted."""
        # AlexNet's first row: 224 positions, windows of 11, 4 apart: ceil(214 / 4) = 54, and the result has 55.
        return self.steps if self.same else -(-(self.size - self.window + 1) // self.stride)


class RowLayout(NamedTuple):
    """One row: C input and K output channels. A fully connected one has a window as large as the image. `has_addend`
    tells that a sum of the same size as the result is read and added."""

    input_channels: int
    output_channels: int
    rows: RowSide
    columns: RowSide
    is_fully_connected: bool
    has_addend: bool
    data_bits: int = 8
    weight_bits: int = 8

    @property
    def folded_channels(self) -> int:
        """Input channels in whole atoms, the stride folded in: a stride of 2 makes four channels of each."""
        # 3 channels, stride 2: 12, stored as 16.
        return up(self.input_channels * self.rows.stride * self.columns.stride, ATOM_CHANNELS)

    @property
    def is_winograd(self) -> bool:
        """Any window of 3 x 3, whatever the stride."""
        return (self.rows.window, self.columns.window) == (3, 3)

    @property
    def input_kib(self) -> Fraction:
        return self._input_rows(self.rows.steps)

    def kept_input_kib(self, lines: int) -> Fraction:
        """The least of the input that stays in the buffer: `lines` lines of it, or all."""
        return self._input_rows(min(lines, self.rows.steps))

    def _input_rows(self, lines: int) -> Fraction:
        return Fraction(self.folded_channels * lines * self.columns.steps * self.data_bits, KIB)

    @property
    def output_kib(self) -> Fraction:
        channels = up(self.output_channels, ATOM_CHANNELS)
        return Fraction(self.rows.stored * self.columns.stored * channels * self.data_bits, KIB)

    def weight_kib(self, kernels: int) -> Fraction:
        """Of that many kernels, as they are without Winograd."""
        return Fraction(self.folded_channels * self.rows.taps * self.columns.taps * kernels * self.weight_bits, KIB)

    def mac_cycles(self, macs: int, granule: int, batch: int) -> Fraction:
        """On that many MACs, which take `granule` output channels at a time; of a fully connected row those of `batch`
        images together, and the row has its share."""
        pixels = self.rows.computed * self.columns.computed
        taps = Fraction(self.rows.window * self.columns.window, self.rows.stride * self.columns.stride)
        together = batch if self.is_fully_connected else 1
        kernels = Fraction(up(self.output_channels * together, granule), together)
        cycles = self.folded_channels * pixels * kernels * taps / macs
        return cycles * Fraction(4, 9) if self.is_winograd else cycles


def up(count: int, multiple: int) -> int:
    """Rounded up to a multiple."""
    return -(-count // multiple) * multiple
