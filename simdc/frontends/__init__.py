"""Networks from files. Each front end is imported when a file needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simdc.errors import SimdcError

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

__all__ = ["load_network"]

SUPPORTED = ".dsl (the network language), .json (a simdc network graph or a SimDIT specification)"
MAX_BATCH = 10**9
MAX_DSL_BYTES = 16 * 2**20
MAX_JSON_BYTES = 64 * 2**20
"""Specifications carry every instruction of every layer: a megabyte for a small network."""


def load_network(path: str, batch: int | None, *, given_tilings: bool = False) -> ModuleOp:
    """The network in a file or preset, for `batch` images (None: 1, or what the given tilings are for).

    `given_tilings` keeps the tilings of a SimDIT specification; other formats have none. Raises SimdcError.
    """
    from pathlib import Path

    from .presets import find_file

    if batch is not None and (isinstance(batch, bool) or not 1 <= batch <= MAX_BATCH):
        raise SimdcError(f"the batch must be 1 to {MAX_BATCH}, got {batch}")
    path = find_file(path, "networks")
    suffix = Path(path).suffix.lower()
    if suffix == ".json":
        return _load_json(path, batch, given_tilings)
    if suffix != ".dsl":
        what = f"'{suffix}' files are" if suffix else "a file without a suffix is"
        raise SimdcError(f"{what} not supported; supported: {SUPPORTED}", file=path)
    _refuse_tilings(path, given_tilings)

    from .dsl import parse_dsl
    from .json_text import read_text

    return parse_dsl(read_text(path, MAX_DSL_BYTES), path, 1 if batch is None else batch)


def _load_json(path: str, batch: int | None, given_tilings: bool) -> ModuleOp:
    from .json_text import parse_object, read_text

    data = parse_object(read_text(path, MAX_JSON_BYTES), path)
    if "mode" in data and "program" in data:
        from .simdit_spec import parse_simdit_spec

        return parse_simdit_spec(data, path, batch, given_tilings=given_tilings)
    if "schema" not in data and "layers" not in data:
        graph, spec = "a network graph has 'schema' and 'layers'", "a SimDIT specification 'mode' and 'program'"
        raise SimdcError(f"is not a network: {graph}, {spec}", file=path)
    _refuse_tilings(path, given_tilings)

    from .json_graph import parse_json_graph

    return parse_json_graph(data, path, 1 if batch is None else batch)


def _refuse_tilings(path: str, given_tilings: bool) -> None:
    if given_tilings:
        raise SimdcError("only a SimDIT specification gives tilings; let simdc tile (--tiling greedy)", file=path)
