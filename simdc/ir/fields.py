"""From plain Python values to the attributes that the properties of an op declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from math import copysign

from xdsl.dialects.builtin import (
    DenseArrayBase,
    FileLineColLoc,
    FloatAttr,
    IntAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    TensorType,
    UnitAttr,
    f64,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import AttrConstraint, AttrOrPropDef, IRDLOperation, OpDef, OptionalDef, OptPropertyDef, VariadicDef

Value = Attribute | str | float | Sequence[int] | None
"""Of a property: an attribute as it is, or what its declared attribute is made of; None where it is left out."""
FLAG = UnitAttr()


def make_properties(definition: OpDef, values: Mapping[str, Value]) -> dict[str, Attribute]:
    """The properties of an op, those that have a default included. Raises TypeError for one that it does not declare or
    that is missing."""
    declared = definition.properties
    for name in values.keys() - declared.keys():
        raise TypeError(f"{definition.name} has no '{name}'; it has {_listed(declared)}")
    found: dict[str, Attribute] = {}
    for name, field in declared.items():
        value = values.get(name)
        made = field.default_value if value is None else _attribute(field.constr, value)
        if made is not None:
            found[name] = made
        elif not isinstance(field, OptPropertyDef):
            raise TypeError(f"{definition.name} needs '{name}'; it has {_listed(declared)}")
    return found


def build(
    op: IRDLOperation,
    operands: Sequence[SSAValue | Sequence[SSAValue] | None],
    types: Sequence[Attribute | Sequence[Attribute]],
    properties: dict[str, Attribute],
) -> None:
    """Make an op of its operands, which may lack some at the end, and the types of its results, one entry for each that
    is declared. Raises ValueError where they are not as declared."""
    flat = _flat(_may_miss(type(op)), operands)
    if flat is None:
        operands = [*operands, *[None] * (len(op.get_irdl_definition().operands) - len(operands))]
        IRDLOperation.__init__(op, operands=operands, result_types=types, properties=properties)
    else:
        # What xDSL finds out anew for each op, how many operands there are of which kind, is plain here.
        one_each = [kind for kind in types if isinstance(kind, Attribute)]
        Operation.__init__(op, operands=flat, result_types=one_each, properties=properties)


def _flat(
    may_miss: Sequence[bool] | None, operands: Sequence[SSAValue | Sequence[SSAValue] | None]
) -> list[SSAValue] | None:
    """The operands that are there; None where xDSL has to look at them."""
    if may_miss is None or len(operands) > len(may_miss) or not all(may_miss[len(operands) :]):
        return None
    found: list[SSAValue] = []
    for optional, value in zip(may_miss, operands, strict=False):
        if isinstance(value, SSAValue):
            found.append(value)
        elif value is not None or not optional:
            return None
    return found


@cache
def _may_miss(kind: type[IRDLOperation]) -> Sequence[bool] | None:
    """Of each operand whether it may be left out. None for ops that have any number of something, or regions."""
    definition = kind.get_irdl_definition()
    fields = [field for _, field in (*definition.operands, *definition.results)]
    if definition.options or definition.regions or any(_is_many(field) for field in fields):
        return None
    return [isinstance(field, OptionalDef) for _, field in definition.operands]


def _is_many(field: object) -> bool:
    return isinstance(field, VariadicDef) and not isinstance(field, OptionalDef)


def add_defaults(op: IRDLOperation) -> None:
    """Give an op the properties and attributes that are there where nobody gives them, as xDSL itself does, which asks
    all 20 of a layer about it for every op."""
    properties, attributes = _defaults(type(op))
    for name, value in properties.items():
        op.properties.setdefault(name, value)
    for name, value in attributes.items():
        op.attributes.setdefault(name, value)


@cache
def _defaults(kind: type[IRDLOperation]) -> tuple[dict[str, Attribute], dict[str, Attribute]]:
    definition = kind.get_irdl_definition()
    properties = {
        name: value for name, field in definition.properties.items() if (value := _default(field)) is not None
    }
    attributes = {
        name: value for name, field in definition.attributes.items() if (value := _default(field)) is not None
    }
    return properties, attributes


def _default(field: AttrOrPropDef) -> Attribute | None:
    return None if isinstance(field, OptionalDef) else field.default_value


# Attributes never change, and to make one takes xDSL 10 to 20 us: what ops have in common they share.


@lru_cache(maxsize=4096)
def make_tensor_type(element: Attribute, shape: tuple[int, ...]) -> TensorType[Attribute]:
    """`TensorType(element, shape)`."""
    return TensorType(element, map(size, shape))


@lru_cache(maxsize=1024)
def size(value: int) -> IntAttr:
    """A number inside another attribute: of a shape, a type or a place."""
    return IntAttr(value)


@lru_cache(maxsize=1024)
def make_integer_type(bits: int) -> IntegerType:
    """`i8` of 8."""
    return IntegerType(size(bits))


@lru_cache(maxsize=1024)
def make_place(file: str, line: int, column: int) -> FileLineColLoc:
    """A layer in a loop of the source is written once and made many times."""
    return FileLineColLoc(word(file), size(line), size(column))


@lru_cache(maxsize=1024)
def whole(value: int) -> IntegerAttr[IntegerType]:
    """`value : i64`."""
    return IntegerAttr(value, i64)


@lru_cache(maxsize=1024)
def whole_list(values: tuple[int, ...]) -> DenseArrayBase[IntegerType]:
    """`array<i64: 1, 1>`."""
    return DenseArrayBase.from_list(i64, values)


@lru_cache(maxsize=1024)
def word(text: str) -> StringAttr:
    """One of few texts, such as the phase of a layer."""
    return StringAttr(text)


@lru_cache(maxsize=1024)
def _real(value: float, sign: float) -> FloatAttr:
    """`sign` tells 0.0 from -0.0, which are equal."""
    return FloatAttr(value, f64)


def _attribute(constraint: AttrConstraint, value: Attribute | str | float | Sequence[int]) -> Attribute | None:
    """A number is what is declared: of a flag 1 and True, of a real number an integer, too."""
    match value:
        case Attribute():
            return value
        case str():
            return word(value)
        case int() if constraint.get_bases() == {UnitAttr}:
            return FLAG if value else None
        case int() if constraint.get_bases() == {IntegerAttr}:
            return whole(int(value))
        case int() | float():
            return _real(float(value), copysign(1.0, value))
        case _:
            return whole_list(tuple(value))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name for name in names if name != "layer") or "no options"
