"""The text form that all layers share, so that an op need not bring its own.

    %relu1 = simdc.relu "relu1" %conv1 : (tensor<1x64x8x8xf32>) -> tensor<1x64x8x8xf32>
    %conv2 = simdc.conv2d "conv2" %relu1, %conv2.weight stride [2, 2] : (...) -> ...

The layer's name, its operands, each property that is not at its default as a word and a value, attributes in braces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from xdsl.dialects.builtin import (
    DenseArrayBase,
    FloatAttr,
    FloatData,
    IntAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    UnitAttr,
    f64,
    i64,
)
from xdsl.ir import Attribute
from xdsl.irdl import IRDLOperation

if TYPE_CHECKING:
    from xdsl.parser import Parser
    from xdsl.printer import Printer

T = TypeVar("T", bound=IRDLOperation)


def print_layer(op: IRDLOperation, printer: Printer, label: str) -> None:
    """Print `op` after its name; `label` is the property that stands first, without a word."""
    printer.print_string(" ")
    printer.print_attribute(op.properties[label])
    if op.operands:
        printer.print_string(" ")
        printer.print_list(op.operands, printer.print_ssa_value)
    for name, definition in op.get_irdl_definition().properties.items():
        value = op.properties.get(name)
        if value is not None and name != label and value != definition.default_value:
            _print_property(name, value, printer)
    printer.print_op_attributes(op.attributes)
    if op.results:
        printer.print_string(" : ")
        printer.print_function_type(op.operand_types, op.result_types)


def parse_layer(cls: type[T], parser: Parser, label: str) -> T:
    """Parse what `print_layer` prints. Raises ParseError at the place."""
    definition = cls.get_irdl_definition()
    properties: dict[str, Attribute] = {label: StringAttr(parser.parse_str_literal())}
    operands = parser.parse_optional_undelimited_comma_separated_list(
        parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
    )
    names = [name for name in definition.properties if name != label]
    while (name := parser.parse_optional_keyword_in(names)) is not None:
        is_flag = definition.properties[name].constr.get_bases() == {UnitAttr}
        properties[name] = UnitAttr() if is_flag else _parse_property(parser)
    for name, known in definition.properties.items():
        if name not in properties and known.default_value is not None:
            properties[name] = known.default_value
    attributes = parser.parse_optional_attr_dict()
    result_types: Sequence[Attribute] = ()
    position = parser.pos
    if parser.parse_optional_punctuation(":") is not None:
        kind = parser.parse_function_type()
        resolved = parser.resolve_operands(operands or (), kind.inputs.data, position)
        result_types = kind.outputs.data
    else:
        resolved = ()
    return cls.create(operands=resolved, result_types=result_types, properties=properties, attributes=attributes)


def number_text(value: int | float) -> str:
    """A number as MLIR reads it: `1e-05` is `1.0e-05` there."""
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")


def _print_property(name: str, value: Attribute, printer: Printer) -> None:
    printer.print_string(f" {name}")
    match value:
        case UnitAttr():
            pass
        case DenseArrayBase(elt_type=kind) if kind == i64:
            printer.print_string(f" {list(cast('DenseArrayBase[IntegerType]', value).get_values())}")
        case IntegerAttr(value=IntAttr(data=number), type=kind) if kind == i64:
            printer.print_string(f" {number}")
        case FloatAttr(value=FloatData(data=number), type=kind) if kind == f64:
            text = repr(number)
            printer.print_string(f" {text if '.' in text else text.replace('e', '.0e')}")
        case _:
            printer.print_string(" ")
            printer.print_attribute(value)


def _parse_property(parser: Parser) -> Attribute:
    entries = parser.parse_optional_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)
    if entries is not None:
        return DenseArrayBase.from_list(i64, entries)
    number = parser.parse_optional_number()
    if isinstance(number, int):
        return IntegerAttr(number, i64)
    if number is not None:
        return FloatAttr(number, f64)
    return parser.parse_attribute()
