"""`NamedTuple`, as the one of `typing`, but that it leaves annotations alone and compiles next to nothing.

`typing` compiles each annotation, which is a text here, and `collections` the constructor of each class: a millisecond
for a class of eight fields. A command that has seen its network before takes eighty of them to say what it costs, and
spent a fifth of its time on that.
"""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from _collections import _tuplegetter

    def _make(cls, values):
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, /, **changes):
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise ValueError(f"Got unexpected field names: {list(changes)!r}")
        return made

    def _repr(self):
        return f"{type(self).__name__}({', '.join(map('{}={!r}'.format, self._fields, self))})"

    def _asdict(self):
        return dict(zip(self._fields, self, strict=True))

    METHODS = {
        "_make": classmethod(_make),
        "_replace": _replace,
        "__replace__": _replace,
        "__repr__": _repr,
        "_asdict": _asdict,
        "__getnewargs__": lambda self: tuple(self),
    }

    class _TupleMaker(type):
        """Makes what stands in the body of a class a subclass of tuple, which is none of `NamedTuple`."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            if len(bases) > 1:
                raise TypeError(f"{name} can have no other base beside NamedTuple")
            names = tuple(body.get("__annotations__", ()))
            defaults = {each: body[each] for each in names if each in body}
            if tuple(defaults) != names[len(names) - len(defaults) :]:
                raise TypeError(f"{name} has a field without a default behind one that has one")
            own = {
                **METHODS,
                "__doc__": f"{name}({', '.join(names)})",
                "__slots__": (),
                "__new__": _constructor(name, names, tuple(defaults.values())),
                "__match_args__": names,
                "_fields": names,
                "_field_defaults": defaults,
            }
            getters = {each: _tuplegetter(place, f"Alias for field number {place}") for place, each in enumerate(names)}
            return type(name, (tuple,), {**own, **body, **getters})

    CODES: dict[int, CodeType] = {}
    """Of constructors by their numbers of arguments: nothing else but the names of these differs."""

    def _constructor(name, names, defaults):
        code = CODES.get(len(names))
        if code is None:
            values = "".join([f"f{place}, " for place in range(len(names))])
            code = CODES[len(names)] = eval(f"lambda _cls, {values}: _new(_cls, ({values}))").__code__
        made = FunctionType(code.replace(co_varnames=("_cls", *names)), {"_new": tuple.__new__}, "__new__", defaults)
        made.__qualname__ = f"{name}.__new__"
        return made

    class NamedTuple(metaclass=_TupleMaker):
        pass
