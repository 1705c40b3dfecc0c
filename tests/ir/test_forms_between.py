"""Kernels between two lengths or batches: what the layers say, on a line or not."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

import simdc
from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.ir.context import forms_of
from simdc.ir.forms_between import FormsBetween, moving
from simdc.ir.stretch import LayersBetween, Line, NotLinear
from simdc.ir.token_run import TokenRun, decode_step
from tests.commands.test_lengths import drawn
from tests.frontends.test_token_runs import decoder
from tests.ir.networks import written


def contraction(ic: int, ow: int, step: int) -> Contraction:
    bounds = {"oc": 4, "ic": ic, "ow": ow}
    ifmap = Operand("x", 8, (ic, step * ow), (affine("ic"), affine(("ow", step))))
    weight = Operand("w", 8, (4, ic), (affine("oc"), affine("ic")))
    psum = Operand("y", 32, (4, ow), (affine("oc"), affine("ow")))
    return Contraction("fc", tuple(Loop(*each) for each in bounds.items()), ifmap, weight, psum, 8)


def test_numbers_of_a_kernel_move_by_hand() -> None:
    """Channels from 8 to 16 and positions from 10 to 2, 3 of 8 steps on: 11 and 7."""
    move = moving((("array", contraction(8, 10, 2)),), (("array", contraction(16, 2, 2)),))
    assert move is not None
    found = move(Line(3, 8))
    assert found == (("array", contraction(11, 7, 2)),)
    assert [type(each) for each in (found[0][1], found[0][1].loops[0], found[0][1].ifmap)] == [
        Contraction,
        Loop,
        Operand,
    ]
    # 3 of 16 steps: 8 + 8 * 3 / 16 is no whole number of channels.
    with pytest.raises(NotLinear):
        move(Line(3, 16))


def test_shares_move_as_what_they_are_shares_of() -> None:
    """Of 2 to 10, half way 6."""
    move = moving((0.5, 1e-5), (0.1, 1e-5))
    assert move is not None
    assert move(Line(4, 8)) == (1 / 6, 1e-5)


def halfway(one: object, other: object) -> object:
    move = moving(one, other)
    return None if move is None else move(Line(1, 2))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(((1, "a"), (2, "b")), ((1,), (2, 3)), ((1, None), (2, (1,))), ((True,), (False,))),
        *(((0.3,), (0.25,)), ((0.5,), (-0.5,)), ((0.0,), (0.5,)), ((float("inf"),), (0.5,)), ((1,), (0.5,))),
    ],
)
def test_nothing_else_moves(one: object, other: object) -> None:
    with pytest.raises(NotLinear):
        halfway(one, other)
    assert moving(one, one) is None


def check(first: simdc.Network, last: simdc.Network, steps: int, random: Random) -> tuple[int, int]:
    """How many layers move on a line themselves, and how many are asked each time."""
    machine, read, asked = drawn(random), 0, 0
    for one, other in zip(first.lowered(machine), last.lowered(machine), strict=True):
        if one.regions or forms_of(one, machine, None) == forms_of(other, machine, None):
            continue
        layers = LayersBetween(one, other)
        between = FormsBetween(layers, machine, None, steps)
        read, asked = (read + 1, asked) if between.is_on_line else (read, asked + 1)
        for step in {0, steps, *(random.randrange(steps) for _ in range(6))}:
            expected = forms_of(layers.at(Line(step, steps)), machine, None)
            assert between.at(step) == expected
            assert [type(kernel) for _, kernel in between.at(step)] == [type(kernel) for _, kernel in expected]
            assert [form.at(step) for form in between.forms] in ([], [kernel for _, kernel in expected])
    return read, asked


@pytest.mark.parametrize("network", ["lenet5", "mobilenet_v2", "vit_b16", "unet"])
def test_batches_are_on_a_line(network: str) -> None:
    random = Random(network)
    first, last = random.randint(2, 9), random.randint(50, 3000)
    read, _ = check(simdc.load(network, first), simdc.load(network, last), last - first, random)
    assert read > 5


def test_training_steps_are(tmp_path: Path) -> None:
    random, first, last = Random(1), 3, 200
    one, other = (simdc.load("lenet5", batch).training_step("adam") for batch in (first, last))
    read, _ = check(one, other, last - first, random)
    assert read > 10


@pytest.mark.parametrize("decode", [False, True])
def test_rows_in_parts_are_asked_each_time(decode: bool, tmp_path: Path) -> None:
    """A row of 3 to 900 keys has 2 to 64 parts, rounded; products have a bound for the keys."""
    random = Random(decode)
    path = written(tmp_path, decoder(kv=2).replace("rows=9", "rows=4000"))
    first, last = 3, 900
    runs = [decode_step(length) if decode else TokenRun(length) for length in (first, last)]
    one, other = (simdc.load(path, run=run) for run in runs)
    read, asked = check(one, other, last - first, random)
    assert read > 1
    assert asked > 0
