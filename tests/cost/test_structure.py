"""Machines as plain data: there and back, single fields, sizes as text, and the place of whatever is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings

from simdc.cost import Extensions, Hardware, HardwareError, structure, with_field
from simdc.cost.extensions import HardwareField, Section
from simdc.cost.quantities import parse_bits
from simdc.cost.structure import (
    bit_paths,
    leaf_paths,
    option_paths,
    options_of,
    unmodelled_paths,
    unstructure,
    with_extension,
)
from simdc.frozen import Field, evolve, fields
from tests.cost.machines import small_machine
from tests.strategies import machines

DATA = unstructure(small_machine(), every=True)
LEAVES = leaf_paths(DATA)


def leaf_fields(cls: type = Hardware, prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Dotted path and definition of every field that holds a value."""
    for field in fields(cls):
        part = field.metadata.get("part")
        if part is None:
            yield prefix + field.name, field
        else:
            yield from leaf_fields(part, f"{prefix}{field.name}.")


FIELDS = dict(leaf_fields())
WORDS = [path for path, field in FIELDS.items() if "words" in field.metadata]
RATES = [path for path in FIELDS if path.endswith("_bits_per_cycle")]
PARTS = ("systolic.", "simd.", "dram.")
SWITCHES = ("stores_padding", "simd.double_buffered")
WHOLE = [path for path in FIELDS if path.startswith(PARTS) and path not in (*WORDS, *RATES, *SWITCHES)]
TEXTS = ("name", "prices.source", "changed")
REAL = [path for path in FIELDS if path not in (*WHOLE, *WORDS, *RATES, *TEXTS, *SWITCHES, "basis", "extensions")]


def changed(path: str, value: object) -> dict[str, Any]:
    """The machine as data with the value at a path replaced."""
    data = unstructure(small_machine(), every=True)
    *parents, leaf = path.split(".")
    here = data
    for step in parents:
        here = here[step]
    here[leaf] = value
    return data


def without(path: str) -> dict[str, Any]:
    data = unstructure(small_machine(), every=True)
    *parents, leaf = path.split(".")
    here = data
    for step in parents:
        here = here[step]
    del here[leaf]
    return data


def error(data: object) -> tuple[str, str]:
    with pytest.raises(HardwareError) as caught:
        structure(Hardware, data)
    assert str(caught.value) == f"{caught.value.path}: {caught.value.message}"
    return caught.value.path, caught.value.message


def test_every_field_says_its_unit_and_where_its_meaning_comes_from() -> None:
    # A machine that nobody marked, changed or extended says nothing of it.
    assert list(FIELDS) == [*LEAVES, "basis", "changed", "extensions"]
    for path, field in FIELDS.items():
        assert field.metadata["unit"], path
        assert field.metadata["source"], path
        # Units are in names too.
        unit = field.metadata["unit"]
        for word, suffix in [("bit", "_bits"), ("bit/cycle", "_bits_per_cycle"), ("ns", "_ns"), ("W", "_w")]:
            assert (unit == word) == path.endswith(suffix), path


@given(machines())
@settings(max_examples=50)
def test_there_and_back(machine: Hardware) -> None:
    assert structure(Hardware, unstructure(machine, every=True)) == machine


def test_defaults_may_be_left_out() -> None:
    data = unstructure(small_machine(), every=True)
    del data["simd"]["latency_cycles"], data["simd"]["raw_wait_cycles"], data["prices"]["simd_leakage_w"]
    assert structure(Hardware, data) == small_machine()


