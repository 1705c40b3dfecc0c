"""Corners of the released formulas by hand: transfers that do not divide, fractions with groups, full memories."""

from __future__ import annotations

from random import Random

import numpy as np

from simdc.cost.kernel import Kernel
from simdc.cost.result import Cost
from simdc.cost.simdit import SimditModel, many
from simdc.cost.simdit.arrays import Arrays
from simdc.cost.tiling import Tiling, loop_bounds
from tests.cost.simdit.release_layers import conv2d, hardware, linear, vector

MIB = 1 << 20
# Weight port min(4 x 8, 24) = 24, ifmap 5, psum 7, SIMD 7 bits a cycle; a tile fills in 3 + 3 cycles, or 5 + 3.
ODD = hardware((4, 4), (8, 8, 32, 32), (MIB, MIB, MIB, MIB), (24, 5, 7), MIB, 7)


def evaluate(kernel: Kernel, phase: str = "inference", /, **tile: int) -> Cost:
    bounds = loop_bounds(kernel)
    sizes = tuple(tile.get(name, bound) for name, bound in bounds.items())
    return SimditModel(phase).evaluate(kernel, Tiling(tuple(bounds), sizes), ODD)


def test_every_transfer_is_rounded_up_on_its_own() -> None:
    # One tile of 4 x 4 channels and one pixel: ct = 1 + 6; weight 16*8/24 = 5.33, bias 4*32/24 = 5.33, ifmap
    # 4*8/5 = 6.4, psum 4*32/7 = 18.3.
    kernel = conv2d({"oc": 4, "ic": 4, "kh": 1, "kw": 1, "n": 1, "oh": 1, "ow": 1})
    lw, lb, li, lp, ct = 6, 6, 7, 19, 7
    cost = evaluate(kernel)
    # Case 1 counts 1 - 2 tiles.
    assert cost.cycles.stall == -(lp - ct) + max(li, lw + lb) + max(0, li - ct) + (lp - ct) + lp
    assert (cost.busy.weight_port, cost.busy.ifmap_port, cost.busy.psum_port) == (lw + lb, li, lp)


def test_groups_are_rounded_one_by_one() -> None:
    # 25 pixels in tiles of 2 x 2: 6.25 tiles of 4 + 6 cycles are 62.5, 63 for each group.
    bounds = {"g": 3, "oc": 4, "ic": 4, "kh": 1, "kw": 1, "n": 1, "oh": 5, "ow": 5}
    assert evaluate(conv2d(bounds), g=1, oh=2, ow=2).cycles.compute == 3 * 63


def test_ports_of_a_matrix_vector_product() -> None:
    # 3 tiles of 4 outputs of 8 inputs: weight 8*4*8/24 = 10.67, bias 5.33, ifmap 8*8/5 = 12.8, psum 18.3.
    busy = evaluate(linear(1, 8, 12), oc=4).busy
    assert (busy.weight_port, busy.ifmap_port, busy.psum_port) == (3 * 11 + 3 * 6, 3 * 13, 3 * 19)


def test_a_matrix_vector_product_that_waits_for_its_input() -> None:
    # 3 x 3 tiles of 4 x 4: ct = 1 + 6, weight 6, bias 6, ifmap 7, output 19. Only begin and finish keep it waiting, and
    # with a port of one bit a cycle the ifmap, 32 cycles, does so in every tile.
    slow = hardware((4, 4), (8, 8, 32, 32), (MIB, MIB, MIB, MIB), (24, 1, 7), MIB, 7)
    kernel = linear(1, 12, 12)
    cost = SimditModel().evaluate(kernel, Tiling(("oc", "ic", "n"), (4, 4, 1)), slow)
    lw, lb, li, lo, ct = 6, 6, 32, 19, 7
    begin = finish = 3 - 1
    between = (9 - 3 - 1) - finish
    steady = begin * max(lw + lb - ct, li - ct) + between * (li - ct) + finish * max(lw - ct, li - ct, lo - ct)
    assert cost.cycles.stall == steady + li + (li - ct) + lo


def test_transfers_of_the_simd_array_are_rounded_up() -> None:
    # 2 tiles of 4 channels x 2 pixels: 8 * 32 / 7 = 36.6 in, 8 * 8 / 7 = 9.1 out.
    cost = evaluate(vector("relu", {"c": 8, "n": 1, "h": 1, "w": 2}, 8), c=4)
    assert cost.cycles.stall == 2 * (37 + 10)


def test_statistics_set_a_vector_aside() -> None:
    # One of the two memories holds 49 vectors of 4 elements. An image of 7 x 7 takes all of them, and one is set aside.
    tight = hardware((4, 4), (8, 8, 32, 32), (MIB, MIB, MIB, MIB), (64, 64, 64), 2 * 49 * 4 * 32, 64)
    image = {"c": 4, "n": 1, "h": 7, "w": 7}
    tiles = {
        kind: SimditModel().greedy(vector(kind, image), tight).as_dict() for kind in ("relu", "batch_norm_statistics")
    }
    assert (tiles["relu"]["h"], tiles["batch_norm_statistics"]["h"]) == (7, 1)


def test_bounds_of_arrays() -> None:
    numbers = np.array([3, 1, 2])
    assert (many._top(numbers), many._low(numbers), many._top(5)) == (3.0, 1.0, 5.0)


def test_quotients_of_large_numbers() -> None:
    """All positive, most of them no floats: rounded once, as Python divides integers."""
    random = Random(3)
    pairs = [(random.getrandbits(62), random.getrandbits(58) | 1) for _ in range(200)]
    over, under = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    assert Arrays().ratio(over, under).tolist() == [a / b for a, b in pairs]
    assert [float(a) / float(b) for a, b in pairs] != [a / b for a, b in pairs]


def test_a_window_that_the_ifmap_buffer_cuts() -> None:
    # Half of the ifmap buffer holds 225 vectors of 4 values, half of the weight buffer 4096 tiles of 4 x 4: of a window
    # of 16 x 16 = 256 points, two parts each way leave 8 x 8.
    machine = hardware((4, 4), (8, 8, 32, 32), (MIB, 2 * 225 * 4 * 8, MIB, MIB), (64, 64, 64), MIB, 64)
    kernel = conv2d({"oc": 4, "ic": 4, "kh": 16, "kw": 16, "n": 1, "oh": 1, "ow": 1})
    tile = SimditModel().greedy(kernel, machine).as_dict()
    assert (tile["kh"], tile["kw"]) == (8, 8)
