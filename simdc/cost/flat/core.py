"""Which form of this folder runs: compiled where it was built, else as it stands."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

from simdc.digests import blake2b_digits
from simdc.named import NamedTuple

from . import array_fill, best, climb, ladder, lane_best, lane_ladder, lanes, least, moving, network, offers, prefixes
from . import price as pricing
from .digest import DIGEST_BYTES, sources_in

Found = TypeVar("Found")


class CoreForm(NamedTuple):
    """The functions of this folder in one form, with what makes the rows of numbers that they take."""

    name: str
    row: Callable[[Iterable[int]], list[int]]
    table: Callable[[bytes], list[int]]
    zeros: Callable[[int], list[int]]
    rows: Callable[[Sequence[list[int]]], list[list[int]]]
    put: Callable[[list[list[int]], int, list[int]], None]
    price: Callable[[list[int], list[int], list[int], list[int], list[int], int], int]
    begin: Callable[[list[int], list[int], list[int], int], int]
    next_rung: Callable[[list[int], list[int], list[int], int, int, int], int]
    best_rung: Callable[..., int]
    fill_ladders: Callable[[list[list[int]], int, int, list[int], list[list[int]]], int]
    fill: Callable[[list[int], list[int], list[int], list[int], list[int]], int]
    bound_many: Callable[..., int]
    price_many: Callable[..., int]
    try_orders: Callable[..., int]
    bound_orders: Callable[..., int]
    bound_below: Callable[..., int]
    price_program: Callable[[list[int], list[int], list[int], list[int], list[int]], int]
    fill_lanes: Callable[[list[int], list[int], list[int]], int]
    begin_cuts: Callable[[list[int], list[int], list[int], list[int], int, list[int]], int]
    best_cut: Callable[..., int]
    price_network: Callable[..., int]
    move_kernels: Callable[[list[list[int]], int, int], int]
    sum_costs: Callable[..., int]


def _row(numbers: Iterable[int]) -> Any:
    """Raises OverflowError for what is beyond 64 bits."""
    return array("q", numbers)


def _table(numbers: bytes) -> Any:
    return array("q", numbers)


def _plain_table(numbers: bytes) -> list[int]:
    return memoryview(numbers).cast("q").tolist()


def _zeros(many: int) -> Any:
    return array("q", bytes(8 * many))


def _plain_zeros(many: int) -> list[int]:
    return [0] * many


class _RowTable(array):  # pyright: ignore[reportMissingTypeArgument]  # no subscript before Python 3.12
    """Addresses of rows, which it keeps."""

    rows: list[list[int]]


def _rows(rows: Sequence[Any]) -> Any:
    """Of rows that `_row`, `_table` or `_zeros` made; none of them may grow. At least one."""
    found: Any = _RowTable("q", [row.buffer_info()[0] for row in rows])
    found.rows = list(rows)
    return found


def _put(table: Any, place: int, row: Any) -> None:
    """Another row in the place of one of the table's."""
    table[place] = row.buffer_info()[0]
    table.rows[place] = row


def compiled_form() -> CoreForm | None:
    """None where it was not built, or of other sources than these, or SIMDC_PLAIN is set."""
    if os.environ.get("SIMDC_PLAIN"):
        return None
    try:
        built: Any = import_module(f"{__package__}.compiled")
    except ImportError:
        return None
    if blake2b_digits(sources_in(os.path.dirname(__file__)), DIGEST_BYTES) != built.DIGEST:
        return None
    return _form("compiled", _row, _table, _zeros, _rows, _put, built)


def _form(name: str, row: Any, table: Any, zeros: Any, rows: Any, put: Any, *modules: ModuleType) -> CoreForm:
    """With the functions of these names, wherever they stand."""
    found: dict[str, Any] = {}
    for module in modules:
        found |= vars(module)
    return CoreForm(name, row, table, zeros, rows, put, *(found[key] for key in CoreForm._fields[6:]))


_MODULES = (
    *(array_fill, pricing, climb, best, ladder, least, offers, prefixes),
    *(lanes, lane_ladder, lane_best, network, moving),
)
PLAIN = _form("plain", list, _plain_table, _plain_zeros, list, list[Any].__setitem__, *_MODULES)
COMPILED = compiled_form()


def run(work: Callable[[CoreForm], Found]) -> Found:
    """What `work` finds, compiled where that can be: the same either way, as beyond 64 bits the plain form answers."""
    if COMPILED is not None:
        try:
            return work(COMPILED)
        except OverflowError:
            pass
    return work(PLAIN)
