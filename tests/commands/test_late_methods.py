"""Data classes whose methods are compiled late: what the same classes are otherwise."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from inspect import signature
from types import FunctionType
from typing import Any

import pytest

from simdc.commands import late_methods as module
from simdc.commands.late_methods import LateMethod, late_methods

WRITTEN_LATE = hasattr(dataclasses, module.NAME)
METHODS = ("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__lt__")


def _point() -> Any:
    @dataclasses.dataclass(frozen=True, order=True)
    class Point:
        x: int
        names: tuple[str, ...] = ()
        parts: list[object] = dataclasses.field(default_factory=list, compare=False)

    return Point


def _mutable() -> Any:
    @dataclasses.dataclass(slots=True, kw_only=True)
    class Box:
        """Holds something."""

        inside: object = None

    return Box


def _derived() -> Any:
    base = _point()

    @dataclasses.dataclass(frozen=True)
    class Named(base):
        name: str = "a"

        def __post_init__(self) -> None:
            assert self.x >= 0

    return Named


def _both(make: Callable[[], Any]) -> tuple[Any, Any]:
    with late_methods():
        late = make()
    return make(), late


def _said(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("make", [_point, _derived])
@pytest.mark.parametrize(
    "ask",
    [
        lambda kind: repr(kind(1, ("b",), [2])),
        lambda kind: kind(1) == kind(1, parts=[1]),
        lambda kind: kind(1) == 1,
        lambda kind: kind(1) < kind(2),
        lambda kind: sorted([kind(2), kind(1)])[0].x,
        lambda kind: hash(kind(3, ("c",))),
        lambda kind: kind(-1).x,
        lambda kind: kind(),
        lambda kind: kind(1, y=2),
        lambda kind: setattr(kind(1), "x", 2),
        lambda kind: delattr(kind(1), "x"),
        lambda kind: dataclasses.replace(kind(1), x=5).x,
        lambda kind: dataclasses.astuple(kind(1, parts=[2])),
        lambda kind: kind.__match_args__,
        lambda kind: kind.__doc__,
        lambda kind: str(signature(kind)),
        lambda kind: [getattr(kind, name).__qualname__ for name in METHODS],
        lambda kind: [getattr(kind, name).__name__ for name in METHODS],
    ],
)
def test_it_says_what_the_usual_class_says(make: Callable[[], Any], ask: Callable[[Any], object]) -> None:
    usual, late = _both(make)
    assert _said(lambda: ask(late)) == _said(lambda: ask(usual))


def test_a_class_with_slots_that_changes_its_values() -> None:
    for kind in _both(_mutable):
        box = kind(inside=1)
        box.inside = box
        assert repr(box) == f"{kind.__qualname__}(inside=...)"
        assert kind(inside=2) == kind(inside=2) != kind()
        assert kind.__hash__ is None
        assert kind.__doc__ == "Holds something."


def test_classes_of_equal_fields_are_not_equal() -> None:
    usual, late = _both(_point)
    assert late(1) != usual(1)


@pytest.mark.skipif(not WRITTEN_LATE, reason="this Python compiles a class at once")
def test_a_method_is_compiled_once_and_when_it_is_looked_up() -> None:
    _, late = _both(_derived)
    base = late.__mro__[1]
    assert isinstance(late.__dict__["__eq__"], LateMethod)
    assert isinstance(base.__dict__["__lt__"], LateMethod)
    assert late(1) == late(1)
    compiled = late.__dict__["__eq__"]
    assert isinstance(compiled, FunctionType)
    assert late(1) != late(2)
    assert late.__dict__["__eq__"] is compiled
    # An operator finds it in the class that it is of.
    assert late(1) < late(2)
    assert base.__dict__["__lt__"] is late.__lt__
    assert isinstance(late.__dict__["__delattr__"], LateMethod)


@pytest.mark.skipif(not WRITTEN_LATE, reason="this Python compiles a class at once")
def test_a_representation_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    make = module.MAKE
    assert make is not None

    def counted(name: str, *words: Any, **rest: Any) -> Any:
        made.append(name)
        return make(name, *words, **rest)

    monkeypatch.setattr(module, "MAKE", counted)
    with late_methods():
        kind = _mutable()
    assert made == []
    assert repr(kind()) == repr(kind())
    assert made == ["__init__", "__repr__"]


def test_it_ends_and_may_be_within_itself() -> None:
    before = vars(dataclasses).copy()
    with late_methods():
        with late_methods():
            pass
        inner = _point()
    assert vars(dataclasses) == before
    assert inner(1) == inner(1)
    assert not any(isinstance(each, LateMethod) for each in vars(_point()).values())


def test_it_ends_with_an_error() -> None:
    before = vars(dataclasses).copy()
    with pytest.raises(KeyError), late_methods():
        raise KeyError
    assert vars(dataclasses) == before


def test_where_python_has_no_such_function_nothing_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAKE", None)
    _, kind = _both(_point)
    assert not any(isinstance(each, LateMethod) for each in vars(kind).values())


LATE_ONES = """
from simdc.commands.late_methods import LateMethod
import sys
kinds = [kind for name, each in list(sys.modules.items()) if name.startswith("xdsl") for kind in vars(each).values()]
print(sum(isinstance(each, LateMethod) for kind in kinds if isinstance(kind, type) for each in vars(kind).values()))
"""


@pytest.mark.skipif(not WRITTEN_LATE, reason="this Python compiles a class at once")
@pytest.mark.parametrize(
    ("code", "is_late"),
    [
        ("from simdc.cli import main; main(['lenet5', '--hw', 'HI1', '--no-cache'])", True),
        ("from simdc.cli import main; main(['explain', 'lenet5', '--hw', 'HI1', '--no-cache'])", True),
        ("import simdc; simdc.load('lenet5')", False),
    ],
)
def test_commands_compile_late_what_programs_that_import_simdc_do_not(code: str, is_late: bool) -> None:
    done = subprocess.run([sys.executable, "-c", code + LATE_ONES], capture_output=True, text=True, check=True)
    late = int(done.stdout.splitlines()[-1])
    assert late > 300 if is_late else late == 0
