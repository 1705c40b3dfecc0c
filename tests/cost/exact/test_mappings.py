"""Loops that share the rows of the array, and groups side by side: by hand, and against two simulators."""

from __future__ import annotations

from math import inf, prod
from random import Random

import numpy as np
import pytest

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, Hardware, TilingError
from simdc.cost.array_kernel import mapped, mappings_of
from simdc.cost.axis import ONE
from simdc.cost.exact.contraction import TiledContraction
from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.cost.ladder import ladder_tiling
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.ladder.climb import Rail
from simdc.cost.rule import GENESYS
from simdc.cost.schedules import bound_many, evaluate_many
from simdc.cost.search import objective_for, search
from simdc.cost.search.relaxed import Relaxed
from simdc.cost.spread import spread_of
from simdc.cost.tiling import Tiling, loop_bounds
from simdc.cost.wellformed import KernelError
from simdc.frozen import evolve
from tests.cost.machines import row_convolution, schedule, small_machine
from tests.oracles.event_simulator import play
from tests.oracles.random_layers import random_contraction, random_tiling
from tests.oracles.random_mappings import able, mapped_cases, randomly_mapped
from tests.oracles.tight_machines import tight_machine

EXACT = ExactModel()


def cut(kernel: Contraction, tiling: Tiling, machine: Hardware) -> TiledContraction:
    return TiledContraction.cut(kernel, *tiling, machine, ONE, GENESYS)


def groups_in_a_row(groups: int, *, ic: int = 1, oc: int = 1, ow: int = 1) -> Contraction:
    """A 1x1 convolution in groups over an image of one row."""
    bounds = {"g": groups, "oc": oc, "ic": ic, "ow": ow}
    names = {"ifmap": ("g", "ic", "ow"), "weight": ("g", "oc", "ic"), "psum": ("g", "oc", "ow")}
    ifmap, weight, psum = (
        Operand(name, 32 if name == "psum" else 8, tuple(bounds[loop] for loop in index), tuple(map(affine, index)))
        for name, index in names.items()
    )
    return Contraction("conv2d", tuple(Loop(*each) for each in bounds.items()), ifmap, weight, psum, 8)


def test_a_window_on_the_rows_by_hand() -> None:
    """3 channels and a window of 5 are 15 rows on 4: 4 passes for each of 6 positions, where a pass for each place of
    the window would be 5. On 2 columns 3 output channels are 2 passes.

    Window in tiles of 2, 2, 1: 6, 6 and 3 rows, 2 + 2 + 1 = 5 passes. Sums begin in the first tile: 2 passes along the
    columns, 6 positions."""
    machine = able(small_machine())
    machine = evolve(machine, systolic=evolve(machine.systolic, rows=4))
    kernel = mapped(row_convolution(ic=3, oc=3, ow=6, kw=5), ("window",))
    whole = EXACT.evaluate(kernel, schedule("oc ic kw ow", oc=3, ic=3, kw=5, ow=6), machine)
    assert whole.cycles.compute == 4 * 2 * 6 + (3 + 1)
    assert dict(whole.ops) == {"mac": 3 * 3 * 5 * 6, "mac_executed": 4 * 2 * 6 * 8}
    cut = EXACT.evaluate(kernel, schedule("oc ic kw ow", oc=3, ic=3, kw=2, ow=6), machine)
    steps = 5 * 2 * 6
    assert cut.cycles.compute == steps + 3 * (3 + 1)
    # Each step reads 4 x 2 weights and 4 inputs and writes 2 psums; all but the 2 * 6 first ones read 2 psums.
    assert cut.sram_bits == (steps * 8 * 8, steps * 4 * 8, (2 * steps - 12) * 2 * 32, 0, 0, 0, 0)
    # Three channels stay three in DRAM where padding is stored: 15 rows are no whole number of arrays.
    stored = evolve(machine, stores_padding=True)
    assert EXACT.evaluate(kernel, schedule("oc ic kw ow", oc=3, ic=3, kw=5, ow=6), stored).dram_bits.ifmap == 3 * 10 * 8


