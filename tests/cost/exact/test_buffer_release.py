"""Buffers that are released together or each by itself: by hand, against both simulators, and as bounds."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import simdc
from simdc.backends.simulate import simulate
from simdc.cost import Contraction, ExactModel, Hardware, Kernel, Tiling, with_field
from simdc.cost.exact.timeline import Handover, Timeline, repeated
from simdc.cost.schedules import bound_many, evaluate_many, price_rates
from simdc.cost.tiling import loop_bounds
from simdc.frozen import evolve
from tests.cost.exact.option_checks import check_bounds, check_search
from tests.cost.exact.test_rule import keeps_laws
from tests.cost.machines import row_convolution, schedule, small_machine
from tests.oracles import best_schedules
from tests.oracles.balanced import balanced
from tests.oracles.event_simulator import play
from tests.oracles.random_cases import random_cases
from tests.oracles.random_fused import random_case
from tests.oracles.random_layers import Case
from tests.oracles.rungs import check_rungs

EXACT = ExactModel()
RELEASES = ("segment", "joint", "separate")


def released(machine: Hardware, how: str) -> Hardware:
    return evolve(machine, systolic=evolve(machine.systolic, buffer_release=how))


def period(joint: bool, compute: int, load: int, store: int) -> float:
    """Cycles of a tile in the long run, if each loads an ifmap and stores a result, over a port each."""
    timeline = Timeline(2, 2, joint=joint)
    turn = Handover((0, 1), ((0, 0, load),), compute, ((1, store),), 1)
    state = timeline.begin(turn)
    ends: list[int] = []
    for _ in range(40):
        state = timeline.after(state, turn)
        ends.append(timeline.end(state))
    return (ends[-1] - ends[-21]) / 20


@pytest.mark.parametrize(
    ("compute", "load", "store"), [(420, 384, 185), (483, 463, 561), (300, 768, 100), (10, 10, 10), (50, 1, 70)]
)
def test_the_long_run(compute: int, load: int, store: int) -> None:
    """GeneSys's RTL took 498.5 cycles for 420, 384, 185: 494.5, and 4 of latency and requests."""
    assert period(False, compute, load, store) == max(compute, load, store)
    assert period(True, compute, load, store) == max(compute, load, store, (compute + load + store) / 2)
    if (compute, load, store) == (420, 384, 185):
        assert period(True, compute, load, store) == 494.5


@pytest.mark.parametrize(("how", "cycles"), [("segment", 48), ("joint", 52), ("separate", 46)])
def test_with_a_pencil(how: str, cycles: int) -> None:
    """4 input and 2 output channels, 8 pixels in 4 tiles, 2 x 2 PEs: a tile computes for 2 folds of 2 steps and 2 of
    fill, 6 cycles; its ifmap, 64 bits, loads in 8, its result, 32 bits, is stored in 8; so do the weights of all, once.

    segment   8 to load, three segments and the last computation of 8, as load or store takes longer, 8 to store: 48.
    separate  Loads end at 8, 16, 24, 32, as halves are free in time; computations at 14, 22, 30, 38; the last store
              begins there: 46.
    joint     Tile 2 is asked for when the result of tile 0 is stored, from 14 to 22: loaded at 30, computed at 36. That
              of tile 1 is stored at 30, so tile 3 is loaded at 38, computed at 44 and stored at 52."""
    kernel, machine = row_convolution(ic=4, oc=2, ow=8), released(small_machine(ports=(8, 8, 4)), how)
    tiling = schedule("oc kw ic ow", oc=2, ic=4, ow=2)
    cost = EXACT.evaluate(kernel, tiling, machine)
    assert cost.cycles == (24, cycles - 24)
    assert cost == simulate(kernel, tiling, machine) == play(kernel, tiling, machine)


def balanced_cases(seed: int, count: int) -> list[tuple[Contraction, Tiling, Hardware]]:
    random, found = Random(seed), list[tuple[Contraction, Tiling, Hardware]]()
    for kernel, tiling, machine in random_cases(seed, 2 * count):
        if isinstance(kernel, Contraction):
            fitted = balanced(random, kernel, tiling, machine, "segment") if random.random() < 0.8 else machine
            found.append((kernel, tiling, fitted))
    return found


def test_agrees_with_both_simulators_and_keeps_its_laws_and_bounds() -> None:
    random, seen, tight = Random(3), 0, 0
    for kernel, tiling, drawn in balanced_cases(21, 350):
        segment, joint, separate = (EXACT.evaluate(kernel, tiling, released(drawn, how)) for how in RELEASES)
        assert separate.cycles.total <= min(segment.cycles.total, joint.cycles.total)
        seen += len({segment.cycles.total, joint.cycles.total, separate.cycles.total}) == 3
        for how, cost in (("joint", joint), ("separate", separate)):
            machine = released(drawn, how)
            assert cost == simulate(kernel, tiling, machine) == play(kernel, tiling, machine)
            assert cost._replace(cycles=segment.cycles) == segment
            if keeps_laws(segment, kernel, drawn):
                EXACT.guard(kernel)(cost, machine)
            tight += check_bounds(random, Case(kernel, tiling, machine), cost)
    assert min(seen, tight) > 30


