"""Named tuples: what `typing` makes of the same classes."""

from __future__ import annotations

import pickle
import typing
from pathlib import Path
from typing import Any, cast

import pytest

import simdc
from simdc.named import NamedTuple


class Pair(NamedTuple):
    """Two numbers."""

    left: int
    right: int = 3

    @property
    def total(self) -> int:
        return self.left + self.right

    @classmethod
    def twice(cls, number: int) -> Pair:
        return cls(number, number)


class Usual(typing.NamedTuple):
    """Two numbers."""

    left: int
    right: int = 3


def test_it_is_a_tuple_with_names() -> None:
    assert Pair(1) == (1, 3) == Pair(left=1)
    assert (Pair(1).total, Pair.twice(2)) == (4, (2, 2))
    assert repr(Pair(1)) == "Pair(left=1, right=3)"
    assert Pair(1)._replace(right=5)._asdict() == {"left": 1, "right": 5}
    assert pickle.loads(pickle.dumps(Pair(1))) == Pair(1)
    with pytest.raises(TypeError):
        cast("Any", Pair)()
    with pytest.raises(AttributeError):
        cast("Any", Pair(1)).left = 2


@pytest.mark.parametrize(
    "name",
    [
        "_fields",
        "_field_defaults",
        "__doc__",
        "__module__",
        "__annotations__",
        "__slots__",
        "__match_args__",
        "__mro__",
    ],
)
def test_its_classes_are_those_of_typing(name: str) -> None:
    found, usual = getattr(Pair, name), getattr(Usual, name)
    if name == "__mro__":
        assert found == (Pair, *usual[1:])
    elif name == "__annotations__":
        # There the texts are wrapped.
        assert found == {each: kind.__forward_arg__ for each, kind in usual.items()}
    else:
        assert found == usual


def test_fields_without_a_default_come_first() -> None:
    body = {"__annotations__": {"left": "int", "right": "int"}, "left": 1, "__module__": __name__}
    with pytest.raises(TypeError, match="Odd has a field without a default behind one that has one"):
        cast("Any", type(NamedTuple))("Odd", (NamedTuple,), body)


def test_no_file_takes_the_slow_one() -> None:
    slow = [
        path.name
        for path in Path(simdc.__file__).parent.rglob("*.py")
        if "NamedTuple" in path.read_text() and "from simdc.named import" not in path.read_text()
    ]
    assert sorted(slow) == ["named.py"]
