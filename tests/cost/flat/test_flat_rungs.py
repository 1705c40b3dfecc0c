"""Bounds of rungs from rows of numbers, by hand."""

from __future__ import annotations

import pytest

from simdc.cost import affine
from simdc.cost.bursts import stored_extent
from simdc.cost.dram import Dram
from simdc.cost.exact.flat import Shape
from simdc.cost.flat import climb
from simdc.cost.flat import rungs as at
from simdc.cost.flat.tiles import MOST_LOOPS
from simdc.cost.kernel import Loop
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.ladder.rows import with_more_room
from simdc.cost.rule import GENESYS
from simdc.cost.schedules.evaluate import SAFE, number_type
from simdc.frozen import fields
from tests.cost.machines import pencil_layer, row_convolution, small_machine
from tests.oracles.channels import with_channels

WALK = at.WALK_ROWS + at.WALK
"""The second walk of a ladder, so that nothing before it is read by chance."""


def ladder(**numbers: int) -> list[int]:
    """Nothing but these numbers of the walk, and others that would be seen if they were read."""
    row = [70] * (WALK + at.WALK)
    row[WALK:] = [0] * at.WALK
    for name, number in numbers.items():
        row[WALK + getattr(at, name)] = number
    return row


def machine(**numbers: int) -> list[int]:
    """Ports of 16 bits a cycle."""
    row = [0] * (at.SHARED_ROWS + 2 * at.SHARED_ROW)
    for port in (at.WEIGHT_PORT, at.IFMAP_PORT, at.RESULT_PORT):
        row[port : port + 2] = [16, 1]
    for name, number in numbers.items():
        row[getattr(at, name)] = number
    return row


def test_the_first_weights_and_their_bias() -> None:
    """25 weights of 4 bits are 100, 5 of the bias of 4 bits 20: 7 + 2 cycles, not 8."""
    on = machine(WEIGHT_BITS=4, BIAS_BESIDE=4)
    assert at.first_weights(ladder(WEIGHT=25, BIAS=5), on, WALK) == 9


@pytest.mark.parametrize(("per_image", "bits"), [(1, 240), (0, 80)])
def test_weights_come_once_or_for_each_tile_of_the_image(per_image: int, bits: int) -> None:
    row = ladder(PER_IMAGE=per_image)
    row[WALK + at.WEIGHT + at.ALL] = 10
    assert at.weight_bits(row, machine(WEIGHT_BITS=8), WALK, 3) == bits


def test_results_come_back_for_all_times_but_one() -> None:
    """In use 3 times: two round trips of 64 bits and one store of 8 are 136, of 100 elements 13,600."""
    on = machine(ROUND_TRIP=64, RESULT_BITS=8)
    assert at.result_bits(ladder(PSUM_RELOADS=3), on, WALK, 100) == 13_600


def test_ports_that_several_share() -> None:
    """320 bits of weights, 160 of inputs, 10 sums of 32 bits that come into use 3 times and cross twice each, 10
    results of 8: 320 + 160 + 2 * 640 + 80 = 1,840 at 16. Without the sums 560 at 4 bits a cycle: 140."""
    on = machine(PSUM_BITS=32, RESULT_BITS=8, SHARED=2)
    first, second = at.SHARED_ROWS, at.SHARED_ROWS + at.SHARED_ROW
    on[first : first + at.SHARED_ROW] = [16, 1, 1, 1, 2, 1]
    on[second : second + at.SHARED_ROW] = [4, 1, 1, 1, 0, 1]
    assert at.shared_cycles(on, 320, 160, 10, 3) == 140
    on[second] = 16
    assert at.shared_cycles(on, 320, 160, 10, 3) == 115


def test_more_room_keeps_what_waits() -> None:
    room = 2
    waiting = [0] * (climb.HEAP + (1 + climb.ENTRY) * room)
    for cycles in (50, 30):
        climb.push(waiting, room, cycles, 7, 1, 4, 2)
    larger = with_more_room(waiting, room)
    assert len(larger) == climb.HEAP + (1 + climb.ENTRY) * 2 * room
    climb.push(larger, 2 * room, 40, 7, 1, 4, 2)
    found: list[list[int]] = []
    while larger[climb.WAITING]:
        first = larger[climb.HEAP]
        found.append(larger[first : first + climb.ENTRY])
        climb.pop(larger)
    assert found == [[cycles, 7, 1, 4, 2] for cycles in (30, 40, 50)]


def test_what_is_stored_beside_the_image() -> None:
    """oh + kh - 1 with oh < 8 and kh < 3 reaches from -1 to 8 of 8 rows: 10. oh + 2 with oh < 4 stays inside of 9."""
    assert stored_extent(affine("oh", "kh", constant=-1), 8, {"oh": 8, "kh": 3}) == 10
    assert stored_extent(affine("oh", constant=2), 9, {"oh": 4}) == 9


def test_loops_that_are_priced_by_rows() -> None:
    """A loop that moves two dimensions of an operand, or too many loops, are left to the classes."""
    kernel = row_convolution(ic=3, oc=3, ow=6, kw=5)
    assert Shape(kernel).rows is not None
    ifmap = kernel.ifmap
    diagonal = ifmap._replace(shape=(*ifmap.shape, 6), index=(*ifmap.index, affine("ow")))
    assert Shape(kernel._replace(ifmap=diagonal)).rows is None
    many = (*kernel.loops, *(Loop(f"n{number}", 1) for number in range(MOST_LOOPS)))
    assert Shape(kernel._replace(loops=many)).rows is None


def test_64_bits_hold_what_is_counted() -> None:
    """Elements lie `step` apart in two dimensions: a tile's box may have 32 * step * step elements of 8 bits."""
    kernel, _ = pencil_layer()
    seen = set[object]()
    for power in range(31):
        spread = kernel.ifmap._replace(
            index=tuple(affine((terms[0][0], 1 << power)) for terms, _ in kernel.ifmap.index)
        )
        kind = number_type(kernel._replace(ifmap=spread), small_machine())
        seen.add(kind)
        assert kind is object or 8 * 32 * 8 << (2 * power) < SAFE
    assert len(seen) == 2


def test_all_over_one_channel() -> None:
    """Weights and inputs cross it once, sums twice beside the result: once in, once out."""
    kernel, _ = pencil_layer()
    dram = Dram(**{field.name: "psum" for field in fields(Dram) if field.name.endswith("_channel")})
    on = ArrayRungs(kernel, with_channels(small_machine(ports=(8, 8, 4)), dram), GENESYS)._on
    assert on[at.SHARED] == 1
    assert on[at.SHARED_ROWS :] == [4, 1, 1, 1, 2, 1]