def test_groups_side_by_side_by_hand() -> None:
    """Groups of 2 input channels and 1 output channel on 7 x 2 PEs: min(7 // 2, 2 // 1) = 2 at once, 5 groups in 3
    passes of 4 positions. In tiles of 1 input channel 2 at once still, as there are 2 columns."""
    machine = able(small_machine())
    machine = evolve(machine, systolic=evolve(machine.systolic, rows=7))
    kernel = mapped(groups_in_a_row(5, ic=2, ow=4), ("packed",))
    whole = EXACT.evaluate(kernel, schedule("g oc ic ow", g=5, ic=2, ow=4), machine)
    assert whole.cycles.compute == 3 * 4 + (6 + 1)
    # All steps begin sums, so no psum is read: 2 written in each.
    assert whole.sram_bits.obuf == 12 * 2 * 32
    # In tiles of 3 and 2 groups: 2 passes and 1, the same steps.
    parts = EXACT.evaluate(kernel, schedule("g oc ic ow", g=3, ic=2, ow=4), machine)
    assert parts.cycles.compute == 3 * 4 + 2 * 7
    # 8 input channels on 7 rows leave room for no second group: 2 passes for each of 5.
    wide = mapped(groups_in_a_row(5, ic=8, ow=4), ("packed",))
    assert EXACT.evaluate(wide, schedule("g oc ic ow", g=5, ic=8, ow=4), machine).cycles.compute == 10 * 4 + 7


def flowing(dataflow: str, rows: int) -> Hardware:
    machine = small_machine()
    return evolve(machine, systolic=evolve(machine.systolic, rows=rows, dataflow=dataflow, row_mapping="window"))


def test_results_that_stay_by_hand() -> None:
    """6 positions on 4 rows and 3 output channels on 2 columns: 4 passes. In each of them 3 channels and a window of 5
    are added up, 15 steps. A step reads a weight for each column and an input for each row, the 8 sums of a pass are
    written once: 4 times. With the window in tiles of 3 and 2 they are written in both and read in the second."""
    kernel, machine = row_convolution(ic=3, oc=3, ow=6, kw=5, bias=True), flowing("output_stationary", 4)
    whole = EXACT.evaluate(kernel, schedule("oc ic ow kw", oc=3, ic=3, kw=5, ow=6), machine)
    assert whole.cycles.compute == 4 * 15 + (3 + 1)
    assert whole.sram_bits == (60 * 2 * 8, 60 * 4 * 8, 4 * 8 * 32, 4 * 2 * 32, 0, 0, 0)
    cut_window = EXACT.evaluate(kernel, schedule("oc ic ow kw", oc=3, ic=3, kw=3, ow=6), machine)
    assert cut_window.cycles.compute == 4 * 15 + 2 * (3 + 1)
    assert cut_window.sram_bits.obuf == (2 * 8 - 4) * 8 * 32
    assert cut_window.dram_bits.psum == 0
    # Output channels alone lie along a side of the array: 3 are stored as 4, input channels stay 3.
    stored = EXACT.evaluate(
        kernel, schedule("oc ic ow kw", oc=3, ic=3, kw=5, ow=6), evolve(machine, stores_padding=True)
    )
    assert (stored.dram_bits.ifmap, stored.dram_bits.ofmap) == (3 * 10 * 8, 4 * 6 * 8)


def test_inputs_that_stay_by_hand() -> None:
    """3 input channels on 4 rows, 6 positions on 2 columns: 3 passes, each for 3 output channels and 5 places of the
    window: 45 steps. A step reads an input for each PE and a weight for each row. The first of 5 places begins sums: 3
    passes, 3 output channels, one number of bias each. 15 rows take 4 passes of 4: 3 * 4 * 3 steps."""
    kernel, machine = row_convolution(ic=3, oc=3, ow=6, kw=5, bias=True), flowing("input_stationary", 4)
    tiling = schedule("oc ic kw ow", oc=3, ic=3, kw=5, ow=6)
    usual = EXACT.evaluate(kernel, tiling, machine)
    assert usual.cycles.compute == 45 + (3 + 1)
    assert usual.sram_bits == (45 * 4 * 8, 45 * 8 * 8, (2 * 45 - 9) * 2 * 32, 9 * 32, 0, 0, 0)
    window = EXACT.evaluate(mapped(kernel, ("window",)), tiling, machine)
    assert window.cycles.compute == 36 + (3 + 1)


