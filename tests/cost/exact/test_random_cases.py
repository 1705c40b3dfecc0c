"""A bounded sample of `random_cases.py`, and that it would tell a difference from none."""

from __future__ import annotations

import re

import pytest

from simdc.backends.simulate import simulate
from simdc.cost import Cost, ExactModel
from simdc.cost.tiling import loop_bounds
from tests.oracles import random_cases
from tests.oracles.random_layers import Case
from tests.oracles.shrink import as_python, rebuilt, shrink

CASES = 3000


@pytest.fixture(scope="module")
def sample() -> list[Case]:
    return list(random_cases.random_cases(20, 600))


def test_a_sample_agrees() -> None:
    agreed, bad = random_cases.check(19, CASES)
    assert bad is None, as_python(shrink(bad, random_cases.differs))
    assert agreed.total() == CASES
    # Layers of whole networks, forward and backward, beside drawn ones.
    assert agreed.keys() > {"conv2d", "linear", "matmul", "max_pool_grad", "batch_norm_grad", "softmax", "adam", "relu"}
    assert agreed.keys() > {"random pool", "random scatter", "random reduction", "random phases", "random element-wise"}


def test_the_same_seed_gives_the_same_cases(sample: list[Case]) -> None:
    assert list(random_cases.random_cases(20, 600)) == sample


def test_cases_are_as_varied_as_they_say(sample: list[Case]) -> None:
    machines = [case.machine for case in sample]
    assert {machine.stores_padding for machine in machines} == {True, False}
    assert min(machine.systolic.bandwidths.psum_bits_per_cycle for machine in machines) <= 1
    assert any(machine.systolic.bandwidths.psum_bits_per_cycle.denominator > 1 for machine in machines)
    ragged = beyond = cut = 0
    for kernel, tiling, _ in sample:
        for loop, bound in loop_bounds(kernel).items():
            size = tiling.as_dict()[loop]
            ragged += size < bound and bound % size != 0
            beyond += size > bound
            cut += size < bound
    assert min(ragged, beyond, cut) > len(sample) // 3


class OffByOne(ExactModel):
    """Forgets a cycle of stall wherever partial sums spill."""

    def evaluate(self, *case) -> Cost:
        cost = super().evaluate(*case)
        return cost._replace(cycles=cost.cycles._replace(stall=cost.cycles.stall - (cost.dram_bits.psum > 0)))


def test_a_difference_is_found_shrunk_and_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random_cases, "EXACT", OffByOne())
    _, bad = random_cases.check(19, 500)
    assert bad is not None
    assert random_cases.differs(bad)
    small = shrink(bad, random_cases.differs)
    assert random_cases.differs(small)
    # Two tiles along a loop that is summed over and two along one that is not: nothing smaller spills.
    assert sorted(loop_bounds(small.kernel).values())[-3:] == [1, 2, 2]
    text = as_python(small)
    assert rebuilt(text) == small
    assert re.search(r"^print\(simulate\(kernel, tiling, machine\)\)$", text, re.MULTILINE)
    assert ExactModel().evaluate(*small) == simulate(*small)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert random_cases.main(["--cases", "40", "--seed", "3"]) == 0
    assert "40 cases agree on every count and cycle" in capsys.readouterr().out
