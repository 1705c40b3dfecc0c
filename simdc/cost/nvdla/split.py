"""Layers larger than the convolution buffer: cut along their rows, and where that does not do, into fewer kernels.

Nobody measured such a layer. Software cuts them; this is a plain way to do so.
"""

from __future__ import annotations

from simdc.cost.numbers import ceil_div
from simdc.named import NamedTuple

from .arithmetic import choose, larger, smaller
from .parts import Nvdla
from .sizes import ConvolutionPass

GROUPS_IN_BUFFER = 2
"""Groups of kernels that the buffer holds: one in the array, the next on its way."""


class Windows(NamedTuple):
    """Windows along the rows: of the convolution `stride` apart, and of a pool behind it."""

    stride: int = 1
    pool_window: int = 1
    pool_stride: int = 1

    def array_rows(self, out_rows: int) -> int:
        """Rows of the convolution that results need. Rows that two pieces need are computed twice."""
        return (out_rows - 1) * self.pool_stride + self.pool_window


class Cut(NamedTuple):
    """`pieces` are (how many, pass) one after the other, some of them none: one where the layer `is_whole`. `kernels`
    is 0 where not even one fits beside the rows of one result."""

    pieces: tuple[tuple[int, ConvolutionPass], ...]
    kernels: int
    is_whole: bool


class Banks(NamedTuple):
    """What a buffer holds, in banks of `entries` for the input and of `bits` for weights. One without a limit has more
    than any layer needs."""

    number: int
    entries: int
    bits: int

    def of_input(self, layer: ConvolutionPass, machine: Nvdla, rows: int) -> int:
        # 256 channels of 14 x 14 pixels: 32 * 196 = 6,272 entries in banks of 512, 13 banks.
        # A bank narrower than an entry holds none.
        held = ceil_div(_line_entries(layer, machine) * rows, larger(self.entries, 1))
        return choose(self.entries == 0, self.number, held)

    def of_weights(self, layer: ConvolutionPass, machine: Nvdla, kernels: int) -> int:
        """Of two groups of kernels, if there are two."""
        held = smaller(kernels, GROUPS_IN_BUFFER * machine.conv.granule.output_channels)
        return ceil_div(held * _kernel_bits(layer, machine), self.bits)


def banks_of(machine: Nvdla) -> Banks:
    cbuf, conv = machine.cbuf, machine.conv
    # nv_small: 32 banks of 32,768 bits, each 512 entries of 8 channels.
    bits = larger(cbuf.capacity_bits // cbuf.banks, 1)
    entries = bits // (conv.granule.input_channels * conv.element_bits)
    return Banks(cbuf.banks, entries, bits)


def is_unlimited(machine: Nvdla) -> bool:
    return machine.cbuf.capacity_bits == 0


def _line_entries(layer: ConvolutionPass, machine: Nvdla) -> int:
    return ceil_div(layer.channels, machine.conv.granule.input_channels) * layer.width


def _kernel_bits(layer: ConvolutionPass, machine: Nvdla) -> int:
    return layer.products * machine.conv.element_bits


def cut(layer: ConvolutionPass, windows: Windows, machine: Nvdla) -> Cut:
    """As many rows at a time as leave room for two groups of kernels. Where one row of results does not, fewer kernels
    at a time: one group, or less of one."""
    # 512 channels of 14 x 14 pixels, 512 kernels of 3 x 3: two groups are 73,728 bytes, 18 of 32 banks. The others hold
    # 14 * 512 entries, and a row is 64 * 14: 8 rows, so 6 of results at a time, 3 passes.
    banks = banks_of(machine)
    kernels = _kernels_at_a_time(layer, windows, machine, banks)
    left = banks.number - banks.of_weights(layer, machine, kernels)
    most = left * banks.entries // _line_entries(layer, machine)
    array_rows = (most - layer.window_rows) // windows.stride + 1
    some = larger((array_rows - windows.pool_window) // windows.pool_stride + 1, 1)
    all_fit = (layer.height <= most) | is_unlimited(machine)
    out_rows = choose(all_fit, layer.out_rows, smaller(some, layer.out_rows))
    is_whole = (out_rows == layer.out_rows) & (kernels == layer.kernels)
    return Cut(_pieces(layer, windows, out_rows, larger(kernels, 1)), kernels, is_whole)


def _kernels_at_a_time(layer: ConvolutionPass, windows: Windows, machine: Nvdla, banks: Banks) -> int:
    # 9,216 channels to 4,096 kernels on nv_small: 3 banks of input, two groups of 73,728 bytes are 36. One at a time.
    least = smaller(layer.height, _input_rows(layer, windows, 1))
    room = (banks.number - banks.of_input(layer, machine, least)) * banks.bits
    fitting = smaller(larger(room // _kernel_bits(layer, machine), 0), layer.kernels)
    fewer = smaller(fitting, machine.conv.granule.output_channels)
    all_fit = banks.of_weights(layer, machine, layer.kernels) * banks.bits <= room
    return choose(all_fit | is_unlimited(machine), layer.kernels, fewer)


def _pieces(
    layer: ConvolutionPass, windows: Windows, out_rows: int, kernels: int
) -> tuple[tuple[int, ConvolutionPass], ...]:
    """Full ones, and in each direction a last one with the rest."""
    passes, turns = ceil_div(layer.out_rows, out_rows), ceil_div(layer.kernels, kernels)
    along = ((passes - 1, out_rows), (1, layer.out_rows - (passes - 1) * out_rows))
    over = ((turns - 1, kernels), (1, layer.kernels - (turns - 1) * kernels))
    return tuple((times * turn, _piece(layer, windows, rows, some)) for turn, some in over for times, rows in along)


def _piece(layer: ConvolutionPass, windows: Windows, out_rows: int, kernels: int) -> ConvolutionPass:
    """Rows of the border count as rows of the input here, as far as the input has so many."""
    is_whole = out_rows == layer.out_rows
    return layer._replace(
        height=choose(is_whole, layer.height, smaller(layer.height, _input_rows(layer, windows, out_rows))),
        rows=choose(is_whole, layer.rows, smaller(layer.rows, windows.array_rows(out_rows))),
        out_rows=out_rows,
        kernels=kernels,
    )


def _input_rows(layer: ConvolutionPass, windows: Windows, out_rows: int) -> int:
    """Rows that windows span, neighbouring passes have `window_rows - stride` of them in common."""
    return (windows.array_rows(out_rows) - 1) * windows.stride + layer.window_rows