@pytest.mark.parametrize(
    ("dataflow", "passes", "steps"),
    [
        ("weight_stationary", 36 * 4, 36 * 4 * 3136),
        ("output_stationary", 196 * 4, 196 * 4 * 576),
        ("input_stationary", 36 * 196, 36 * 196 * 64),
    ],
)
def test_folds_of_a_convolution_in_three_dataflows(dataflow: str, passes: int, steps: int) -> None:
    """64 to 64 channels, 3x3, 56 x 56 positions on 16 x 16 PEs, as SCALE-Sim has them: 576 rows of weights and 64
    columns; 3,136 rows of results and 64 columns; 576 rows of inputs and 3,136 columns. What goes by in a fold: 3,136
    positions, 576 products, 64 output channels."""
    bounds = {"oc": 64, "ic": 64, "kh": 3, "kw": 3, "oh": 56, "ow": 56}
    kernel = Contraction(
        "conv2d",
        tuple(Loop(*each) for each in bounds.items()),
        Operand("ifmap", 8, (64, 58, 58), (affine("ic"), affine("oh", "kh"), affine("ow", "kw"))),
        Operand("weight", 8, (64, 64, 3, 3), tuple(map(affine, ("oc", "ic", "kh", "kw")))),
        Operand("psum", 32, (64, 56, 56), tuple(map(affine, ("oc", "oh", "ow")))),
        8,
    )
    machine = flowing(dataflow, 16)
    machine = evolve(machine, systolic=evolve(machine.systolic, columns=16))
    chosen = mapped(kernel, ("window",) if dataflow != "output_stationary" else ())
    spread = spread_of(chosen, machine.systolic)
    assert spread.passes(bounds) == passes
    whole = Tiling(tuple(bounds), tuple(bounds.values()))
    assert EXACT.evaluate(chosen, whole, machine).cycles.compute == steps + 30


SCALE_SIM = [
    # Positions and window along a side, input and output channels; cycles as version 3.0.0 reports them, one less than
    # it takes: output stationary, input stationary.
    (8, 1, 16, 16, 183, 247),
    (8, 1, 24, 40, 647, 687),
    (6, 3, 16, 32, 1043, 2105),
    (8, 3, 8, 20, 815, 1319),
    (1, 7, 4, 48, 677, 1221),
    (16, 1, 64, 64, 6015, 7039),
    (7, 3, 16, 17, 1391, 2267),
    (5, 2, 31, 5, 307, 815),
]


@pytest.mark.parametrize(("size", "window", "ic", "oc", "output", "inputs"), SCALE_SIM)
def test_scale_sim_has_as_many_steps(size: int, window: int, ic: int, oc: int, output: int, inputs: int) -> None:
    """Its folds on 16 x 16 PEs take 30 cycles more than what goes by, and 16 more where inputs are put in before."""
    bounds = {"oc": oc, "ic": ic, "kh": window, "kw": window, "oh": size, "ow": size}
    kernel = Contraction(
        "conv2d",
        tuple(Loop(*each) for each in bounds.items()),
        Operand("ifmap", 8, (ic, *(size + window - 1,) * 2), (affine("ic"), affine("oh", "kh"), affine("ow", "kw"))),
        Operand("weight", 8, (oc, ic, window, window), tuple(map(affine, ("oc", "ic", "kh", "kw")))),
        Operand("psum", 32, (oc, size, size), tuple(map(affine, ("oc", "oh", "ow")))),
        8,
    )
    whole = Tiling(tuple(bounds), tuple(bounds.values()))
    for dataflow, goes_by, more, cycles in (("output", ic * window**2, 30, output), ("input", oc, 46, inputs)):
        machine = flowing(f"{dataflow}_stationary", 16)
        machine = evolve(machine, systolic=evolve(machine.systolic, columns=16))
        chosen = mapped(kernel, ("window",) if dataflow == "input" and window > 1 else ())
        steps = EXACT.evaluate(chosen, whole, machine).cycles.compute - 30
        assert steps + steps // goes_by * more == cycles + 1


