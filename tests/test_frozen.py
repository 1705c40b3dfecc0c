"""Frozen classes: what they take, how they compare, copy and print."""

from __future__ import annotations

import pickle
from copy import copy, deepcopy
from inspect import signature
from typing import Any, ClassVar, cast

import pytest

from simdc.cost.extensions import Extensions, Section
from simdc.cost.hardware import Hardware, Widths
from simdc.cost.structure import structure, unstructure
from simdc.frontends.hardware_file import load_hardware
from simdc.frozen import Field, Frozen, astuple, evolve, field, fields


def is_even(field: Field, value: int) -> None:
    if value % 2:
        raise ValueError(f"{field.name} is odd")


class Pair(Frozen):
    KIND: ClassVar = "two"

    left: int
    right: int = field(4, check=is_even, metadata={"unit": "PE"})


class Triple(Pair):
    names: dict[str, int] = field(factory=dict)
    scale: float = field(1.0, convert=float)

    def check_all(self) -> None:
        if self.left > self.right:
            raise ValueError("left is larger")


class Lone(Frozen):
    value: int


class Nothing(Frozen):
    pass


class Unlike(Frozen, eq=False):
    value: int


def test_fields_are_given_by_place_or_name() -> None:
    assert astuple(Pair(1)) == astuple(Pair(left=1)) == (1, 4)
    assert astuple(Pair(1, 2)) == astuple(Pair(right=2, left=1)) == (1, 2)
    assert astuple(Triple(1, scale=3)) == (1, 4, {}, 3.0)
    assert isinstance(Triple(1, scale=3).scale, float)


@pytest.mark.parametrize(
    ("values", "named", "says"),
    [
        ((1, 2, 3), {}, "Pair has 2 fields, got 3 values"),
        ((1,), {"left": 1}, "given twice: left"),
        ((1,), {"middle": 1}, "no field, or given twice: middle"),
        ((), {"right": 2}, "Pair: 'left' is missing"),
    ],
)
def test_what_does_not_fit_the_fields_is_named(values: tuple[int, ...], named: dict[str, int], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        Pair(*values, **named)


def test_values_are_checked_each_and_together() -> None:
    with pytest.raises(ValueError, match="right is odd"):
        Pair(1, 3)
    with pytest.raises(ValueError, match="right is odd"):
        evolve(Pair(1, 2), right=3)
    with pytest.raises(ValueError, match="left is larger"):
        evolve(Triple(1), left=5)


def test_each_value_has_a_default_of_its_own() -> None:
    assert Triple(1).names == {}
    assert Triple(1).names is not Triple(1).names


def test_values_are_equal_by_class_and_fields() -> None:
    assert Pair(1, 2) == Pair(1, 2)
    assert Pair(1, 2) != Pair(1, 4)
    assert hash(Pair(1, 2)) == hash(Pair(1, 2))
    assert Lone(1) == Lone(1)
    assert Nothing() == Nothing()
    assert len({Lone(1), Lone(1), Lone(2), Nothing(), Nothing()}) == 3
    # A class is part of a value, also where another one inherits from it or has the same fields.
    assert Pair(1, 2) not in (Triple(1, 2), (1, 2))
    assert Unlike(1) != Unlike(1)
    assert len({Unlike(1), Unlike(1)}) == 2


def test_values_never_change() -> None:
    pair = Pair(1)
    with pytest.raises(AttributeError, match="Pair is frozen: left cannot be set"):
        cast("Any", pair).left = 2
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del cast("Any", pair).left
    assert pair.left == 1


def test_fields_say_what_they_are() -> None:
    left, right = fields(Pair)
    assert (left.name, left.type, left.is_required) == ("left", "int", True)
    assert (right.usual(), right.metadata["unit"]) == (4, "PE")
    assert [each.name for each in fields(Triple)] == ["left", "right", "names", "scale"]
    assert str(signature(Pair)) == "(left: 'int', right: 'int' = 4)"
    assert list(signature(Widths).parameters) == [each.name for each in fields(Widths)]


def test_values_match_and_print() -> None:
    assert repr(Pair(1)) == "Pair(left=1, right=4)"
    match Pair(1):
        case Pair(left, right=4):
            assert left == 1
        case _:
            pytest.fail("no match")


@pytest.mark.parametrize(
    "value",
    [Pair(1, 2), Nothing(), Extensions((("one", Section((("bits", 8),))),)), load_hardware("HI3")],
    ids=lambda value: type(value).__name__,
)
def test_values_are_copied_and_sent_whole(value: Frozen) -> None:
    for other in (copy(value), deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert other == value
        assert hash(other) == hash(value)
        assert repr(other) == repr(value)
    assert evolve(value) == value


def test_a_machine_in_full_is_data_and_back() -> None:
    machine = load_hardware("HT2")
    assert structure(Hardware, unstructure(machine, every=True)) == machine
