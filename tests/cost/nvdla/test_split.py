"""Layers that the convolution buffer does not hold."""

from __future__ import annotations

from random import Random

from simdc.cost.nvdla.hardware_layer import convolution_layer
from simdc.cost.nvdla.levels import LEVELS, ROOFLINE, WHOLE
from simdc.cost.nvdla.pass_amounts import work_of
from simdc.cost.nvdla.sizes import ConvolutionPass
from simdc.cost.nvdla.split import Windows, cut
from tests.cost.nvdla.measured import nv_small

WIDE = ConvolutionPass(512, 14, 14, 512, 3, 3, 14, 14, 14, 14, vectors=1)


def pieces(layer: ConvolutionPass, windows: Windows, *changes: str) -> list[tuple[int, ConvolutionPass]]:
    return [(times, piece) for times, piece in cut(layer, windows, nv_small(*changes)).pieces if times]


def test_as_many_rows_as_leave_room_for_two_groups() -> None:
    # Two groups of 8 * 4,608 bytes are 73,728: 18 banks of 4,096. 14 are left, 7,168 entries; a row is 64 * 14 = 896:
    # 8 rows of input, 6 of results. 14 are 6, 6 and 2, which need 8, 8 and 4 rows.
    found = pieces(WIDE, Windows())
    rows = [(times, piece.height, piece.rows, piece.out_rows, piece.kernels) for times, piece in found]
    assert rows == [(2, 8, 6, 6, 512), (1, 4, 2, 2, 512)]
    machine = nv_small()
    layer = convolution_layer(WIDE, Windows(), machine, repeats=2)
    assert not layer.is_whole
    # Each pass reads all weights: 512 * 4,608 / 8 beats; 64 * 14 * (8 + 8 + 4) of input; 128 of the bias.
    assert layer.beats == (2 * 64 * 14 * 20, 2 * 3 * 294_912, 2 * 3 * 128, 0, 2 * 64 * 196)
    # Nothing of one pass is hidden behind another.
    each = [work_of(piece, machine).cycles(WHOLE) for _, piece in found]
    assert layer.cycles(WHOLE) == 2 * (2 * each[0] + each[1])
    # A roofline reads every operand once.
    assert layer.terms(ROOFLINE) == {name: 2 * cycles for name, cycles in work_of(WIDE, machine).terms(0).items()}


def test_a_pool_takes_the_rows_of_its_windows_along() -> None:
    # Behind it a pool of 3 rows, 2 apart: 6 rows of results make 2 of the pool, from 5. Of 6 in all, each pass of two
    # reads 7 rows, computes 5; one row of the convolution belongs to two passes.
    pooled = WIDE._replace(out_rows=6, out_columns=6, is_pooled=True)
    found = pieces(pooled, Windows(1, 3, 2))
    assert [(times, piece.height, piece.rows, piece.out_rows) for times, piece in found] == [(2, 7, 5, 2), (1, 7, 5, 2)]
    # A stride of 2: 8 rows of input hold 3 windows; of 7 rows of results each pass makes 3, 3 and 1.
    strided = WIDE._replace(rows=7, columns=7, out_rows=7, out_columns=7)
    assert [(times, piece.height, piece.rows) for times, piece in pieces(strided, Windows(2))] == [(2, 7, 3), (1, 3, 1)]


def test_kernels_where_one_row_leaves_no_room_for_two_groups() -> None:
    # AlexNet's fc6: 1,152 entries are 3 banks, two groups of 73,728 bytes 36, one 18: a group at a time.
    fc6 = ConvolutionPass(256, 6, 6, 4_096, 6, 6, 1, 1, 1, 1, vectors=1)
    assert pieces(fc6, Windows()) == [(511, fc6._replace(kernels=8)), (1, fc6._replace(kernels=8))]
    # VGG-16's fc1: 3,136 entries, 7 banks; 25 hold 4 kernels of 25,088 bytes.
    fc1 = ConvolutionPass(512, 7, 7, 4_094, 7, 7, 1, 1, 1, 1, vectors=1)
    assert pieces(fc1, Windows()) == [(1_023, fc1._replace(kernels=4)), (1, fc1._replace(kernels=2))]
    layer = convolution_layer(fc1, Windows(), nv_small())
    assert not layer.is_whole
    assert layer.fits
    # 16 banks of 4,096 bytes: after 7 of input 9 * 4,096 = 36,864, one kernel. With 13 there is none.
    less = nv_small("memories.cbuf.capacity_bits=524288", "memories.cbuf.banks=16")
    assert cut(fc1, Windows(), less).kernels == 1
    assert convolution_layer(fc1, Windows(), less).fits
    small = nv_small("memories.cbuf.capacity_bits=425984", "memories.cbuf.banks=13")
    assert cut(fc1, Windows(), small).kernels == 0
    assert not convolution_layer(fc1, Windows(), small).fits


