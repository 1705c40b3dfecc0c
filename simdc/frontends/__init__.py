"""Networks from files. Each front end is imported when a file needs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from simdc.errors import SimdcError, suggestion
from simdc.named import NamedTuple
from simdc.plugins import Group, Plugin

from .limits import MAX_BATCH, MAX_CSV_BYTES, MAX_DSL_BYTES, MAX_JSON_BYTES, MAX_MLIR_BYTES

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from simdc.ir.token_run import TokenRun

FrontEnd: TypeAlias = "Callable[[str, int | None], ModuleOp]"

__all__ = ["FRONT_ENDS", "PLUGIN_FRONT_ENDS", "load_network"]

FRONT_ENDS = {
    "dsl": "the network language",
    "json": "a simdc network graph or a SimDIT specification",
    "mlir": "IR text, as --emit-ir prints it",
    "csv": "a SCALE-Sim topology",
    "onnx": "an ONNX model",
    "pt2": "a program of torch.export",
}
"""What is read, by suffix."""
IR_TEXT = r'(?:\s|(?://|#)[^\n]*\n)*"?(?:builtin\.module|module|simdc\.)'
"""How IR begins, after comments and aliases; network text has other words there."""

OWN_IR = r"simdc\.(?!(?:cost|in) =)|\A(?![\s\S]*\bfunc\b)"
"""What no module of another compiler has, but for the costs of --annotate, or lacks: ours have no functions."""


class _Source(NamedTuple):
    """Where a network is read from, and the text where that had to be looked at to know what it is."""

    path: str
    seen: str | None

    @property
    def file(self) -> str:
        """For messages."""
        from .json_text import name_of

        return name_of(self.path)

    @property
    def openable(self) -> str:
        """For a front end that opens its file itself."""
        return "/dev/stdin" if self.path == "-" else self.path

    def read(self, limit_bytes: int) -> str:
        from .json_text import read_text

        return read_text(self.path, limit_bytes) if self.seen is None else self.seen


def load_network(
    path: str,
    batch: int | None,
    *,
    given_tilings: bool = False,
    bind: Mapping[str, int] | None = None,
    weights: Collection[str] | None = None,
    allow_uncosted: bool = False,
    input_format: str | None = None,
    run: TokenRun | None = None,
) -> ModuleOp:
    """The network in a file, preset or standard input (`-`), for `batch` images (None: 1, or what the given tilings,
    the IR or the ONNX model are for).

    `given_tilings` keeps the tilings of a SimDIT specification, and of IR text those, too, that a pass made for another
    machine; other formats have none.
    `bind` gives sizes by the names that an ONNX model has for them, for a module by place (`arg0.0`); `weights` says
    which of its inputs are weights; with `allow_uncosted` its nodes that simdc has no op for stay in the network
    without a cost. `input_format` is one of `FRONT_ENDS` or a plug-in's (None: by the suffix, or by how the text of a
    stream begins). `run` is how many tokens go through network text or a network graph (None: as it says). Raises
    SimdcError.
    """
    from .presets import find_file

    if batch is not None and (isinstance(batch, bool) or not 1 <= batch <= MAX_BATCH):
        raise SimdcError(f"the batch must be 1 to {MAX_BATCH}, got {batch}")
    source, kind = _recognized(find_file(path, "networks"), input_format)
    if run is not None:
        return _run_of_tokens(source, kind, 1 if batch is None else batch, run)
    if kind in ("onnx", "pt2"):
        _refuse_tilings(source.file, given_tilings)
        parse = _reader_of_exports(kind)
        return parse(source.openable, batch, bind, weights=weights, allow_uncosted=allow_uncosted)
    if kind == "mlir":
        return _load_mlir(source, batch, weights, given_tilings, bind)
    _refuse_bindings(source.file, bind)
    if weights is not None:
        raise SimdcError("--weights: only ONNX models and modules have weights among their inputs", file=source.file)
    if kind == "json":
        return _load_json(source, batch, given_tilings)
    _refuse_tilings(source.file, given_tilings)
    if kind == "csv":
        from .scale_sim.topology import parse_topology

        return parse_topology(source.read(MAX_CSV_BYTES), source.file, 1 if batch is None else batch)
    if kind == "dsl":
        from .dsl import parse_dsl

        return parse_dsl(source.read(MAX_DSL_BYTES), source.file, 1 if batch is None else batch)
    plugin = PLUGIN_FRONT_ENDS.get(kind) if kind else None
    if plugin is None:
        raise _unsupported(source.file, kind, input_format)
    return _by_plugin(plugin, source.openable, batch)


def _refuse_bindings(file: str, bind: Mapping[str, int] | None) -> None:
    if bind:
        raise SimdcError(f"--bind {next(iter(bind))}: only ONNX models and modules leave sizes open", file=file)


def _load_mlir(
    source: _Source,
    batch: int | None,
    weights: Collection[str] | None,
    given_tilings: bool,
    bind: Mapping[str, int] | None,
) -> ModuleOp:
    """Our own IR, or a module of another compiler."""
    text, file = source.read(MAX_MLIR_BYTES), source.file
    if not text.strip():
        raise SimdcError("is empty: IR text or a module was expected", file=file)
    if re.search(OWN_IR, text):
        if weights is not None:
            raise SimdcError("--weights: IR of simdc says itself what its weights are", file=file)
        _refuse_bindings(file, bind)
        from .mlir_text import parse_mlir

        return parse_mlir(text, file, batch, given_tilings=given_tilings)
    _refuse_tilings(file, given_tilings)

    from .mlir import parse_foreign_module

    return parse_foreign_module(text, file, batch, weights, bind)


def _run_of_tokens(source: _Source, kind: str, batch: int, run: TokenRun) -> ModuleOp:
    """Network text or a graph, for the tokens of `run`."""
    from .token_runs import check_run, check_taken

    file = source.file
    check_run(run, file)
    if kind == "dsl":
        from .dsl import parse_dsl

        module = parse_dsl(source.read(MAX_DSL_BYTES), file, batch, run)
    elif kind == "json":
        from .json_graph import parse_json_graph
        from .json_text import parse_object

        module = parse_json_graph(parse_object(source.read(MAX_JSON_BYTES), file), file, batch, run)
    else:
        remedy = "; export it with its cache as inputs and bind their sizes, as in --bind past=2047"
        message = "a context is for network text (.dsl) and network graphs (.json)"
        raise SimdcError(message + (remedy if kind == "onnx" else ""), file=file)
    check_taken(module, run, file)
    return module


def _reader_of_exports(kind: str) -> Callable[..., ModuleOp]:
    if kind == "onnx":
        from .onnx import parse_onnx

        return parse_onnx
    from .torch_export import parse_pt2

    return parse_pt2


def _recognized(path: str, input_format: str | None) -> tuple[_Source, str]:
    """What to read, and the name of its front end."""
    from pathlib import Path

    from .presets import is_stream

    if input_format is not None:
        return _Source(path, None), input_format
    if not is_stream(path):
        return _Source(path, None), Path(path).suffix.lower().removeprefix(".")
    text = _Source(path, None).read(MAX_JSON_BYTES)
    kind = "json" if text.lstrip().startswith("{") else "mlir" if re.match(IR_TEXT, text) else "dsl"
    return _Source(path, text), kind


def _unsupported(file: str, kind: str, input_format: str | None) -> SimdcError:
    what = f"'.{kind[:80]}' files are" if kind else "a file without a suffix is"
    known = [f".{name} ({description})" for name, description in FRONT_ENDS.items()]
    known += [f".{name} (plug-in)" for name in PLUGIN_FRONT_ENDS.names()]
    if input_format is not None:
        names = [*FRONT_ENDS, *PLUGIN_FRONT_ENDS.names()]
        hint = suggestion(input_format, names)
        return SimdcError(f"--input-format: there is no '{input_format[:80]}'; there are {', '.join(names)}{hint}")
    return SimdcError(f"{what} not supported; supported: {', '.join(known)}", file=file)


def _load_json(source: _Source, batch: int | None, given_tilings: bool) -> ModuleOp:
    from .json_text import parse_object
    from .own_results import refuse_results

    path = source.file
    data = parse_object(source.read(MAX_JSON_BYTES), path)
    refuse_results(data, path, "network")
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


def _by_plugin(plugin: Plugin[FrontEnd], path: str, batch: int | None) -> ModuleOp:
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.utils.exceptions import VerifyException

    from simdc.ir.network import network_of

    from .reads import was_read_elsewhere

    module = plugin.call(ModuleOp, plugin.value, path, batch)
    try:
        network_of(module)
    except VerifyException as error:
        raise plugin.at_fault(f"failed: {error}") from None
    was_read_elsewhere(path)
    return module


def _check(name: str, value: object) -> FrontEnd:
    if not callable(value):
        raise TypeError(f"expected a function of a path and a batch (or None) to a module, got {value!r:.80}")
    return cast("FrontEnd", value)


PLUGIN_FRONT_ENDS = Group("simdc.frontends", FRONT_ENDS, _check)