def test_the_first_layer_of_resnet_takes_10_passes_of_16_rows_and_not_49() -> None:
    bounds = {"oc": 64, "ic": 3, "kh": 7, "kw": 7, "oh": 112, "ow": 112}
    places = affine(("oh", 2), "kh", constant=-3), affine(("ow", 2), "kw", constant=-3)
    kernel = Contraction(
        "conv2d",
        tuple(Loop(*each) for each in bounds.items()),
        Operand("ifmap", 8, (3, 224, 224), (affine("ic"), *places)),
        Operand("weight", 8, (64, 3, 7, 7), tuple(map(affine, ("oc", "ic", "kh", "kw")))),
        Operand("psum", 32, (64, 112, 112), tuple(map(affine, ("oc", "oh", "ow")))),
        8,
    )
    machine, tiling = able(small_machine(), side=16), Tiling(tuple(bounds), tuple(bounds.values()))
    for mapping, passes in (((), 49), (("window",), 10)):
        cost = EXACT.evaluate(mapped(kernel, mapping), tiling, machine)
        assert cost.cycles.compute == passes * 4 * 112 * 112 + 30


def test_exact_is_what_both_simulators_play() -> None:
    for number, case in enumerate(mapped_cases(3, 350)):
        cost = EXACT.evaluate(*case)
        assert cost == simulate(*case), case
        if number % 3 == 0:
            assert cost == play(*case), case
        # Some are drawn with more products than their loops run through.
        if case.kernel.useful_macs <= prod(case.kernel.bounds.values()):
            EXACT.guard(case.kernel)(cost, case.machine)


def test_what_is_executed_in_tiles_is_what_is_executed_whole() -> None:
    for case in mapped_cases(8, 40):
        found = compare_with_untiled(*case)
        assert found.wrong is None, case
        assert found.dram_bits == simulate(*case).dram_bits


def test_arrays_of_tilings_cost_what_each_of_them_does() -> None:
    random = Random(4)
    for kernel, tiling, machine in mapped_cases(5, 40):
        sizes = [random_tiling(random, kernel, 40).as_dict() for _ in range(20)]
        table = [[each[loop] for loop in tiling.order] for each in sizes]
        many = evaluate_many(kernel, tiling.order, table, machine).cost
        least = bound_many(kernel, tiling.order, table, machine).cost
        one = [EXACT.evaluate(kernel, Tiling(tiling.order, tuple(row)), machine) for row in table]
        assert np.array_equal(many.cycles.total, [each.cycles.total for each in one])
        assert np.array_equal(many.sram_bits.obuf, [each.sram_bits.obuf for each in one])
        assert np.array_equal(least.cycles.compute, [each.cycles.compute for each in one])
        assert np.all(least.cycles.total <= many.cycles.total)


def test_bounds_of_the_search_are_bounds() -> None:
    random = Random(6)
    for kernel, tiling, machine in mapped_cases(7, 250):
        cost = EXACT.evaluate(kernel, tiling, machine)
        own, grid = loop_bounds(kernel), cut(kernel, tiling, machine).grid
        counts = {axis.loop: axis.count for axis in grid.every if random.random() < 0.7}
        folds = {axis.loop: _folds(axis.tile, axis.bound, kernel, machine, axis.loop) for axis in grid.every}
        inner = [loop for loop, size in zip(*tiling, strict=True) if size < own[loop]] or tiling.order
        least = Relaxed(kernel, machine).cost(counts, {loop: folds[loop] for loop in counts}, inner[-1])
        assert least.cycles.compute <= cost.cycles.compute, (kernel, tiling, machine)
        assert least.cycles.total <= cost.cycles.total
        assert EXACT.least_cycles(kernel, machine) <= cost.cycles.total


