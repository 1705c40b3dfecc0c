"""Reads measurements that come with simdc."""

from __future__ import annotations

import csv
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"


def packaged_rows(name: str) -> list[dict[str, str]]:
    """Of a CSV file, by the names of its head. What stands above in lines with # says how they were measured."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def whole(row: dict[str, str], name: str) -> int:
    """A size, or a flag: 0 where a row has none."""
    return int(row.get(name) or 0)
