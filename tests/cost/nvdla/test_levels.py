"""The levels by hand, against the published formulas in fractions, and on arrays."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from simdc.cost.nvdla.arithmetic import choose, larger, smaller
from simdc.cost.nvdla.hardware_layer import HardwareLayer, convolution_layer, unit_layer
from simdc.cost.nvdla.levels import LEVELS, LOADED, PADDED, PORT, ROOFLINE, RUNS, WHOLE
from simdc.cost.nvdla.parts import Nvdla
from simdc.cost.nvdla.pass_amounts import last_run, work_of
from simdc.cost.nvdla.sizes import ConvolutionPass, UnitPass, pass_beats
from simdc.cost.nvdla.split import Windows
from simdc.frozen import Frozen, fields
from tests.cost.nvdla.measured import nv_small
from tests.cost.nvdla.oracle import Row, last, levels

EVERY = range(len(LEVELS))
LENET_CONV2 = ConvolutionPass(20, 12, 12, 50, 5, 5, 8, 8, 4, 4, vectors=1, is_pooled=True)


def test_lenet_conv2_with_a_pencil() -> None:
    # 20 x 12 x 12 to 50 kernels of 5 x 5, 8 x 8 pixels, pooled to 4 x 4.
    work = work_of(LENET_CONV2, nv_small())
    # 50 * 500 * 64 products / 64; bytes 20 * 144 + 25,000 + 100 + 50 * 16 = 28,780, 8 a cycle.
    assert work.terms(ROOFLINE) == {"mac": 25_000, "dram": 3_598}
    # 7 groups of 8 kernels, 3 of 8 channels, 25 places, 64 pixels: 7 * 4,800. Beats: 3 * 144 of input, 196 blocks of
    # 128 weights are 3,136, the bias 100 / 8, the result 7 * 16.
    assert work.terms(PADDED) == {"mac": 33_600, "dram": 432 + 3_136 + 13 + 112}
    # 7 atoms of 64 pixels at 11 cycles.
    assert work.terms(PORT) == {"mac": 33_600, "dram": 3_693, "port": 4_928}
    # Runs of 64 pixels are no shorter than 8.
    assert work.terms(RUNS) == work.terms(PORT)
    # A line of 12 beats in two bursts takes 12 + 4 = 16 cycles, less than the 24 that it takes beside the weights. All
    # 432 beats have some beside: 864 cycles. A group needs 8 * 500 / 8 = 500 beats; of the first, 432 came by then, and
    # it is there at 432 + 500 = 932. The others are in time: 932 + 7 * 4,800. Of all, 432 + 3,136 - 864 come later.
    assert work.terms(LOADED) == {"mac": 33_600, "port": 4_928, "load": 864, "weights": 2_704, "write": 112}
    # 128 + 2 * 50, a last run of 16 at 8 cycles a pixel, 15 for the pool.
    assert work.terms(WHOLE) == {**work.terms(LOADED), "latency": 128 + 100 + 128 + 15}
    assert [work.cycles(level) for level in EVERY] == [25_000, 33_600, 33_600, 33_600, 34_532, 34_903]
    assert (work.active_cycles(ROOFLINE), work.active_cycles(PADDED), work.active_cycles(WHOLE)) == (
        25_000,
        33_600,
        33_600,
    )


def test_few_pixels_run_for_eight_cycles_and_wait_for_weights() -> None:
    # 500 to 10 as one pixel: 2 groups of 63 granules, a run of 8 cycles each.
    work = work_of(ConvolutionPass(500, 1, 1, 10, 1, 1, 1, 1, 1, 1, vectors=1), nv_small())
    assert (work.groups, work.group_cycles, work.group_run_cycles) == (2, 63, 504)
    # A line of one beat takes 3 cycles. 63 beats: 189. The first group's 500 beats are in at 563; then 2 * 504.
    assert work.terms(LOADED)["load"] == 189
    assert work.cycles(LOADED) == 563 + 1_008


def test_units_by_themselves() -> None:
    machine = nv_small()
    pool = unit_layer(UnitPass(64, 15, 15, 7, 7), "pdp", machine.pdp, machine)
    assert pool.terms(WHOLE) == {"pdp": 14_400, "dram": 1_800 + 392, "latency": 174}
    assert [pool.cycles(level) for level in EVERY] == [14_400] * 5 + [14_574]
    # 20 channels are stored as 24. A scale and a shift for each, of 16 bits, are 2 * 6 beats; at a bit a cycle a beat
    # takes 64 cycles.
    slow = nv_small("memories.dram.read_bits_per_cycle=1", "memories.dram.write_bits_per_cycle=1")
    norm = unit_layer(UnitPass(20, 4, 5, 4, 5, vectors=2), "sdp", slow.sdp, slow)
    assert norm.terms(WHOLE) == {"sdp": 480, "dram": 64 * (60 + 12 + 60), "latency": 167}
    assert norm.cycles(WHOLE) == 64 * 132 + 167
    add = unit_layer(UnitPass(20, 4, 5, 4, 5, addends=1), "sdp", machine.sdp, machine, repeats=3)
    assert (add.cycles(WHOLE), add.cycles(LOADED), add.active_cycles(WHOLE)) == (3 * (480 + 172), 3 * 480, 3 * 480)


def drawn(random: Random) -> Row:
    """Each size on its own, small ones often."""

    def size(most: int) -> int:
        return random.randint(1, random.choice((2, 9, most)))

    row = Row(size(300), size(40), size(40), size(300), size(7), size(7), size(30), size(30), 1, 1, 0, 0, 0)
    pool = random.choice((0, 0, 2, 3))
    out = (max(row.P // 2, 1), max(row.Q // 2, 1)) if pool else (row.P, row.Q)
    return row._replace(out_h=out[0], out_w=out[1], pool=pool, bias=random.randint(0, 1), add=random.randint(0, 1))


def as_pass(row: Row) -> ConvolutionPass:
    return ConvolutionPass(*row[:10], vectors=row.bias, addends=row.add, is_pooled=row.pool > 0)


@pytest.mark.parametrize("seed", range(4))
def test_the_published_formulas(seed: int) -> None:
    random = Random(seed)
    for _ in range(150):
        row, rate, latency = drawn(random), random.choice((1, 3, 8, 16, 24, 64)), random.randint(0, 300)
        machine = nv_small(f"memories.dram.read_bits_per_cycle={rate}", f"memories.dram.latency_cycles={latency}")
        work = work_of(as_pass(row), machine)
        found = tuple(work.cycles(level) for level in EVERY)
        assert found == levels(row, Fraction(64, rate), latency), (row, rate)
        assert found[0] <= found[1] <= found[2] <= found[3]
        assert work.cycles(WHOLE) >= work.run_cycles


@pytest.mark.parametrize("pixels", range(1, 70))
def test_the_last_run(pixels: int) -> None:
    assert last_run(ConvolutionPass(1, 1, 1, 1, 1, 1, 1, pixels, 1, pixels), nv_small()) == last(pixels)


def test_other_granules_rates_and_widths() -> None:
    # 16 x 4 granules at 32 MACs a cycle: two cycles a pixel. 20 kernels of 40 channels are 5 groups of 3, 9 pixels.
    conv = {"rate_per_cycle": 32, "granule.input_channels": 16, "granule.output_channels": 4, "element_bits": 16}
    changes = [f"units.conv.{name}={value}" for name, value in conv.items()]
    work = work_of(ConvolutionPass(40, 3, 3, 20, 1, 1, 3, 3, 3, 3), nv_small(*changes))
    assert (work.groups, work.group_cycles, work.group_run_cycles) == (5, 54, 54)
    # An atom of 8 elements of 16 bits is two beats: 5 atoms of 3 lines of 6 beats. 800 weights of 16 bits are 13 blocks
    # of 1,024 bits, 208 beats, a group of 4 kernels 160 / 4 = 40 of them.
    assert (work.load.ifmap_beats, work.load.weight_beats, work.load.group_beats) == (90, 208, 40)
    # Results are 3 atoms of 9 pixels at 11 cycles; an SDP of one element in a cycle would take 216, one pool as much.
    assert work.port_cycles == 297
    faster = nv_small("units.conv.atom_cycles=4")
    assert work_of(ConvolutionPass(40, 3, 3, 20, 1, 1, 3, 3, 3, 3), faster).port_cycles == 216
    slow_pool = nv_small("units.conv.atom_cycles=4", "units.sdp.rate_per_cycle=8")
    pooled = ConvolutionPass(40, 3, 3, 20, 1, 1, 3, 3, 1, 1, is_pooled=True)
    assert work_of(pooled, slow_pool).port_cycles == 216
    assert work_of(pooled._replace(is_pooled=False), slow_pool).port_cycles == 108


def test_what_does_not_come_out_even_is_rounded_up() -> None:
    # Beats of 512 bits: a line of 3 pixels, 64 bits each, is one; an atom of a vector, 8 * 16 bits, is one; 2 blocks of
    # 128 weights are 4, of 192 bytes.
    wide = nv_small("memories.dram.beat_bits=512")
    layer = ConvolutionPass(8, 3, 3, 20, 1, 1, 3, 3, 3, 3, vectors=1)
    assert pass_beats(layer, wide) == (3, 4, 3, 0, 9)
    blocks = nv_small("memories.dram.beat_bits=512", "units.conv.weight_block_bits=192")
    # 1,280 bits of weights are 7 blocks of 192, 1,344 bits.
    assert pass_beats(layer, blocks).weight == 3
    # 27 atoms of 8 through an SDP of 5 elements a cycle and a PDP of 7: 43.2 and 30.9. 27 beats at 7 bits: 246.9.
    uneven = nv_small("units.conv.atom_cycles=0", "units.sdp.rate_per_cycle=5", "memories.dram.write_bits_per_cycle=7")
    assert (work_of(layer, uneven).port_cycles, work_of(layer, uneven).write_cycles) == (44, 247)
    pool = nv_small("units.conv.atom_cycles=0", "units.sdp.rate_per_cycle=99", "units.pdp.rate_per_cycle=7")
    assert work_of(layer._replace(is_pooled=True), pool).port_cycles == 31
    # 3 groups: 44 cycles of results are 15 a group. 9 beats of input, 20 of weights, 8 a group; a line of 3 takes 5.
    assert work_of(layer, uneven._replace(dram=nv_small().dram)).cycles(LOADED) == 2 * 9 + 3 * 15
    element = unit_layer(UnitPass(8, 3, 3, 3, 3), "sdp", uneven.sdp, nv_small())
    assert element.terms(WHOLE)["sdp"] == 15
    # Read at 64 bits a cycle, written at 7.
    one_way = unit_layer(UnitPass(8, 4, 4, 2, 2), "pdp", uneven.pdp, uneven)
    assert one_way.terms(WHOLE)["dram"] == 16 + 37


def test_slow_writes_hold_up_the_results() -> None:
    # 8 kernels, 64 pixels: 64 beats of 64 bits at 2 bits a cycle are 2,048 cycles, the array's 64 and the port's 704.
    layer = ConvolutionPass(8, 8, 8, 8, 1, 1, 8, 8, 8, 8)
    work = work_of(layer, nv_small("memories.dram.write_bits_per_cycle=2"))
    assert work.terms(WHOLE)["write"] == 2_048
    # Levels up to 3 count all traffic as one: 64 + 16 beats read in 80 cycles.
    assert work.terms(PADDED)["dram"] == 64 + 16 + 2_048
    assert work.cycles(LOADED) == work.terms(LOADED)["load"] + 2_048


def test_reads_and_writes_that_share_the_memory() -> None:
    # 64 beats of input, 16 of weights, 512 of an addition and as many of results at 16 cycles; the port's 704 a group.
    layer = ConvolutionPass(8, 8, 8, 64, 1, 1, 8, 8, 8, 8, addends=1)
    rates = ("memories.dram.read_bits_per_cycle=4", "memories.dram.write_bits_per_cycle=4")
    apart, shared = (work_of(layer, nv_small(*rates, *more)) for more in ((), ("memories.dram.shared=true",)))
    traffic = (64 + 64 + 512 + 512) * 16
    assert shared.terms(LOADED) == {**apart.terms(LOADED), "dram": traffic}
    # Apart: the input and as many beats of weights, then the results' 8,192 cycles.
    assert (apart.cycles(LOADED), shared.cycles(LOADED)) == (128 * 16 + 8_192, traffic)
    assert (apart.next_cycles(LOADED, True), shared.next_cycles(LOADED, True)) == (8_192, traffic)
    assert shared.without("dram").cycles(WHOLE) == apart.cycles(WHOLE)
    assert [apart.cycles(level) for level in range(4)] == [shared.cycles(level) for level in range(4)]


def test_every_result_passes_the_sdp() -> None:
    more = nv_small("units.sdp.chained_latency_cycles=9")
    assert work_of(LENET_CONV2, more).cycles(WHOLE) == 34_903 + 9


def as_arrays(machine: Nvdla, columns: dict[str, Any]) -> Nvdla:
    """The machine with arrays in fields, as a sweep has it."""
    parts: dict[str, Any] = {name: _open(part) for name, part in machine._asdict().items()}
    for path, values in columns.items():
        *places, field = path.split(".")
        here: Any = SimpleNamespace(**parts)
        for place in places:
            here = getattr(here, place)
        setattr(here, field, values)
    return cast("Nvdla", machine._replace(**parts))


def _open(part: Any) -> Any:
    if not isinstance(part, Frozen):
        return part
    return SimpleNamespace(**{each.name: _open(getattr(part, each.name)) for each in fields(type(part))})


SWEPT: dict[str, tuple[int, ...]] = {
    "conv.rate_per_cycle": (16, 64, 100),
    "conv.granule.input_channels": (4, 8, 32),
    "conv.granule.output_channels": (1, 8, 32),
    "conv.atom_cycles": (0, 5, 11),
    "conv.min_run_cycles": (1, 8),
    "cbuf.capacity_bits": (0, 1 << 14, 1 << 17, 1 << 20),
    "cbuf.banks": (4, 32),
    "dram.read_bits_per_cycle": (3, 16, 64),
    "dram.write_bits_per_cycle": (2, 64),
    "dram.latency_cycles": (0, 77),
}


@pytest.mark.parametrize("seed", range(3))
def test_arrays_are_machines_one_by_one(seed: int) -> None:
    random = Random(seed)
    choices = [{path: random.choice(values) for path, values in SWEPT.items()} for _ in range(40)]
    columns = {path: np.array([each[path] for each in choices]) for path in SWEPT}
    paths = {path: f"{'memories' if path.startswith(('cbuf', 'dram')) else 'units'}.{path}" for path in SWEPT}
    for _ in range(3):
        layer, windows = as_pass(drawn(random)), Windows(random.randint(1, 3))
        repeats = random.randint(1, 3)
        many = convolution_layer(layer, windows, as_arrays(nv_small(), columns), repeats)
        for place, chosen in enumerate(choices):
            one = convolution_layer(
                layer, windows, nv_small(*(f"{paths[path]}={value}" for path, value in chosen.items())), repeats
            )
            assert _at(many.fits, place) == one.fits
            if one.fits:
                assert one.cycles(0) <= one.cycles(1) <= one.cycles(2) <= one.cycles(3)
                assert one.active_cycles(WHOLE) <= one.cycles(WHOLE)
            assert [_at(many.cycles(level), place) for level in EVERY] == [one.cycles(level) for level in EVERY]
            assert [_at(each, place) for each in many.beats] == list(one.beats)
            assert _terms(many, place) == one.terms(WHOLE)


def _terms(layer: HardwareLayer, place: int) -> dict[str, int]:
    return {name: _at(cycles, place) for name, cycles in layer.terms(WHOLE).items()}


def _at(numbers: Any, place: int) -> int:
    return int(np.broadcast_to(numbers, 40)[place])


def test_arithmetic_without_branches() -> None:
    assert (larger(3, 5, 4), larger(5, 3), smaller(3, 5, 2), smaller(3, 5)) == (5, 5, 2, 3)
    assert (choose(True, 7, 2), choose(False, 7, 2)) == (7, 2)
