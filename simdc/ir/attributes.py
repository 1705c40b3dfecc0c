"""Attributes of the dialect: unit, tiling, cost, origin and hardware. All but the unit wrap frozen values."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Any, TypeVar, cast

from xdsl.ir import Data
from xdsl.irdl import irdl_attr_definition

from simdc.cost.machine_fields import HardwareError
from simdc.cost.machines import AnyMachine
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.structure import structure_machine, unstructure
from simdc.cost.tiling import Tiling

from .origin import Origin
from .syntax import number_text

if TYPE_CHECKING:
    from xdsl.parser import AttrParser
    from xdsl.printer import Printer

T = TypeVar("T")


class Unit(StrEnum):
    SYSTOLIC = "conv"
    SIMD = auto()


@irdl_attr_definition
class ExecutionUnitAttr(Data[str]):
    """The array that runs an op, `#simdc.unit<conv>`, or a unit of a machine that has others, `#simdc.unit<pdp>`."""

    name = "simdc.unit"

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(self.data)

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> str:
        with parser.in_angle_brackets():
            return parser.parse_identifier()


@irdl_attr_definition
class TilingAttr(Data[Tiling]):
    """Tile size of each loop, outermost loop first: `#simdc.tiling<oc = 64, ic = 64, oh = 14>`."""

    name = "simdc.tiling"

    def print_parameter(self, printer: Printer) -> None:
        pairs = zip(self.data.order, self.data.sizes, strict=True)
        with printer.in_angle_brackets():
            printer.print_list(pairs, lambda pair: printer.print_string(f"{pair[0]} = {pair[1]}"))

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Tiling:
        def entry() -> tuple[str, int]:
            name = parser.parse_identifier()
            parser.parse_punctuation("=")
            return name, parser.parse_integer(allow_boolean=False)

        pairs = parser.parse_comma_separated_list(parser.Delimiter.ANGLE, entry)
        return Tiling(tuple(name for name, _ in pairs), tuple(size for _, size in pairs))


@irdl_attr_definition
class CostAttr(Data[Cost]):
    """What the cost model answered: `#simdc.cost<{cycles = {compute = 12, stall = 3}, dram_bits = {...}, ...}>`.
    Counts that are zero are left out."""

    name = "simdc.cost"

    def print_parameter(self, printer: Printer) -> None:
        cost = self.data
        records = {name: _numbers(getattr(cost, name)) for name in ("cycles", "dram_bits", "sram_bits", "busy")}
        with printer.in_angle_brackets():
            _print_record(printer, {**records, "ops": dict(cost.ops)})

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Cost:
        with parser.in_angle_brackets():
            record = _parse_record(parser)
        return _or_error(
            parser,
            lambda: Cost(
                cycles=Cycles(**{"compute": 0, "stall": 0, **record.pop("cycles")}),
                dram_bits=DramBits(**record.pop("dram_bits")),
                sram_bits=SramBits(**record.pop("sram_bits")),
                busy=Busy(**record.pop("busy")),
                ops=tuple(record.pop("ops").items()),
            ),
        )


@irdl_attr_definition
class OriginAttr(Data[Origin]):
    """What a tiling or a cost was made from: `#simdc.origin<{model = "exact", machine = "5d41402a", ...}>`."""

    name = "simdc.origin"

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            _print_record(printer, {part: value for part, value in self.data._asdict().items() if value})

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Origin:
        with parser.in_angle_brackets():
            record = _parse_record(parser)
        return _or_error(parser, lambda: Origin(**{part: _text(value) for part, value in record.items()}))


@irdl_attr_definition
class HardwareAttr(Data[AnyMachine]):
    """The machine, field by field as in a hardware file: `#simdc.hardware<{name = "HI3", clock_ns = 0.97, ...}>`."""

    name = "simdc.hardware"

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            _print_record(printer, unstructure(self.data))

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> AnyMachine:
        with parser.in_angle_brackets():
            record = _parse_record(parser)
        return _or_error(parser, lambda: structure_machine(record))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {value}")
    return value


def _numbers(record: Any) -> dict[str, Any]:
    return {name: value for name, value in record._asdict().items() if value}


def _print_record(printer: Printer, record: dict[str, Any]) -> None:
    def entry(item: tuple[str, Any]) -> None:
        # The name of a plug-in may have hyphens: {"one-channel" = {dram_bits_per_cycle = 64}}.
        if item[0].isidentifier():
            printer.print_string(item[0])
        else:
            printer.print_string_literal(item[0])
        printer.print_string(" = ")
        _print_value(printer, item[1])

    with printer.in_braces():
        printer.print_list(record.items(), entry)


def _print_value(printer: Printer, value: Any) -> None:
    match value:
        case dict():
            _print_record(printer, cast("dict[str, Any]", value))
        case list():
            with printer.in_square_brackets():
                printer.print_list(cast("list[Any]", value), lambda each: _print_value(printer, each))
        case str():
            printer.print_string_literal(value)
        case _:
            printer.print_string(str(value).lower() if isinstance(value, bool) else number_text(value))


def _parse_record(parser: AttrParser) -> dict[str, Any]:
    def value() -> Any:
        if (text := parser.parse_optional_str_literal()) is not None:
            return text
        if (flag := parser.parse_optional_boolean()) is not None:
            return flag
        if (number := parser.parse_optional_number()) is not None:
            return number
        listed = parser.parse_optional_comma_separated_list(parser.Delimiter.SQUARE, value)
        return _parse_record(parser) if listed is None else listed

    def entry() -> tuple[str, Any]:
        name = parser.parse_optional_str_literal() or parser.parse_identifier()
        parser.parse_punctuation("=")
        return name, value()

    return dict(parser.parse_comma_separated_list(parser.Delimiter.BRACES, entry))


def _or_error(parser: AttrParser, build: Callable[[], T]) -> T:
    try:
        return build()
    except (HardwareError, TypeError, KeyError) as error:
        parser.raise_error(f"not a valid value: {error}")
