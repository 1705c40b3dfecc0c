"""Marks in the data sheets of users: what a sheet says of what its numbers rest on, and what of those of its base."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdc.cost.machine_marks import weakest_mark
from simdc.cost.machines import AnyMachine
from simdc.errors import SimdcError
from simdc.frontends.hardware_file import load_machine


def sheet(folder: Path, text: str) -> AnyMachine:
    path = folder / "sheet.json"
    path.write_text(text, encoding="utf-8")
    return load_machine(str(path))


def test_a_number_without_a_mark_rests_on_nothing_whatever_its_base_has(tmp_path: Path) -> None:
    """The rows of GeneSys16 are published; those of this file are its own."""
    made = sheet(tmp_path, '{"base": "GeneSys16", "systolic": {"rows": 32, "columns": 8}, "clock": "1 GHz"}')
    base = weakest_mark(load_machine("GeneSys16"))
    assert set(weakest_mark(made).paths) == {*base.paths, "systolic.rows", "systolic.columns"}
    assert weakest_mark(made).fitted == base.fitted


def test_a_mark_of_its_own_stands_in_place_of_the_bases(tmp_path: Path) -> None:
    text = '{"base": "GeneSys16", "clock": "1 GHz", "simd": {"bandwidth_bits_per_cycle": 512}, "basis": %s}'
    marks = '{"clock_ns": "published", "simd": "measured", "stores_padding": "published", "systolic.buffers": "fitted"}'
    found = weakest_mark(sheet(tmp_path, text % marks))
    assert (found.mark, found.paths, found.fitted) == ("fitted", ("systolic.buffers",), ("systolic.buffers",))


def test_a_base_without_marks_gets_those_of_the_sheet(tmp_path: Path) -> None:
    text = '{"base": "HI1", "prices": null, "systolic": {"rows": 8, "columns": 8}, "basis": {"systolic": "published"}}'
    found = weakest_mark(sheet(tmp_path, text))
    assert (found.mark, found.paths) == ("assumed", ("clock_ns", "stores_padding", "simd"))
    assert not sheet(tmp_path, '{"base": "HI1", "systolic": {"rows": 8}}').basis


def test_units_have_them_too(tmp_path: Path) -> None:
    made = sheet(tmp_path, '{"base": "nv_small", "units": {"sdp": {"runs": ["add"], "rate_per_cycle": 2}}}')
    assert "units.sdp.rate_per_cycle" in weakest_mark(made).paths


@pytest.mark.parametrize(
    ("basis", "says"),
    [
        ('{"systolic.rowz": "measured"}', r":1:28: basis.systolic.rowz: error: unknown field; did you mean 'systolic"),
        ('{"systolic": "guessed"}', "basis: error: systolic must be measured, published, fitted or assumed"),
        ("3", "basis: error: must be an object of marks by path, got 3"),
    ],
)
def test_marks_that_are_none(basis: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(SimdcError, match=says):
        sheet(tmp_path, f'{{"base": "HI3",  "basis": {basis}}}')


def test_no_prices_and_a_mark_for_them(tmp_path: Path) -> None:
    """A base may have had some."""
    assert sheet(tmp_path, '{"base": "HI1", "prices": null, "basis": {"prices": "fitted"}}').basis
