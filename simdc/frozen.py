"""Classes of values that never change, whose fields tell what is allowed in them.

class Point(Frozen):
    rows: int
    columns: int = field(1, check=is_positive, metadata={"unit": "PE"})

Making such a class generates no code. A process that prices one network makes few values of many classes, so how long
a class takes to make counts more than how long a value does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from inspect import Signature

MISSING: Any = object()
"""The default of a field that has none."""


class Field:
    """`type` is what stands behind the name in the class, as text. `check` raises an error for a value that is not
    allowed, `convert` makes the value of what is given."""

    __slots__ = ("_factory", "check", "convert", "default", "metadata", "name", "type")

    def __init__(
        self,
        default: Any,
        factory: Callable[[], object] | None,
        check: Callable[[Field, Any], None] | None,
        convert: Callable[[Any], object] | None,
        metadata: Mapping[str, Any],
    ):
        self.default, self._factory = default, factory
        self.check, self.convert, self.metadata = check, convert, metadata
        self.name = self.type = ""

    @property
    def is_required(self) -> bool:
        return self.default is MISSING and self._factory is None

    def usual(self) -> object:
        """The default, made anew where a factory makes it; MISSING where there is none."""
        return self.default if self._factory is None else self._factory()


def field(
    default: Any = MISSING,
    *,
    factory: Callable[[], object] | None = None,
    check: Callable[[Field, Any], None] | None = None,
    convert: Callable[[Any], object] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Any:
    """A field that says more than its name and type: see `Field`."""
    return Field(default, factory, check, convert, metadata or {})


class _LazySignature:
    """`inspect.signature` of a class, made when it is asked for: importing `inspect` takes as long as all classes."""

    def __get__(self, _: object, owner: type[Frozen]) -> Signature:
        from inspect import Parameter, Signature

        kind, missing = Parameter.POSITIONAL_OR_KEYWORD, Parameter.empty
        return Signature(
            [
                Parameter(each.name, kind, default=missing if each.is_required else each.usual(), annotation=each.type)
                for each in owner.frozen_fields.values()
            ]
        )


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Frozen:
    """A value of the fields that its class annotates, in that order: positional or by name, equal to another of the
    same class with equal fields and hashable if they are; a class made with `eq=False` has values that equal none but
    themselves. Raises what the fields' checks raise, and TypeError for a field that is missing or unknown."""

    frozen_fields: ClassVar[Mapping[str, Field]] = {}
    _compared: ClassVar[Callable[[object], object]]
    __signature__: ClassVar = _LazySignature()

    def __init_subclass__(cls, *, eq: bool = True) -> None:
        found = dict(cls.frozen_fields)
        for name, written in cls.__annotations__.items():
            if "ClassVar" not in str(written):
                given = cls.__dict__.get(name, MISSING)
                found[name] = each = given if isinstance(given, Field) else Field(given, None, None, None, {})
                each.name, each.type = name, str(written)
        cls.frozen_fields = found
        cls.__match_args__ = tuple(found)
        cls._compared = (attrgetter(*found) if found else type) if eq else id

    def __init__(self, *values: object, **named: object):
        fields = self.frozen_fields
        if len(values) > len(fields):
            raise TypeError(f"{type(self).__name__} has {len(fields)} fields, got {len(values)} values")
        given = {**dict(zip(fields, values, strict=False)), **named}
        if len(given) < len(values) + len(named) or not fields.keys() >= given.keys():
            wrong = [name for name in named if name not in fields or name in list(fields)[: len(values)]]
            raise TypeError(f"{type(self).__name__}: no field, or given twice: {', '.join(wrong)}")
        own = self.__dict__
        for name, each in fields.items():
            value = given[name] if name in given else each.usual()
            if value is MISSING:
                raise TypeError(f"{type(self).__name__}: '{name}' is missing")
            own[name] = value if each.convert is None else each.convert(value)
        # Fields are checked when all are there.
        for name, each in fields.items():
            if each.check is not None:
                each.check(each, own[name])
        self.check_all()

    def check_all(self) -> None:
        """Raise an error for fields that do not go together."""

    def __eq__(self, other: object) -> bool:
        kind = type(self)
        return kind._compared(self) == kind._compared(other) if type(other) is kind else NotImplemented

    def __hash__(self) -> int:
        return hash(type(self)._compared(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.frozen_fields)})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)

    def __replace__(self, **changes: object) -> Self:
        return evolve(self, **changes)


T = TypeVar("T", bound=Frozen)


def evolve(value: T, **changes: object) -> T:
    """The same with other values in the fields that `changes` names, which are checked."""
    return type(value)(**{**{name: getattr(value, name) for name in value.frozen_fields}, **changes})


def fields(cls: type[Frozen]) -> Iterator[Field]:
    """The fields of a class, in order."""
    return iter(cls.frozen_fields.values())


def astuple(value: Frozen) -> tuple[Any, ...]:
    """The values of the fields, in order."""
    return tuple([getattr(value, name) for name in value.frozen_fields])
