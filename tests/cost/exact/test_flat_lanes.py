"""One tiling of a vector program priced by whole numbers alone, and its ladder climbed: what the classes say."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from simdc.cost import ExactModel, Hardware, Tiling, TilingError, with_field
from simdc.cost.exact.flat_lanes import FlatProgram, flat_program
from simdc.cost.exact.tiled import tile_once
from simdc.cost.exact.vector import TiledProgram
from simdc.cost.flat import climb, core, lane_best, lane_groups, lanes, program, tiles
from simdc.cost.flat import lane_ladder as filled
from simdc.cost.flat import lane_rungs as at
from simdc.cost.grid import stored_bounds
from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.cost.ladder.lanes import LaneLadders, flat_cheapest
from simdc.cost.ladder.vectors import VectorLadder, VectorRungs
from simdc.cost.rule import GENESYS
from simdc.frozen import evolve
from tests.cost.machines import small_machine
from tests.oracles.channels import random_channels, with_channels
from tests.oracles.core_forms import CHECKED
from tests.oracles.random_layers import random_machine, random_tiling
from tests.oracles.random_programs import random_program
from tests.oracles.tight_machines import tight_machine

MODEL = ExactModel()


def options(random: Random, machine: Hardware) -> Hardware:
    """All that the core knows of lanes, each drawn apart."""
    simd = evolve(
        machine.simd,
        issue=random.choice(("interleaved", "fission")),
        double_buffered=random.random() < 0.5,
        tile_overhead_cycles=random.choice((0, 7, 20)),
    )
    machine = evolve(machine, simd=simd, stores_padding=True)
    return with_channels(machine, random_channels(random)) if random.random() < 0.3 else machine


def cases(random: Random, count: int) -> Iterator[tuple[VectorProgram, Tiling, Hardware]]:
    for _ in range(count):
        kernel = random_program(random)
        yield kernel, random_tiling(random, kernel, 500), options(random, random_machine(random))


def known(kernel: VectorProgram, machine: Hardware) -> FlatProgram:
    flat = flat_program(kernel, machine, GENESYS)
    assert flat is not None
    return flat


def check_equal(form: core.CoreForm, count: int, seed: int, patch: pytest.MonkeyPatch) -> None:
    compared = 0
    patch.setattr(core, "COMPILED", form)
    for kernel, tiling, machine in cases(Random(seed), count):
        flat = known(kernel, machine)
        tiled, found = tile_once(kernel, *tiling, machine), flat.price_one(*tiling)
        assert isinstance(tiled, TiledProgram)
        assert (found is None) == (tiled.fault() is not None)
        if found is not None:
            assert flat.cost(found) == tiled.cost(), (kernel, tiling, machine)
            assert flat.needs(found) == list(tiled.needs())
            assert found[lanes.ALL_BITS] == tiled.cost().dram_bits.total
            compared += 1
    assert compared > count // 2


@pytest.mark.parametrize("seed", range(4))
def test_is_what_the_classes_say(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_equal(CHECKED, 60, seed, monkeypatch)


def test_compiled_is_what_the_classes_say(compiled: core.CoreForm, monkeypatch: pytest.MonkeyPatch) -> None:
    check_equal(compiled, 300, 77, monkeypatch)


def mean(h: str = "h") -> VectorProgram:
    """y[c] = sum over h of x[c, h], then times 0.5: 8 channels, 10 rows, 8 bits each."""
    x = Operand("x", 8, (8, 10), (affine("c"), affine(h)))
    y = Operand("y", 8, (8,), (affine("c"),))
    add = CodeBlock(("c", h), (Instruction("add", "y", ("y", "x")),))
    scale = CodeBlock(("c",), (Instruction("mul", "y", ("y", 0.5)),))
    return VectorProgram("mean", (LoopNest((Loop("c", 8), Loop(h, 10)), (x,), (y,), (add, scale)),))


def lanes_of(**fields: object) -> Hardware:
    """4 lanes, a port of 16 bits, instructions of one cycle that wait for 2, tiles of 6 - 1 + 4 - 1 = 8 cycles more."""
    simd = evolve(small_machine().simd, lanes=4, bandwidth_bits_per_cycle=16, **fields)
    return evolve(small_machine(), simd=simd, stores_padding=True)


def test_with_a_pencil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 4 channels and 5 rows, rows outside: 4 tiles, of which the last two add to what the first two began.
    Each loads 160 bits in 10 cycles and stores 32 in 2; two results come back, 2 cycles each: 52 of the port. Code: 20
    issues of add, 2 of mul, 4 tiles with 8 cycles of fill: 54. Each tile has one vector of sums: of 5 issues 4 wait,
    and mul waits for the last add where it runs: (4 * 4 + 2) * 2 = 36. 90 cycles of compute, 142 in all."""
    machine = lanes_of()
    assert (machine.simd.pipeline_stages, machine.simd.raw_wait_cycles) == (6, 2)
    monkeypatch.setattr(core, "COMPILED", CHECKED)
    flat = known(mean(), machine)
    found = flat.price_one(("h", "c"), (5, 4))
    assert found is not None
    cost = flat.cost(found)
    assert (found[tiles.TOTAL], cost.cycles.compute, cost.busy.simd_port) == (142, 90, 52)
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (4 * 160 + 2 * 32, 4 * 32)
    # 160 bits of x, 32 of y.
    assert found[lanes.NEEDS] == 192
    # Each add reads two and writes one of 8 bits, each mul reads one beside the number: 20 * 24 + 2 * 16 on 4 lanes.
    assert cost.sram_bits.vmem == 4 * (20 * 24 + 2 * 16)
    assert cost.sram_bits.imm == 2 * machine.simd.width_bits