@pytest.mark.parametrize("path", LEAVES)
def test_a_single_field(path: str) -> None:
    value: object = {"name": "other", "prices.source": "elsewhere", **dict.fromkeys(SWITCHES, True)}.get(path, 77)
    value = FIELDS[path].metadata["words"][-1] if path in WORDS else value
    after = unstructure(with_field(small_machine(), path, value), every=True)
    assert after == changed(path, value)
    assert after != DATA


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("simd.lane", "unknown field; did you mean 'simd.lanes'?"),
        ("rows", "unknown field; did you mean 'systolic.rows'?"),
        ("wbuf", "unknown field; did you mean 'prices.sram_pj_per_bit.wbuf'?"),
        ("simd", "unknown field"),
        ("lanes", "unknown field"),
        ("simd.lanes.x", "unknown field"),
        ("systolic.nowhere.rows", "unknown field"),
        ("", "unknown field"),
        ("zzz", f"unknown field; known fields: {', '.join(LEAVES)}"),
    ],
)
def test_a_single_field_that_is_none(path: str, hint: str) -> None:
    with pytest.raises(HardwareError) as caught:
        with_field(small_machine(), path, 1)
    assert caught.value.path == path
    assert caught.value.message.startswith(hint)


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("12 bit", 12),
        ("3 Kbit", 3 * 1024),
        ("5B", 40),
        ("5 byte", 40),
        ("256 KiB", 256 * 1024 * 8),
        ("256 KB", 256 * 1024 * 8),
        ("1 MiB", 1024 * 1024 * 8),
        ("  1  MB ", 1024 * 1024 * 8),
        ("1 kB", 1024 * 8),
        ("2 GiB", 2 * 1024**3 * 8),
        ("3 Mibit", 3 * 1024 * 1024),
        ("7 bits", 7),
        ("2 Bytes", 16),
        ("0.5 MiB", 512 * 1024 * 8),
        # 2.5 bytes are 20 bits, 0.125 of a byte is one.
        ("2.5 B", 20),
        ("0.125B", 1),
    ],
)
def test_sizes_as_text(text: str, bits: int) -> None:
    assert parse_bits(text) == bits
    assert with_field(small_machine(), "simd.vmem_bits", text).simd.vmem_bits == bits


@pytest.mark.parametrize(
    "text",
    # Kb, Mb, Kib and b may mean bits or bytes; the last two have digits of other scripts.
    [
        " ",
        "KiB",
        "12",
        ".5 KiB",
        "1. KiB",
        "-1 KiB",
        "1 TiB",
        "1 KiB KiB",
        "0x10 B",
        "9999999999999999999 B",
        "32 Kb",
        "1 Mb",
        "1 mb",
        "32 b",
        "1 Kib",
        "1 mB",
        "1e3 B",
        "٣ KiB",
        "٤.5 KiB",
    ],
)
def test_sizes_that_are_none(text: str) -> None:
    units = "bit, B, Kibit, KiB, Mibit, MiB, Gibit, GiB (Kbit, KB, ... mean the same)"
    says = f"must be bits as a whole number or a size such as '256 KiB', got {text!r}; units are {units}"
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_bits(text)
    assert error(changed("simd.vmem_bits", text)) == ("simd.vmem_bits", says)


@pytest.mark.parametrize("text", ["0.3 B", "1.1 KiB", "0.5 bit"])
def test_sizes_that_are_no_whole_number_of_bits(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"must be a whole number of bits, got {text!r}")):
        parse_bits(text)


@pytest.mark.parametrize("path", WHOLE)
def test_whole_numbers(path: str) -> None:
    zero_is_fine = (FIELDS[path].metadata.get("option") and FIELDS[path].metadata["minimum"] == 0) or path in (
        "simd.raw_wait_cycles",
        "systolic.widths.cache_bits",
    )
    asks = "zero or more" if zero_is_fine else "positive"
    assert error(changed(path, -1)) == (path, f"must be {asks}, got -1")
    for value in (2.0, True, None, [1]):
        assert error(changed(path, value)) == (path, f"must be a whole number, got {value!r}")
    if not path.endswith("_bits"):
        assert error(changed(path, "4")) == (path, "must be a whole number, got '4'")
    if zero_is_fine:
        assert attrgetter(path)(structure(Hardware, changed(path, 0))) == 0
    else:
        assert error(changed(path, 0)) == (path, "must be positive, got 0")


@pytest.mark.parametrize("path", REAL)
def test_real_numbers(path: str) -> None:
    asks = "positive" if path == "clock_ns" else "zero or more"
    for value in (-0.5, float("inf"), float("nan")):
        assert error(changed(path, value)) == (path, f"must be {asks}, got {value}")
    for value in ("1", True, None):
        if path != "clock_ns" or not isinstance(value, str):
            assert error(changed(path, value)) == (path, f"must be a number, got {value!r}")
    assert unstructure(structure(Hardware, changed(path, 2)), every=True) == changed(path, 2)
    if path == "clock_ns":
        assert error(changed(path, 0)) == (path, "must be positive, got 0")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("name", 3, "must be printable text of 1 to 200 characters, got 3"),
        ("prices.source", None, "must be printable text of 1 to 200 characters, got None"),
        ("stores_padding", 1, "must be true or false, got 1"),
        ("stores_padding", "yes", "must be true or false, got 'yes'"),
        ("systolic", 5, "must be an object, got 5"),
        ("systolic.buffers", [], "must be an object, got []"),
        ("prices.sram_pj_per_bit", None, "must be an object, got None"),
        ("simd.latency_cycles", "fast", "must be an object, got 'fast'"),
    ],
)
def test_other_values(path: str, value: object, says: str) -> None:
    assert error(changed(path, value)) == (path, says)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("clock_ns", "missing (ns)"),
        ("systolic", "missing (an object)"),
        ("systolic.rows", "missing (PE)"),
        ("systolic.buffers.weight_bits", "missing (bit)"),
        ("systolic.bandwidths.psum_bits_per_cycle", "missing (bit/cycle)"),
        ("prices.sram_pj_per_bit.vmem", "missing (pJ/bit)"),
        ("stores_padding", "missing (true or false)"),
    ],
)
def test_missing_fields(path: str, says: str) -> None:
    assert error(without(path)) == (path, says)