def test_a_buffer_without_a_limit_holds_all() -> None:
    assert pieces(WIDE, Windows(), "memories.cbuf.capacity_bits=0") == [(1, WIDE)]
    assert pieces(WIDE, Windows(), "memories.cbuf.capacity_bits=8388608") == [(1, WIDE)]


def test_a_bank_narrower_than_an_entry_holds_none() -> None:
    # 32 banks of 32 bits; an entry has 64.
    assert (
        cut(
            ConvolutionPass(1, 1, 1, 1, 1, 1, 1, 1, 1, 1), Windows(), nv_small("memories.cbuf.capacity_bits=1024")
        ).kernels
        == 0
    )


def fits(layer: ConvolutionPass, banks: int, bank_bytes: int, rows: int, kernels: int) -> bool:
    """Of nv_small: entries of 8 bytes; weights of two groups, or of all there are."""
    entries = -(-layer.channels // 8) * layer.width * rows
    weights = min(kernels, 16) * layer.products
    return -(-entries // (bank_bytes // 8)) + -(-weights // bank_bytes) <= banks


def test_the_largest_piece_that_fits() -> None:
    random = Random(5)
    cuts = 0
    for _ in range(400):
        window, stride, pool, pool_stride = (random.randint(1, 4) for _ in range(4))
        out, pad = random.randint(1, 12), random.randint(0, window - 1)
        windows = Windows(stride, pool, pool_stride)
        rows = windows.array_rows(out)
        height = max((rows - 1) * stride + window - pad, 1)
        layer = ConvolutionPass(
            random.randint(1, 40), height, random.randint(1, 9), random.randint(1, 40), window, 2, rows, 3, out, 3
        )
        banks, bank_bytes = random.randint(2, 16), 8 * random.randint(1, 64)
        machine = nv_small(f"memories.cbuf.capacity_bits={banks * bank_bytes * 8}", f"memories.cbuf.banks={banks}")
        found = cut(layer, windows, machine)

        def needs(out_rows: int, windows: Windows = windows, layer: ConvolutionPass = layer) -> int:
            return min(layer.height, (windows.array_rows(out_rows) - 1) * windows.stride + layer.window_rows)

        kernels = layer.kernels
        if not fits(layer, banks, bank_bytes, needs(1), kernels):
            room = [k for k in range(1, min(8, kernels) + 1) if fits(layer, banks, bank_bytes, needs(1), k)]
            kernels = max(room, default=0)
        assert found.kernels == kernels
        if kernels == 0:
            continue
        whole = fits(layer, banks, bank_bytes, layer.height, kernels)
        most = out if whole else max(n for n in range(1, out + 1) if fits(layer, banks, bank_bytes, needs(n), kernels))
        pieces = [(times, piece) for times, piece in found.pieces if times]
        cuts += len(pieces) > 1
        assert pieces[0][1].out_rows == most
        assert found.is_whole == (most == out and kernels == layer.kernels)
        assert pieces == [(1, layer)] or not found.is_whole
        # Every result is made once, and each pass holds the rows of its windows.
        assert sum(times * piece.out_rows * piece.kernels for times, piece in pieces) == out * layer.kernels
        for _, piece in pieces:
            assert piece.rows == (layer.rows if piece.out_rows == out else windows.array_rows(piece.out_rows))
            assert piece.height == (layer.height if piece.out_rows == out else needs(piece.out_rows))
            assert fits(layer, banks, bank_bytes, piece.height, piece.kernels)
    assert cuts > 100


def test_levels_of_a_cut_layer_rise() -> None:
    found = [convolution_layer(WIDE, Windows(), nv_small()).cycles(level) for level in range(len(LEVELS))]
    assert found[:4] == sorted(found[:4])
    assert found[4] < found[5]