def test_halves_of_the_memory_with_a_pencil(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tiles, each with 8 of fill, 5 adds and 4 waits of 2: 21 cycles, the last two with a mul 24. Beside the
    first the second loads for 10. Beside the second results leave for 2, the third loads for 10 and its result for 2;
    as long beside the third; beside the last results leave for 2: 10 + 14 + 14 + 2 = 40 of 52 are hidden."""
    monkeypatch.setattr(core, "COMPILED", CHECKED)
    flat = known(mean(), lanes_of(double_buffered=True))
    found = flat.price_one(("h", "c"), (5, 4))
    assert found is not None
    assert (found[tiles.TOTAL], found[tiles.COMPUTE]) == (142 - 40, 90)


def test_loops_of_one_instruction_are_set_up_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """4 tiles of add and 2 of mul, 20 cycles each. Nothing waits: 22 issues, 4 * 8 of fill, 6 * 20."""
    monkeypatch.setattr(core, "COMPILED", CHECKED)
    flat = known(mean(), lanes_of(issue="fission", tile_overhead_cycles=20))
    found = flat.price_one(("h", "c"), (5, 4))
    assert found is not None
    assert found[tiles.COMPUTE] == 22 + 32 + 120


def test_what_a_cut_has_of_an_operand() -> None:
    """x[c + k, h] with 3 places k whole and 10 rows in tiles of 4: with n channels (2 + n) * 4 elements, 8 and 4 for
    each; in m tiles along 8 channels all have (8 + 2 * m) * 10."""
    x = Operand("x", 8, (10, 10), (affine("c", "k"), affine("h")))
    y = Operand("y", 8, (8, 10), (affine("c"), affine("h")))
    block = CodeBlock(("c", "h", "k"), (Instruction("max", "y", ("y", "x")),))
    nest = LoopNest((Loop("c", 8), Loop("h", 10), Loop("k", 3)), (x,), (y,), (block,))
    flat = known(VectorProgram("window", (nest,)), lanes_of())
    ladder, found = [0] * filled.LANE_LADDER, [0] * 4
    ladder[filled.LANE_LOOP] = 0
    touched = [*ladder, *found]
    at.touch_operand(touched, flat.plan, 0, [4, 4, 3], filled.LANE_LADDER)
    assert touched[filled.LANE_LADDER :] == [8, 4, 80, 20]


def test_the_first_step_that_fits() -> None:
    """Steps of 8 and 4 channels; 10 rows of 8 bits and a result of 8: 88 bits a channel."""
    kernel = mean()
    for limit, step in ((704, 0), (703, 1), (352, 1), (351, 2)):
        flat = known(kernel, lanes_of(vmem_bits=limit))
        ladder = LaneLadders(flat.shape).on(core.PLAIN, flat)
        assert (ladder[filled.LANE_STEPS], ladder[ladder[filled.STEP_SIZES] :][:2]) == (2, [8, 4])
        assert at.fits_from(ladder, flat.plan, [0, 0, limit], 0, 0, [0, 0]) == step


def check_cuts(form: core.CoreForm, count: int, seed: int) -> None:
    """Sizes and numbers of tiles of all rungs, in their order."""
    random = Random(seed)
    for _ in range(count):
        kernel, machine = random_program(random), options(random, random_machine(random))
        most = random.choice((1, 7, 1000))
        grown = {loop: bound * random.randint(1, most) for loop, bound in kernel.bounds.items()}
        kernel = kernel._replace(
            nests=tuple(nest._replace(loops=tuple(Loop(n, grown[n]) for n, _ in nest.loops)) for nest in kernel.nests)
        )
        flat, bounds = known(kernel, machine), stored_bounds(kernel, machine)
        classes = VectorLadder(kernel, bounds, machine.simd.lanes, clip=False)
        ladder, sizes = LaneLadders(flat.shape).on(form, flat), [0] * len(bounds)
        assert ladder[filled.PROGRAM_CUTS] == len(classes.cuts)
        assert ladder[filled.LANE_STEPS] == len(classes.lanes)
        for number in random.sample(range(len(classes.cuts)), min(40, len(classes.cuts))):
            cut, step = classes.cuts[number], random.randrange(len(classes.lanes))
            at.cut_sizes(ladder, flat.plan, number, step, sizes)
            expected = {**cut.sizes, kernel.lanes: classes.lanes[step]}
            assert dict(zip(flat.shape.loops, sizes, strict=True)) == expected
            along = classes.counts[step]
            assert filled.tiles_of_cut(ladder, flat.plan, number, along) == cut.fixed_tiles + cut.lane_tiles * along


@pytest.mark.parametrize("seed", range(3))
def test_cuts_are_those_of_the_classes(seed: int) -> None:
    check_cuts(CHECKED, 20, seed)


def test_compiled_cuts_are_too(compiled: core.CoreForm) -> None:
    check_cuts(compiled, 60, 60)


def test_cuts_with_a_pencil() -> None:
    """10 rows in 1, 2, 3, 4 and 5 parts are 10, 5, 4, 3 and 2, in 6 to 8 they are 2, too, and in 10 single: 6 ways.
    8 channels on 4 lanes in one part or two. Tiles of 4 rows and 4 channels: 3 * 2."""
    flat = known(mean(), lanes_of())
    ladder = LaneLadders(flat.shape).on(CHECKED, flat)
    assert (ladder[filled.PROGRAM_CUTS], ladder[filled.LANE_STEPS]) == (6, 2)
    found: list[int] = []
    for cut in range(6):
        sizes = [0, 0]
        at.cut_sizes(ladder, flat.plan, cut, 1, sizes)
        assert sizes[0] == 4
        found.append(sizes[1])
    assert found == [10, 5, 4, 3, 2, 1]
    assert filled.tiles_of_cut(ladder, flat.plan, 2, 2) == 6


@pytest.mark.parametrize("seed", range(3))
def test_a_ladder_that_is_filled_anew_knows_nothing_of_before(seed: int) -> None:
    """What cuts touch depends on lanes: a place holds it for one number of these, and only until the next filling."""
    random = Random(seed)
    for _ in range(10):
        kernel = random_program(random)
        flat = known(kernel, options(random, random_machine(random)))
        fresh = LaneLadders(flat.shape).on(core.PLAIN, flat)
        # A one at a place says that it holds the first cut.
        used, sizes = [1] * len(fresh), [0] * len(flat.shape.loops)
        assert core.PLAIN.fill_lanes(flat.plan, LaneLadders(flat.shape).sides, used) <= len(fresh)
        row = at.know_cut(used, flat.plan, 0, sizes)
        assert row == at.know_cut(fresh, flat.plan, 0, sizes)
        assert used[row : row + fresh[filled.KNOWN_CUT]] == fresh[row : row + fresh[filled.KNOWN_CUT]]


def test_a_group_of_cuts_with_a_pencil() -> None:
    """y[c, h] = max over k of x[c, h + k]: 8 channels in lanes of 4, 10 rows, 3 places, 8 bits each. One place at a
    time: 3 tiles, and 8 * 10 elements of y. Of x, rows whole, each place has 10 rows: 8 * 30. On 16 bits a cycle 120
    and 40, code of 60 issues and 3 tiles of 8 cycles: 244. Rows in any parts have 10 positions at least: 164."""
    x = Operand("x", 8, (8, 12), (affine("c"), affine("h", "k")))
    y = Operand("y", 8, (8, 10), (affine("c"), affine("h")))
    block = CodeBlock(("c", "h", "k"), (Instruction("max", "y", ("y", "x")),))
    nest = LoopNest((Loop("c", 8), Loop("h", 10), Loop("k", 3)), (x,), (y,), (block,))
    flat = known(VectorProgram("window", (nest,)), lanes_of())
    ladder, on, sizes = LaneLadders(flat.shape).on(core.PLAIN, flat), [0, 0, 10**6], [0] * 3
    at.least_of_program(flat.plan, on)
    cut = ladder[filled.PROGRAM_CUTS] // 3 * 2
    assert [lane_groups.least_of_group(ladder, flat.plan, on, cut, sides, sizes) for sides in (1, 2)] == [164, 244]
    at.cut_sizes(ladder, flat.plan, cut, 0, sizes)
    assert sizes == [8, 10, 1]


def test_what_a_group_moves_is_known_of_that_group_alone() -> None:
    """More groups than there are places for, and the same ones on a port that is half as wide."""
    x = Operand("x", 8, (8, 129), (affine("c"), affine("h", "k")))
    y = Operand("y", 8, (8, 100), (affine("c"), affine("h")))
    block = CodeBlock(("c", "h", "k"), (Instruction("max", "y", ("y", "x")),))
    nest = LoopNest((Loop("c", 8), Loop("h", 100), Loop("k", 30)), (x,), (y,), (block,))
    moved, ladder = list[list[int]](), list[int]()
    for machine in (lanes_of(), with_field(lanes_of(), "simd.bandwidth_bits_per_cycle", 8)):
        flat = known(VectorProgram("window", (nest,)), machine)
        ladder, sizes = ladder or LaneLadders(flat.shape).on(core.PLAIN, flat), [0] * 3
        groups = ladder[filled.SIDE_WAYS] * ladder[filled.SIDE_WAYS + 1]
        assert groups > 2 * filled.MOST_KNOWN
        waiting = [0] * (climb.HEAP + (1 + climb.ENTRY) * groups)
        lane_best.begin_cuts(ladder, flat.plan, [0, 0, 10**6], waiting, groups, sizes)
        cuts = [ladder[filled.SIDE_WAYS + 2] * Random(group).randrange(groups) for group in range(1000)]
        moved.append([lane_groups.moved_alike(ladder, flat.plan, cut, sizes) for cut in cuts])
        assert moved[-1] == [lane_groups.moved_by_group(ladder, flat.plan, cut, 2, sizes) for cut in cuts]
    assert moved[0] != moved[1]


def check_groups(form: core.CoreForm, count: int, seed: int) -> None:
    """No rung of a group is said to take less, or takes less, than the group."""
    random, compared = Random(seed), 0
    for number in range(count):
        kernel = random_program(random)
        machine = tight_machine(random, kernel) if number % 2 else random_machine(random)
        flat = known(kernel, options(random, machine))
        plan, ladder, on = flat.plan, LaneLadders(flat.shape).on(form, flat), [0, 0, flat.limit_bits]
        at.least_of_program(plan, on)
        _, images, others = ladder[filled.SIDE_WAYS : filled.SIDE_WAYS + 3]
        for _ in range(20):
            cut, step = random.randrange(ladder[filled.PROGRAM_CUTS]), random.randrange(ladder[filled.LANE_STEPS])
            sizes, found = [0] * len(flat.shape.loops), [0]
            bound = at.least_of_step(ladder, plan, on, cut, step, sizes, found, 0)
            at.cut_sizes(ladder, plan, cut, step, sizes)
            priced = flat.price_one(tuple(flat.shape.loops), tuple(sizes))
            for sides, same in ((1, images * others), (2, others), (3, 1)):
                first = cut - cut % same if sides < 3 else cut - random.randint(0, cut % others)
                least = lane_groups.least_of_group(ladder, plan, on, first, sides, sizes)
                assert least <= bound
                assert priced is None or least <= priced[tiles.TOTAL]
                compared += priced is not None
    assert compared > 20 * count


@pytest.mark.parametrize("seed", range(3))
def test_no_rung_takes_less_than_its_group(seed: int) -> None:
    check_groups(core.PLAIN, 15, seed)


def test_the_first_cut_that_fits() -> None:
    """What is no row of an image in 6 ways: tiles of 10, 5, 4, 3, 2, 1 need 8 bits for each of these, and 8 for the
    result, on each of 4 lanes."""
    for limit, first in ((352, 0), (351, 1), (192, 1), (191, 2), (159, 3), (127, 4), (95, 5), (63, -1)):
        flat = known(mean("b"), lanes_of(vmem_bits=limit))
        ladder = LaneLadders(flat.shape).on(core.PLAIN, flat)
        # Wherever it is looked for first.
        for place in (*range(6), 100):
            ladder[filled.LAST_FITTING] = place
            assert lane_groups.first_that_fits(ladder, flat.plan, [0, 0, limit], 0, [0, 0]) == first
            assert ladder[filled.LAST_FITTING] == (place if first < 0 else first)
            for later in range(first + 1, 6):
                assert lane_groups.first_that_fits(ladder, flat.plan, [0, 0, limit], later, [0, 0]) == (
                    later if first >= 0 else -1
                )


def check_ladders(form: core.CoreForm, count: int, seed: int, patch: pytest.MonkeyPatch) -> None:
    random, found = Random(seed), 0
    patch.setattr(core, "COMPILED", form)
    for number in range(count):
        kernel = random_program(random)
        machine = tight_machine(random, kernel) if number % 2 else random_machine(random)
        machine = options(random, machine)
        flat = known(kernel, machine)
        expected = VectorRungs(kernel, machine, GENESYS).cheapest()
        assert flat_cheapest(flat) == expected
        found += expected is not None
    assert found > count // 2


@pytest.mark.parametrize("seed", range(4))
def test_climbs_to_the_rung_that_is_cheapest(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_ladders(CHECKED, 25, seed, monkeypatch)


def test_compiled_climbs_to_it_too(compiled: core.CoreForm, monkeypatch: pytest.MonkeyPatch) -> None:
    check_ladders(compiled, 120, 50, monkeypatch)


def test_a_heap_without_room_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(4)
    for _ in range(10):
        kernel = random_program(random)
        machine = evolve(tight_machine(random, kernel), stores_padding=True)
        flat = known(kernel, machine)
        ladders = LaneLadders(flat.shape)
        ladders.room = 0
        expected = VectorRungs(kernel, machine, GENESYS).cheapest()
        assert ladders.cheapest(CHECKED, flat) == expected


def test_numbers_beyond_64_bits_are_exact(compiled: core.CoreForm, monkeypatch: pytest.MonkeyPatch) -> None:
    random, beyond = Random(5), 0
    monkeypatch.setattr(core, "COMPILED", compiled)
    for kernel, tiling, machine in cases(random, 150):
        grown = {loop: bound * 2 ** random.randrange(18) for loop, bound in kernel.bounds.items()}
        nests = [
            nest._replace(loops=tuple(Loop(loop.name, grown[loop.name]) for loop in nest.loops))
            for nest in kernel.nests
        ]
        kernel = kernel._replace(nests=tuple(nests))
        flat = known(kernel, machine)
        found, tiled = flat.price_one(*tiling), tile_once(kernel, *tiling, machine)
        if found is not None:
            assert flat.cost(found) == tiled.cost()
            beyond += max(tiled.cost().sram_bits) >= 2**63
    assert beyond > 10


def test_what_is_refused_is_refused_in_the_same_words() -> None:
    random, refused = Random(8), 0
    for kernel, tiling, _ in cases(random, 60):
        machine = evolve(tight_machine(random, kernel), stores_padding=True)
        said: list[str] = []
        for ask in (MODEL.evaluate, MODEL.account):
            try:
                ask(kernel, tiling, machine)
            except TilingError as error:
                said.append(str(error))
        assert len(said) in (0, 2)
        assert len(set(said)) < 2
        refused += bool(said)
    assert refused > 10


@pytest.mark.parametrize(
    ("path", "value"),
    [("stores_padding", False), ("dram.burst_bits", 64), ("dram.request_cycles", 3), ("dram.latency_cycles", 5)],
)
def test_what_the_classes_alone_know(path: str, value: object) -> None:
    assert flat_program(mean(), with_field(lanes_of(), path, value), GENESYS) is None
    # What contractions feel is no matter to lanes.
    assert flat_program(mean(), with_field(lanes_of(), "systolic.hazard", "refuse"), GENESYS) is not None


def test_programs_that_the_classes_alone_know() -> None:
    nest = mean().nests[0]
    x = nest.inputs[0]
    diagonal = nest._replace(inputs=(x._replace(shape=(8, 10, 10), index=(*x.index, affine("h"))),))
    assert flat_program(VectorProgram("diagonal", (diagonal,)), lanes_of(), GENESYS) is None
    assert flat_program(VectorProgram("many", (nest,) * program.MOST_NESTS), lanes_of(), GENESYS) is not None
    assert flat_program(VectorProgram("more", (nest,) * (program.MOST_NESTS + 1)), lanes_of(), GENESYS) is None
    blocks = nest.blocks[:1] * program.MOST_BLOCKS
    assert flat_program(VectorProgram("long", (nest._replace(blocks=blocks),)), lanes_of(), GENESYS) is not None
    longer = nest._replace(blocks=(*blocks, blocks[0]))
    assert flat_program(VectorProgram("longer", (longer,)), lanes_of(), GENESYS) is None


def test_the_last_machine_is_remembered_and_no_other() -> None:
    kernel, one, other = mean(), lanes_of(), lanes_of(vmem_bits=1000)
    assert known(kernel, one) is known(kernel, one)
    assert known(kernel, other).hardware is other
    assert known(kernel, one).hardware is one


def test_too_many_loops_cut_beside_each_other_are_left_to_the_classes() -> None:
    """6 loops of 5 tiles are 5 ** 6 kinds of tiles, more than are looked at one by one."""
    names = [f"l{number}" for number in range(6)]
    loops, index = tuple(Loop(name, 5) for name in names), tuple(affine(name) for name in names)
    x, y = (Operand(name, 8, (5,) * 6, index) for name in "xy")
    nest = LoopNest(loops, (x,), (y,), (CodeBlock(tuple(names), (Instruction("move", "y", ("x",)),)),))
    kernel, sizes = VectorProgram("six", (nest,), names[0]), (1,) * 6
    assert known(kernel, lanes_of()).price_one(names, sizes) is not None
    halves = lanes_of(double_buffered=True)
    assert known(kernel, halves).price_one(names, sizes) is None
    assert MODEL.evaluate(kernel, Tiling(tuple(names), sizes), halves) == tile_once(kernel, names, sizes, halves).cost()
