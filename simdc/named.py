"""`NamedTuple`, as the one of `typing`, but that it leaves annotations alone.

`typing` compiles each annotation, which is a text here: half a millisecond for a class of eight fields. A command that
has seen its network before takes fifty of them to say what it costs, and spent a tenth of its time on that.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _TupleMaker(type):
        """Makes what stands in the body of a class a subclass of tuple, which is none of `NamedTuple`."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            if len(bases) > 1:
                raise TypeError(f"{name} can have no other base beside NamedTuple")
            names = list(body.get("__annotations__", {}))
            usual = [each for each in names if each in body]
            if usual != names[len(names) - len(usual) :]:
                raise TypeError(f"{name} has a field without a default behind one that has one")
            made = namedtuple(name, names, defaults=[body.pop(each) for each in usual], module=body["__module__"])
            for key, value in body.items():
                setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_TupleMaker):
        pass
