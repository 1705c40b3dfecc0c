"""From plain Python values to the attributes that the properties of an op declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, IntegerAttr, StringAttr, UnitAttr, f64, i64
from xdsl.ir import Attribute
from xdsl.irdl import AttrConstraint, OpDef, OptPropertyDef

Value = Attribute | str | float | Sequence[int] | None
"""Of a property: an attribute as it is, or what its declared attribute is made of; None where it is left out."""


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


def _attribute(constraint: AttrConstraint, value: Attribute | str | float | Sequence[int]) -> Attribute | None:
    """A number is what is declared: of a flag 1 and True, of a real number an integer, too."""
    match value:
        case Attribute():
            return value
        case str():
            return StringAttr(value)
        case int() if constraint.get_bases() == {UnitAttr}:
            return UnitAttr() if value else None
        case int() if constraint.get_bases() == {IntegerAttr}:
            return IntegerAttr(value, i64)
        case int() | float():
            return FloatAttr(float(value), f64)
        case _:
            return DenseArrayBase.from_list(i64, value)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name for name in names if name != "layer") or "no options"
