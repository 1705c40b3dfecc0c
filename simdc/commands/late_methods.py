"""Data classes whose methods are compiled when somebody first looks one up.

`dataclasses` writes six methods as text for each class and compiles them one by one. xDSL has 180 such classes, 860
methods; a run that prices one network calls 90 of these, and compiling the others took a fifth of its time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache, partial
from types import FunctionType
from typing import Any

NAME = "_create_fn"
MAKE: Callable[..., FunctionType] | None = getattr(dataclasses, NAME, None)
"""Compiles a method of its name, arguments and lines. From Python 3.13 on there is none: a class is one compilation."""


class LateMethod:
    """Stands in a class for a method until it is looked up there, be it by an operator; `make` compiles it."""

    __slots__ = ("__name__", "_make")

    def __init__(self, name: str, make: Callable[[], FunctionType]):
        self.__name__, self._make = name, make

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        made = self._make()
        for kind in owner.__mro__:
            if kind.__dict__.get(self.__name__) is self:
                made.__qualname__ = f"{kind.__qualname__}.{self.__name__}"
                setattr(kind, self.__name__, made)
        return made if instance is None else made.__get__(instance, owner)


@contextmanager
def late_methods() -> Generator[None]:
    """Within it, methods of data classes that are made are late ones. For processes of our own: others may look into
    their classes."""
    if MAKE is None:
        yield
        return
    before = getattr(dataclasses, NAME)
    setattr(dataclasses, NAME, _late)
    try:
        yield
    finally:
        setattr(dataclasses, NAME, before)


def _late(name: str, *words: Any, **rest: Any) -> LateMethod | Callable[[object], str]:
    assert MAKE is not None
    make = partial(MAKE, name, *words, **rest)
    if name != "__repr__":
        return LateMethod(name, make)

    # `dataclasses` wraps it at once, so that no class has it to look it up in.
    compiled = cache(make)

    def method(self: object) -> str:
        return compiled()(self)

    method.__name__ = name
    return method
