"""Plain data to parts of a machine. All faults of the data are told at once, each with its dotted path."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeVar, cast

from simdc.frozen import Field, Frozen, fields

from .extensions import Extensions, HardwareField, Section, declared_fields, extension_paths
from .machine_fields import LARGEST, MAX_TEXT, HardwareError
from .quantities import BINARY, exact, parse_bits, parse_period, parse_rate
from .ratio import rate_of

T = TypeVar("T", bound=Frozen)
CLOCK = "clock_ns"
CLOCK_IN_WORDS = "clock"
"""Another name of the clock's field, whose value has a unit."""


def structure(cls: type[T], data: object, path: str = "", *, kilo: int = BINARY) -> T:
    """Build `cls` from nested dictionaries, where K, M and G of sizes count by `kilo`. Raises HardwareError with the
    path of what is unknown, missing or wrong, and with all other such faults beside it."""
    reader = FieldReader(kilo)
    found = reader.part(cls, data, path)
    if found is None or reader.faults:
        first, *others = reader.faults
        raise HardwareError(first.path, first.message, tuple(others))
    return found


FAULTY = object()


class FieldReader:
    """Reads parts and fields, and notes what is wrong in `faults`."""

    def __init__(self, kilo: int = BINARY):
        self.kilo = kilo
        self.faults: list[HardwareError] = []
        # Of the machine that is being read; bandwidths in bytes per second need it.
        self.period_ns: Fraction | None = None

    def fault(self, path: str, message: str) -> None:
        self.faults.append(HardwareError(path, message))

    def part(self, cls: type[T], data: object, path: str) -> T | None:
        """None where there are faults."""
        before = len(self.faults)
        given = self.fields_of(data, path or "top level")
        if given is None:
            return None
        known: dict[str, Field] = {field.name: field for field in fields(cls)}
        prefix = f"{path}." if path else ""
        names = {name: name for name in known}
        if CLOCK in known:
            names[CLOCK] = CLOCK_IN_WORDS if CLOCK_IN_WORDS in given else CLOCK
            given = self.with_clock(given, prefix)
        words = [*known, CLOCK_IN_WORDS] if CLOCK in known else list(known)
        for key in given:
            if key not in known:
                self.fault(f"{prefix}{str(key)[:80]}", f"unknown field{hint(str(key), words)}")
        values: dict[str, object] = {}
        for name, field in known.items():
            if name in given:
                values[name] = self.value(field, given[name], f"{prefix}{names[name]}")
            elif field.is_required:
                self.fault(f"{prefix}{name}", f"missing ({field.metadata.get('unit', 'an object')})")
        # A part names its fields as it knows them: `rows` becomes `systolic.rows` here.
        try:
            return cls(**values) if len(self.faults) == before else self.checked(known, values, prefix)
        except HardwareError as error:
            told = len(self.faults)
            self.checked(known, values, prefix)
            if len(self.faults) == told:
                self.fault(f"{prefix}{error.path}", error.message)
            return None

    def checked(self, known: Mapping[str, Field], values: Mapping[str, object], prefix: str) -> None:
        """Each field by itself: what is made of all of them stops at the first that is wrong."""
        for name, value in values.items():
            field = known[name]
            if value is FAULTY or field.check is None:
                continue
            try:
                field.check(field, value)
            except HardwareError as error:
                self.fault(f"{prefix}{error.path}", error.message)

    def with_clock(self, given: Mapping[object, object], prefix: str) -> Mapping[object, object]:
        """What is given, with the clock in nanoseconds; notes the exact period."""
        if CLOCK_IN_WORDS in given:
            value = given[CLOCK_IN_WORDS]
            if CLOCK in given:
                self.fault(f"{prefix}{CLOCK_IN_WORDS}", f"is there beside '{CLOCK}': one of them is enough")
            elif not isinstance(value, str):
                self.fault(
                    f"{prefix}{CLOCK_IN_WORDS}", f"must be text with a unit, such as '800 MHz', got {value!r:.60}"
                )
            others = {key: each for key, each in given.items() if key != CLOCK_IN_WORDS}
            given = {CLOCK: value if isinstance(value, str) else 1.0, **others}
        clock = given.get(CLOCK)
        if isinstance(clock, str):
            try:
                self.period_ns = parse_period(clock)
            except ValueError:
                self.period_ns = None
        elif isinstance(clock, (int, float)) and not isinstance(clock, bool) and 0 < clock <= LARGEST:
            self.period_ns = exact(clock)
        return given

    def value(self, field: Field, value: object, path: str) -> object:
        """FAULTY where there are faults."""
        metadata = field.metadata
        if "part" in metadata or "parts" in metadata:
            if value is None and "absent" in metadata:
                return metadata["absent"]
            read = self.part if "part" in metadata else self.parts
            found = read(metadata.get("part") or metadata["parts"], value, path)
            return FAULTY if found is None else found
        if field.name == "extensions":
            return self.extensions(value, path)
        try:
            return metadata["read"](value) if "read" in metadata else self.quantity(metadata, value)
        except HardwareError as error:
            self.fault(path, error.message)
        except ValueError as error:
            self.fault(path, str(error))
        return FAULTY

    def quantity(self, metadata: Mapping[str, Any], value: object) -> object:
        """Sizes, clocks and bandwidths in words as numbers; anything else as it is. Raises ValueError."""
        unit = metadata["unit"]
        if unit == "bit" and isinstance(value, str):
            return parse_bits(value, self.kilo)
        if unit == "ns" and isinstance(value, str):
            return float(parse_period(value))
        if unit != "bit/cycle" or isinstance(value, (bool, int)) or not isinstance(value, (str, float, Fraction)):
            return value
        if isinstance(value, str):
            # Without a clock that is the fault to tell.
            found = parse_rate(value, self.period_ns or Fraction(1))
        elif isinstance(value, float):
            if not metadata.get("fractions") or not abs(value) < LARGEST:
                return value
            found = exact(value)
        else:
            found = value
        if found.denominator > 1 and not metadata.get("fractions"):
            raise ValueError(
                f"must be a whole number of bits per cycle, got {str(value)[:40]!r}, which are {float(found)}"
            )
        return rate_of(found)

    def parts(self, cls: type[Frozen], value: object, path: str) -> tuple[tuple[str, object], ...] | None:
        entries = self.fields_of(value, path)
        if entries is None:
            return None
        for key in entries:
            name = str(key)
            if not name.isidentifier() or len(name) > MAX_TEXT:
                self.fault(f"{path}.{name[:80]}", "must be named by letters, digits and underscores")
        found: list[tuple[str, object]] = []
        for key, each in entries.items():
            found.append((str(key), self.part(cls, each, f"{path}.{str(key)[:80]}")))
        return tuple(found)

    def extensions(self, value: object, path: str) -> Extensions:
        sections: list[tuple[str, Section]] = []
        for name, given in (self.fields_of(value, path) or {}).items():
            known, place = declared_fields(str(name)), f"{path}.{str(name)[:80]}"
            if not known:
                plugins = ", ".join(dict.fromkeys(each.split(".")[1] for each in extension_paths())) or "none"
                self.fault(place, f"unknown plug-in; plug-ins with hardware fields: {plugins}")
                continue
            values, names = self.fields_of(given, place) or {}, [field.name for field in known]
            for key in values:
                if key not in names:
                    self.fault(f"{place}.{str(key)[:80]}", f"unknown field{hint(str(key), names)}")
            found = tuple(
                (field.name, self.whole(field, values.get(field.name, field.default), place)) for field in known
            )
            sections.append((str(name), Section(found)))
        return Extensions(tuple(sorted(sections)))

    def whole(self, field: HardwareField, value: object, place: str) -> int:
        path = f"{place}.{field.name}"
        if field.unit == "bit" and isinstance(value, str):
            try:
                value = parse_bits(value, self.kilo)
            except ValueError as error:
                self.fault(path, str(error))
                return field.default
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(path, f"must be a whole number ({field.unit}), got {value!r:.80}")
        elif not field.minimum <= value <= LARGEST:
            self.fault(path, f"must be at least {field.minimum} and at most 10^20, got {value}")
        else:
            return value
        return field.default

    def fields_of(self, value: object, path: str) -> Mapping[object, object] | None:
        if isinstance(value, dict):
            return cast("dict[object, object]", value)
        self.fault(path, f"must be an object, got {value!r:.60}")
        return None


def hint(word: str, known: list[str]) -> str:
    """What may have been meant by an unknown field."""
    import difflib

    # `rows` is the last word of one path only: systolic.rows.
    ends = [path for path in known if path.endswith(f".{word}")]
    close = ends if len(ends) == 1 else difflib.get_close_matches(word[:80], known, n=1)
    if not close:
        # `rowz` is like none of the paths, but like the end of one.
        like = difflib.get_close_matches(word[:80], [path.rpartition(".")[2] for path in known], n=1)
        close = [path for path in known if like and path.endswith(f".{like[0]}")][:1]
    return f"; did you mean '{close[0]}'?" if close else f"; known fields: {', '.join(known)}"
