"""Networks from files. Each front end is imported when a file needs it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, cast

from simdc.errors import SimdcError
from simdc.plugins import Group

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

__all__ = ["FRONT_ENDS", "PLUGIN_FRONT_ENDS", "load_network"]

FRONT_ENDS = {
    "dsl": "the network language",
    "json": "a simdc network graph or a SimDIT specification",
    "mlir": "IR text, as --emit-ir prints it",
    "csv": "a SCALE-Sim topology",
    "onnx": "an ONNX model",
}
"""What is read, by suffix."""
MAX_BATCH = 10**9
MAX_DSL_BYTES = 16 * 2**20
MAX_JSON_BYTES = 64 * 2**20
"""Specifications carry every instruction of every layer: a megabyte for a small network."""
MAX_MLIR_BYTES = 64 * 2**20
MAX_CSV_BYTES = 2**20


def load_network(
    path: str,
    batch: int | None,
    *,
    given_tilings: bool = False,
    bind: Mapping[str, int] | None = None,
    weights: Collection[str] | None = None,
    allow_uncosted: bool = False,
) -> ModuleOp:
    """The network in a file or preset, for `batch` images (None: 1, or what the given tilings, the IR or the ONNX model
    are for).

    `given_tilings` keeps the tilings of a SimDIT specification, and of IR text those, too, that a pass made for another
    machine; other formats have none.
    `bind` gives sizes by the names that an ONNX model has for them, `weights` which of its inputs are weights; with
    `allow_uncosted` its nodes that simdc has no op for stay in the network without a cost. Raises SimdcError.
    """
    from pathlib import Path

    from .presets import find_file

    if batch is not None and (isinstance(batch, bool) or not 1 <= batch <= MAX_BATCH):
        raise SimdcError(f"the batch must be 1 to {MAX_BATCH}, got {batch}")
    path = find_file(path, "networks")
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix == "onnx":
        _refuse_tilings(path, given_tilings)

        from .onnx import parse_onnx

        return parse_onnx(path, batch, bind, weights=weights, allow_uncosted=allow_uncosted)
    if bind:
        raise SimdcError(f"--bind {next(iter(bind))}: only ONNX models leave sizes open", file=path)
    if weights is not None:
        raise SimdcError("--weights: only ONNX models have weights among their inputs", file=path)
    if suffix == "json":
        return _load_json(path, batch, given_tilings)
    if suffix == "mlir":
        return _load_mlir(path, batch, given_tilings)
    if suffix not in FRONT_ENDS:
        return _load_by_plugin(path, suffix, batch, given_tilings)
    _refuse_tilings(path, given_tilings)

    from .json_text import read_text

    if suffix == "csv":
        from .scale_sim.topology import parse_topology

        return parse_topology(read_text(path, MAX_CSV_BYTES), path, 1 if batch is None else batch)

    from .dsl import parse_dsl

    return parse_dsl(read_text(path, MAX_DSL_BYTES), path, 1 if batch is None else batch)


def _load_mlir(path: str, batch: int | None, given_tilings: bool) -> ModuleOp:
    from .json_text import read_text
    from .mlir_text import parse_mlir

    return parse_mlir(read_text(path, MAX_MLIR_BYTES), path, batch, given_tilings=given_tilings)


def _load_by_plugin(path: str, suffix: str, batch: int | None, given_tilings: bool) -> ModuleOp:
    plugin = PLUGIN_FRONT_ENDS.get(suffix) if suffix else None
    if plugin is None:
        what = f"'.{suffix}' files are" if suffix else "a file without a suffix is"
        known = [f".{name} ({words})" for name, words in FRONT_ENDS.items()]
        known += [f".{name} (plug-in)" for name in PLUGIN_FRONT_ENDS.names()]
        raise SimdcError(f"{what} not supported; supported: {', '.join(known)}", file=path)
    _refuse_tilings(path, given_tilings)
    return plugin.value(path, batch)


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


def _check(name: str, value: object) -> Callable[[str, int | None], ModuleOp]:
    if not callable(value):
        raise TypeError(f"expected a function of a path and a batch (or None) to a module, got {value!r:.80}")
    return cast("Callable[[str, int | None], ModuleOp]", value)


PLUGIN_FRONT_ENDS = Group("simdc.frontends", FRONT_ENDS, _check)