def test_unknown_fields() -> None:
    assert error(changed("systolic.colums", 1)) == ("systolic.colums", "unknown field; did you mean 'columns'?")
    path, says = error(changed("systolic.buffers.vmem", 1))
    assert path == "systolic.buffers.vmem"
    assert says == "unknown field; known fields: weight_bits, ifmap_bits, psum_bits, bias_bits"
    assert error(changed("x" * 200, 1))[0] == "x" * 80


@pytest.mark.parametrize("data", [None, [], "HI3", 3])
def test_no_object_at_all(data: object) -> None:
    assert error(data) == ("top level", f"must be an object, got {data!r}")


def test_a_machine_is_called_by_its_name_and_what_was_changed() -> None:
    assert small_machine().title == "small"
    assert evolve(small_machine(), changed="simd.lanes=4").title == "small with simd.lanes=4"


def test_a_name_has_at_most_200_characters() -> None:
    assert structure(Hardware, changed("name", "x" * 200)).name == "x" * 200
    with pytest.raises(HardwareError, match="printable text of 1 to 200 characters"):
        structure(Hardware, changed("name", "x" * 201))


def test_fields_are_known_by_what_they_say_of_themselves() -> None:
    """Names of fields tell their unit as well; the two memories of instructions are in no cost."""
    assert bit_paths() == [path for path in FIELDS if path.endswith(("_bits", "_bits_per_cycle"))]
    assert unmodelled_paths() == ["simd.instruction_memory_bits", "simd.immediate_memory_bits"]


def test_a_plugin_that_is_not_known_has_no_section() -> None:
    machine = small_machine()
    assert with_extension(machine, "simd.lanes") is machine
    with pytest.raises(HardwareError, match="unknown plug-in"):
        with_extension(machine, "extensions.absent.lanes")


@pytest.mark.parametrize("text", [3, "two\nlines"])
def test_a_remark_is_one_line_of_text(text: Any) -> None:
    with pytest.raises(HardwareError, match="printable text"):
        evolve(small_machine(), changed=text)


def test_sections_of_plugins_are_data_too() -> None:
    section = Section((("lanes", 3),))
    extended = evolve(small_machine(), extensions=Extensions((("one", section),)))
    assert unstructure(extended, every=True) == {**DATA, "extensions": {"one": {"lanes": 3}}}
    assert structure(Hardware, {**DATA, "extensions": {}}) == small_machine()
    assert error({**DATA, "extensions": 3}) == ("extensions", "must be an object, got 3")


def test_fields_of_plugins_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = (HardwareField("depth_bits", "bit", default=64), HardwareField("lanes", "lane", default=3))
    monkeypatch.setattr("simdc.cost.reading.declared_fields", lambda name: fields if name == "one" else ())
    monkeypatch.setattr("simdc.cost.reading.extension_paths", lambda: ["extensions.one.lanes"])
    read = structure(Hardware, {**DATA, "extensions": {"one": {"depth_bits": "2 KiB"}}})
    assert read.extensions == Extensions((("one", Section((("depth_bits", 16384), ("lanes", 3)))),))
    decimal = structure(Hardware, {**DATA, "extensions": {"one": {"depth_bits": "2 kB"}}}, kilo=1000)
    assert decimal.extensions.as_data() == {"one": {"depth_bits": 16000, "lanes": 3}}
    for sections, path, says in (
        ({"one": {"lane": 3}}, "extensions.one.lane", "unknown field; did you mean 'lanes'?"),
        ({"one": {"lanes": 0}}, "extensions.one.lanes", "must be at least 1 and at most 10^20, got 0"),
        ({"two": {}}, "extensions.two", "unknown plug-in; plug-ins with hardware fields: one"),
    ):
        assert error({**DATA, "extensions": sections}) == (path, says)


def test_options_by_their_paths() -> None:
    paths = option_paths()
    assert "systolic.weight_load" in paths
    assert "systolic.rows" not in paths
    assert set(options_of(evolve(small_machine()))) < set(paths)