def _folds(size: int, bound: int, kernel: Contraction, machine: Hardware, loop: str) -> int:
    width = spread_of(kernel, machine.systolic).widths.get(loop, 1)
    return sum(-(-min(size, bound - start) // width) for start in range(0, bound, size))


def test_no_rung_of_the_ladder_is_cheaper_than_the_one_that_is_taken() -> None:
    """All rungs priced, and none of them has less than its bound."""
    random, compared = Random(9), 0
    while compared < 12:
        kernel = random_contraction(random)
        kernel, machine = randomly_mapped(random, kernel, able(tight_machine(random, kernel)))
        rungs, best = ArrayRungs(kernel, machine, GENESYS), inf
        waiting: list[Rail] = list(rungs.rails())
        while waiting:
            rail = waiting.pop()
            least, rest = rungs.step(rail)
            cycles, bits, tiling = rungs.price(rail.group, rail.step)
            if least is not None and _fits(kernel, tiling, machine):
                assert max(rail.bound, least.cycles) <= cycles, (kernel, tiling, machine)
                assert least.dram_bits <= bits
                best = min(best, float(cycles))
            waiting += [] if rest is None else [rest]
        if best < inf:
            assert EXACT.evaluate(kernel, ladder_tiling(kernel, machine), machine).cycles.total == best
            compared += 1


def _fits(kernel: Contraction, tiling: Tiling, machine: Hardware) -> bool:
    return all(need.need_bits <= need.limit_bits for need in cut(kernel, tiling, machine).needs())


def test_search_finds_the_best_of_all_and_greedy_tilings_can_be_run() -> None:
    random = Random(2)
    for kernel, _, machine in mapped_cases(11, 12):
        found = search(kernel, machine, objective_for("cycles", kernel, machine), 60_000)
        for _ in range(150):
            cost = EXACT.evaluate(kernel, random_tiling(random, kernel, 60), machine)
            assert found.certificate.bound <= cost.cycles.total
            assert found.cost.cycles.total <= cost.cycles.total or found.certificate.proven == "none"
        EXACT.evaluate(kernel, EXACT.greedy(kernel, machine), machine)


def test_an_array_that_cannot_do_it_refuses() -> None:
    window, groups = mapped(row_convolution(ic=2, kw=3), ("window",)), mapped(groups_in_a_row(4), ("packed",))
    for kernel, field, needed in ((window, "row_mapping", "window"), (groups, "group_mapping", "packed")):
        with pytest.raises(TilingError, match=rf"which needs systolic\.{field}={needed}; it is (channels|one)"):
            EXACT.greedy(kernel, small_machine())
        with pytest.raises(TilingError, match=rf"systolic\.{field}"):
            EXACT.evaluate(kernel, Tiling(tuple(kernel.bounds), tuple(kernel.bounds.values())), small_machine())


def test_rows_of_results_take_no_window_and_groups_lie_side_by_side_where_weights_stay() -> None:
    window, groups = mapped(row_convolution(ic=2, kw=3), ("window",)), mapped(groups_in_a_row(4), ("packed",))
    for kernel, dataflow in (
        (window, "output_stationary"),
        (groups, "output_stationary"),
        (groups, "input_stationary"),
    ):
        machine = able(small_machine())
        machine = evolve(machine, systolic=evolve(machine.systolic, dataflow=dataflow))
        with pytest.raises(TilingError, match=f"on a {dataflow} array"):
            EXACT.greedy(kernel, machine)
        assert not set(machine.systolic.mappings) & {"packed"}


def test_a_mapping_is_made_of_loops_that_can_have_it() -> None:
    assert mappings_of(row_convolution(ic=2, kw=3)) == [(), ("window",)]
    assert mappings_of(groups_in_a_row(4, ic=2)) == [(), ("packed",)]
    # A window of one place, one group.
    assert mappings_of(groups_in_a_row(1)) == [()]
    with pytest.raises(KernelError, match="has no loops for the mapping 'packed'"):
        mapped(row_convolution(ic=2, kw=3), ("packed",))
    kernel = groups_in_a_row(4, ic=2)
    for wrong in ({"beside_rows": ("oc",)}, {"beside_rows": ("ic",)}, {"side_by_side": ("oc",)}):
        with pytest.raises(KernelError, match="cannot lie"):
            Contraction(**{**kernel._asdict(), **wrong})
    # Digests of kernels in IR text are those of before where nothing is shared.
    assert "side_by_side" not in repr(kernel)
    assert "side_by_side=('g',)" in repr(mapped(kernel, ("packed",)))
