"""Options: fields that most machines leave at their default, which is what every machine was before there were any."""

from __future__ import annotations

from typing import Any, cast

import pytest

from simdc.cost.machine_fields import HardwareError, choice, number, option, part
from simdc.cost.model import check_options, knows
from simdc.cost.structure import options_of, structure, unstructure
from simdc.frozen import Frozen, evolve, field


class Dram(Frozen):
    """All of its fields are options."""

    burst_bits: int = option("bit", "a data sheet", 1, minimum=1)
    page: str = choice("a data sheet", "open", "closed", "none")


class Toy(Frozen):
    name: str = field(metadata={"unit": "text"})
    lanes: int = number("lane", "a data sheet")
    waits: int = number("cycle", "a data sheet", minimum=0, default=0)
    gap_cycles: int = option("cycle", "a data sheet", 0)
    dram: Dram = part(Dram, factory=Dram)


TOY = Toy("toy", 4)


class Model:
    name = "half"
    knows = ("dram", "gap")
    takes_fractions = False


def test_an_option_at_its_default_is_left_out() -> None:
    # `waits` has a default, too, and is no option.
    assert unstructure(TOY) == {"name": "toy", "lanes": 4, "waits": 0}
    every = {"name": "toy", "lanes": 4, "waits": 0, "gap_cycles": 0, "dram": {"burst_bits": 1, "page": "open"}}
    assert unstructure(TOY, every=True) == every
    assert structure(Toy, every) == structure(Toy, unstructure(TOY)) == TOY
    assert options_of(TOY) == {}


def test_an_option_that_says_something_else_is_there() -> None:
    changed = evolve(TOY, gap_cycles=3, dram=Dram(page="none"))
    assert unstructure(changed) == {"name": "toy", "lanes": 4, "waits": 0, "gap_cycles": 3, "dram": {"page": "none"}}
    assert structure(Toy, unstructure(changed)) == changed
    assert options_of(changed) == {"gap_cycles": 3, "dram.page": "none"}


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("page", "shut", "must be open, closed or none, got 'shut'"),
        ("page", 1, "must be open, closed or none, got 1"),
        ("burst_bits", 0, "must be positive, got 0"),
    ],
)
def test_what_an_option_may_not_be(path: str, value: object, says: str) -> None:
    with pytest.raises(HardwareError) as caught:
        structure(Dram, {path: value})
    assert (caught.value.path, caught.value.message) == (path, says)


def test_a_model_refuses_the_options_that_it_does_not_know() -> None:
    model = cast("Any", Model())
    assert knows(model, "dram.page")
    assert not knows(model, "gap_cycles")
    check_options(model, evolve(TOY, dram=Dram(page="none")))
    with pytest.raises(ValueError, match="'half' does not know gap_cycles; toy has gap_cycles=3"):
        check_options(model, evolve(TOY, gap_cycles=3))
