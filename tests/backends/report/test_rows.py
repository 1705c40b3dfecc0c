"""Layers as flat rows, in Python and as Parquet."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

import simdc
from simdc.backends.report import make_report
from simdc.cli import main

REPORT = make_report(simdc.compile(simdc.load("lenet5"), simdc.load_hardware("HI3")))


def test_rows_add_up() -> None:
    rows, total = REPORT.to_rows(), REPORT.total
    assert [row["name"] for row in rows] == [layer.name for layer in REPORT.layers]
    assert sum(row["cycles"] for row in rows) == total.cycles.total
    assert sum(row["dram_weight_bits"] for row in rows) == total.dram_bits.weight
    assert sum(row["dram_bits"] for row in rows) == total.dram_bits.total
    assert sum(row["sram_vmem_bits"] for row in rows) == total.sram_bits.vmem
    assert sum(row["energy_pj"] for row in rows) == pytest.approx(total.energy.total)
    assert sum(row["runtime_s"] for row in rows) == pytest.approx(total.runtime_s(REPORT.hardware))
    assert sum(row["macs"] for row in rows if row["unit"] == "conv") == REPORT.macs
    assert all(value is None or isinstance(value, (str, int, float)) for row in rows for value in row.values())
    first = rows[0]
    assert (first["shape"], first["operator"], first["utilization"]) == (
        "1->20 5x5 24x24",
        "conv2d",
        pytest.approx(0.00464, abs=1e-5),
    )
    assert first["busy_weight_port_cycles"] == REPORT.layers[0].cost.busy.weight_port
    assert first["tile"].startswith("oc=")


def test_a_machine_without_prices_has_no_energies() -> None:
    report = make_report(simdc.compile(simdc.load("lenet5"), simdc.load_hardware("GeneSys16")))
    assert {row["energy_dram_pj"] for row in report.to_rows()} == {None}
    assert (
        repr(report)
        == f"<report of lenet5 on GeneSys16: {len(report.layers)} layers, {report.total.cycles.total:,} cycles>"
    )


@pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")
def test_parquet(tmp_path: Path) -> None:
    from pyarrow import parquet  # pyright: ignore[reportMissingImports]

    target = tmp_path / "layers.parquet"
    assert main(["lenet5", "--hw", "HI3", "-o", str(target)]) == 0
    table = parquet.read_table(target)
    assert table.to_pylist() == REPORT.to_rows()
    assert table.schema.metadata[b"simdc.hardware"] == b"HI3"


@pytest.mark.skipif(find_spec("pandas") is None, reason="needs pandas")
def test_pandas_takes_rows() -> None:
    import pandas  # pyright: ignore[reportMissingImports, reportMissingModuleSource]

    frame = pandas.DataFrame(REPORT.to_rows())
    assert int(frame["cycles"].sum()) == REPORT.total.cycles.total


@pytest.mark.skipif(find_spec("polars") is None, reason="needs polars")
@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_polars_takes_rows(model: str) -> None:
    import polars  # pyright: ignore[reportMissingImports]

    report = make_report(simdc.compile(simdc.load("lenet5"), simdc.load_hardware("HI3"), model))
    frame = polars.DataFrame(report.to_rows())
    assert frame["cycles"].sum() == report.total.cycles.total
    assert frame["utilization"].null_count() == sum(not layer.multiplies for layer in report.layers)


def test_parquet_is_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lenet5", "--hw", "HI3", "--format", "parquet"]) == 2
    assert "--format parquet writes a file; name it with -o" in capsys.readouterr().err
