"""A layer that was scaled down is small and has the same tile structure."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simdc.backends.simulate import simulate
from simdc.backends.verify.resize import resized
from simdc.backends.verify.scaling import MOST_TILES, SMALL_ARRAY, scale_down, smallest_alike
from simdc.backends.verify.tiles import count_tiles
from simdc.cost import ExactModel
from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.cost.tiling import Tiling, TilingError, loop_bounds
from simdc.frontends.hardware_file import load_hardware
from simdc.frozen import evolve
from tests.strategies import contractions, machines, tilings, vector_programs


@given(
    st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([(1, 1), (2, 2), (16, SMALL_ARRAY), (64, SMALL_ARRAY)])
)
@settings(max_examples=400)
def test_a_loop_keeps_its_class(bound: int, tile: int, sides: tuple[int, int]) -> None:
    side, small_side = sides
    tile = min(tile, bound)
    small_bound, small_tile = smallest_alike(bound, tile, side, small_side, MOST_TILES)
    assert small_bound <= 4 * MOST_TILES * small_side + 4

    def looks(bound: int, tile: int, side: int) -> tuple[object, ...]:
        count = -(-bound // tile)
        return min(count, 4), bound % tile == 0, bound % side == 0, tile % side == 0, tile > side, tile == bound

    assert looks(small_bound, small_tile, small_side) == looks(bound, tile, side)


@pytest.mark.parametrize(
    ("bound", "tile", "expected"),
    [
        (64, 64, (5, 5)),  # one array
        (192, 192, (10, 10)),  # three arrays in one tile: two are kept
        (192, 64, (15, 5)),  # three tiles of one array
        (512, 64, (20, 5)),  # eight: four are kept
        (500, 64, (16, 5)),  # the last of them smaller
        (100, 64, (6, 5)),
        (100, 40, (7, 3)),  # three tiles, but four when 100 is rounded up to 128 (7 to 10)
        (3, 1, (3, 1)),
    ],
)
def test_channels_on_an_array_of_64(bound: int, tile: int, expected: tuple[int, int]) -> None:
    assert smallest_alike(bound, tile, 64, SMALL_ARRAY, MOST_TILES) == expected


def conv(size: int, channels: int) -> Contraction:
    """3x3, stride 2, padding 1 before; no window reaches the last row of the image if its size is odd."""
    out = (size + 1 - 3) // 2 + 1
    row = affine(("oh", 2), "kh", constant=-1)
    return Contraction(
        kind="conv2d",
        loops=(Loop("oc", channels), Loop("ic", channels), Loop("kh", 3), Loop("oh", out)),
        ifmap=Operand("ifmap", 8, (channels, size), (affine("ic"), row)),
        weight=Operand("weight", 8, (channels, channels, 3), (affine("oc"), affine("ic"), affine("kh"))),
        psum=Operand("psum", 32, (channels, out), (affine("oc"), affine("oh"))),
        ofmap_bits=32,
    )


@pytest.mark.parametrize(("size", "small_size"), [(224, 14), (223, 15)])
def test_resizing_keeps_what_lies_at_the_borders(size: int, small_size: int) -> None:
    """7 windows begin at row -1 and end at row 2 * 6 + 2 - 1 = 13, the last or the last but one."""
    kernel = conv(size, 64)
    assert resized(kernel, {"oc": 5, "ic": 4, "kh": 3, "oh": 7}) == kernel._replace(
        loops=(Loop("oc", 5), Loop("ic", 4), Loop("kh", 3), Loop("oh", 7)),
        ifmap=kernel.ifmap._replace(shape=(4, small_size)),
        weight=kernel.weight._replace(shape=(5, 4, 3)),
        psum=kernel.psum._replace(shape=(5, 7)),
    )


def test_groups_stay_side_by_side() -> None:
    """`64*g + c` with 64 channels a group becomes `3*g + c` with 3."""
    index = (affine(("g", 64), "c"),)
    ifmap = Operand("ifmap", 8, (8 * 64,), index)
    weight = Operand("weight", 8, (8, 64), (affine("g"), affine("c")))
    kernel = Contraction(
        "matmul",
        (Loop("g", 8), Loop("c", 64)),
        ifmap,
        weight,
        Operand("psum", 32, (8,), (affine("g"),)),
        32,
        rows="c",
        columns="g",
    )
    small = resized(kernel, {"g": 2, "c": 3})
    assert small.ifmap == Operand("ifmap", 8, (6,), (affine(("g", 3), "c"),))


@given(st.data())
@settings(max_examples=60)
def test_a_scaled_layer_is_refused_if_and_only_if_the_layer_is(data: st.DataObject) -> None:
    kernel = data.draw(st.one_of(contractions(), vector_programs()))
    machine = data.draw(machines())
    tiling = data.draw(tilings(kernel, max_tiles=100))
    bits = data.draw(st.integers(1, 3000))
    buffers = evolve(
        machine.systolic.buffers, weight_bits=2 * bits, ifmap_bits=2 * bits, psum_bits=2 * bits, bias_bits=2 * bits
    )
    machine = evolve(
        machine, systolic=evolve(machine.systolic, buffers=buffers), simd=evolve(machine.simd, vmem_bits=bits)
    )

    def refused(*case: object) -> str:
        try:
            ExactModel().evaluate(*case)  # type: ignore[arg-type]
        except TilingError as error:
            return str(error).partition(" needs ")[0].partition("'")[0]
        return ""

    small = scale_down(kernel, tiling, machine)
    assert refused(*small) == refused(kernel, tiling, machine)


@pytest.mark.parametrize("stores_padding", [True, False])
def test_a_large_convolution_becomes_small_and_stays_what_it_is(*, stores_padding: bool) -> None:
    hardware = evolve(load_hardware("HI3"), stores_padding=stores_padding)
    kernel = conv(2240, 4096)
    tiling = Tiling(("oc", "ic", "kh", "oh"), (64, 128, 1, 100))
    small = scale_down(kernel, tiling, hardware)
    assert loop_bounds(small.kernel)["kh"] == 3
    assert prod(loop_bounds(small.kernel).values()) < 20_000
    assert count_tiles(*small) == 4 * 4 * 3 * 4
    assert count_tiles(kernel, tiling, hardware) == 64 * 32 * 3 * 12
    assert simulate(*small) == ExactModel().evaluate(*small)
    assert small.kernel.ifmap.index == kernel.ifmap.index
    assert small.hardware.systolic.bandwidths == hardware.systolic.bandwidths


def test_count_of_tiles_is_that_of_the_walk() -> None:
    kernel, tiling = conv(16, 4), Tiling(("oc", "ic", "kh", "oh"), (3, 4, 2, 3))
    hardware = load_hardware("HI3")
    # Stored padding makes 64 of 4 output channels: 22 tiles of 3.
    assert count_tiles(kernel, tiling, hardware) == 22 * 1 * 2 * 3
    assert count_tiles(kernel, tiling, evolve(hardware, stores_padding=False)) == 2 * 1 * 2 * 3