def test_products_fused_on_chip_agree_with_the_simulator() -> None:
    random, seen = Random(4), 0
    for number in range(350):
        kernel, tiling, machine = random_case(random)
        widths = evolve(machine.systolic.bandwidths, weight_bits_per_cycle=random.randint(1, 4))
        machine = evolve(machine, systolic=evolve(machine.systolic, bandwidths=widths))
        before = EXACT.evaluate(kernel, tiling, machine)
        machine = released(machine, RELEASES[1 + number % 2])
        cost = EXACT.evaluate(kernel, tiling, machine)
        assert cost == simulate(kernel, tiling, machine)
        assert cost.cycles.total <= before.cycles.total
        EXACT.guard(kernel)(cost, machine)
        seen += cost != before
    assert seen > 5


@pytest.mark.parametrize("how", RELEASES[1:])
def test_many_tiles_are_not_played_one_by_one(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, machine = row_convolution(ic=4, oc=4, ow=3000), released(small_machine(ports=(8, 7, 3)), how)
    tiling, turns = schedule("oc kw ic ow", oc=2, ic=2, ow=1), list[Handover]()
    assert EXACT.evaluate(kernel, tiling, machine) == simulate(kernel, tiling, machine)
    after = Timeline.after
    monkeypatch.setattr(Timeline, "after", lambda self, state, turn: turns.append(turn) or after(self, state, turn))
    # 4 * 10^12 tiles.
    EXACT.evaluate(row_convolution(ic=4, oc=4, ow=10**12), tiling, machine)
    assert len(turns) < 200


def test_what_repeats_is_what_was_played() -> None:
    """States that come back after 3 turns, from the second on, each round 10 cycles later; place 2 is of no matter."""

    def turn(state: tuple[int, ...]) -> tuple[int, ...]:
        done, phase = state[0], state[1] - state[0]
        return (done + (4, 3, 3, 9)[phase], done + (4, 3, 3, 9)[phase] + (1, 2, 0, 0)[phase], state[2])

    state = played = (0, 3, 7)
    for times in range(40):
        assert repeated(turn, state, times, (0, 1)) == played
        played = turn(played)


def test_arrays_of_tilings_and_of_machines() -> None:
    random = Random(8)
    for number, (kernel, tiling, drawn) in enumerate(balanced_cases(9, 30)):
        machine, bounds = released(drawn, RELEASES[1 + number % 2]), loop_bounds(kernel)
        rows = [tiling.sizes, *([random.randint(1, bounds[loop]) for loop in tiling.order] for _ in range(4))]
        exact, least = (price(kernel, tiling.order, rows, machine) for price in (evaluate_many, bound_many))
        for row, sizes in enumerate(rows):
            cost = EXACT.evaluate(kernel, Tiling(tiling.order, tuple(sizes)), machine)
            assert exact.cost.cycles.total[row] == cost.cycles.total
            assert exact.cost.busy.psum_port[row] == cost.busy.psum_port
            assert least.cost.cycles.total[row] <= cost.cycles.total
        path = "systolic.bandwidths.ifmap_bits_per_cycle"
        rates = {path: np.array([1, 5, 40]), "clock_ns": np.array([1.0, 2.0, 3.0])}
        found = price_rates(kernel, tiling, simdc.cost.with_field(machine, path, 40), rates)
        for place, width in enumerate((1, 5, 40)):
            cost = EXACT.evaluate(kernel, tiling, simdc.cost.with_field(machine, path, width))
            assert (found.cycles.total[place], found.busy.ifmap_port[place]) == (
                cost.cycles.total,
                cost.busy.ifmap_port,
            )


def test_no_rung_is_cheaper_than_its_bound() -> None:
    random = Random(13)
    layers = best_schedules.random_layers(14, 60)
    check_rungs(((kernel, released(drawn, random.choice(RELEASES[1:]))) for kernel, drawn in layers), 300)


def test_the_search_finds_the_best_schedule_of_all() -> None:
    random = Random(15)
    check_search(
        (kernel, released(drawn, random.choice(RELEASES[1:])))
        for kernel, drawn in best_schedules.random_layers(17, len(best_schedules.KINDS) // 2)
    )


def test_more_freedom_never_costs() -> None:
    """Of ResNet-50's layers, and some of them gain."""
    machines = [simdc.load_hardware("HI3", [f"systolic.buffer_release={how}"]) for how in RELEASES]
    kernels: list[Kernel] = list(simdc.load("resnet50").workload(machines[0]).kernels)
    totals = [
        sum(
            EXACT.evaluate(kernel, EXACT.greedy(kernel, machine), machine).cycles.total
            for kernel in kernels
            if isinstance(kernel, Contraction)
        )
        for machine in machines
    ]
    assert totals[2] < totals[0] < totals[1]


def test_the_release_refuses_it() -> None:
    machine = simdc.load_hardware("HI3", ["systolic.buffer_release=joint"])
    with pytest.raises(simdc.SimdcError, match=r"'simdit' does not know systolic.buffer_release; HI3"):
        simdc.evaluate(simdc.load("lenet5"), machine, model="simdit")


@pytest.mark.parametrize("how", RELEASES)
def test_many_ports_are_one_after_the_other(how: str) -> None:
    kernel, machine = row_convolution(ic=4, oc=2, ow=8), released(small_machine(ports=(8, 8, 4)), how)
    tiling, ports = schedule("oc kw ic ow", oc=2, ic=4, ow=2), [2, 5, 8]
    path = "systolic.bandwidths.ifmap_bits_per_cycle"
    many = price_rates(kernel, tiling, machine, {path: np.array(ports)})
    for number, port in enumerate(ports):
        one = EXACT.evaluate(kernel, tiling, with_field(machine, path, port))
        assert many.cycles.total[number] == one.cycles.total
        assert [(name, np.broadcast_to(count, 3)[number]) for name, count in many.ops] == list(one.ops)
