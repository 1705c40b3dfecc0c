"""The layers of a report as Parquet, a row each."""

from __future__ import annotations

from importlib import import_module
from typing import Any, BinaryIO

from simdc.errors import SimdcError

from .model import Report


def import_parquet() -> tuple[Any, Any]:
    """pyarrow and its module for Parquet. Raises SimdcError where they are not installed."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise SimdcError("--format parquet needs pyarrow: pip install 'simdc[parquet]'") from None


def write_parquet(report: Report, stream: BinaryIO) -> None:
    """The rows of `Report.to_rows`; the file's metadata say what they are of. Raises SimdcError without pyarrow,
    OSError when the stream cannot be written."""
    pyarrow, parquet = import_parquet()
    table = pyarrow.Table.from_pylist(report.to_rows())
    of = {"network": report.network, "batch": str(report.batch), "hardware": report.hardware.title}
    of |= {"model": report.model, "clock_ns": str(report.hardware.clock_ns)}
    parquet.write_table(table.replace_schema_metadata({f"simdc.{key}": text for key, text in of.items()}), stream)
