"""What `--trace` and `--annotate` write beside a report."""

from __future__ import annotations

import re
from argparse import Namespace
from pathlib import Path

from simdc.backends.output import check_files, open_whole, write_text
from simdc.backends.report import Report
from simdc.errors import UsageError
from simdc.frontends import OWN_IR
from simdc.frontends.bindings import parse_bindings, parse_weights
from simdc.frontends.json_text import read_text
from simdc.frontends.limits import MAX_MLIR_BYTES
from simdc.frontends.presets import find_file


def check_beside(arguments: Namespace, inputs: list[str]) -> None:
    """Before the work begins: raise UsageError for a file that is read or written otherwise, or a network that has no
    nodes to write notes on."""
    check_files([arguments.output, arguments.plot, arguments.trace, arguments.annotate], inputs)
    if arguments.annotate is not None:
        _check_annotated(arguments)


def write_beside(report: Report, arguments: Namespace) -> None:
    """Raises SimdcError for a file that cannot be written."""
    if arguments.trace is not None:
        from simdc.backends.report.trace import render_trace

        write_text(render_trace(report), arguments.trace)
    if arguments.annotate is not None and _suffix(arguments.network) == ".mlir":
        _write_module(report, arguments)
    elif arguments.annotate is not None:
        from simdc.backends.report.node_notes import model_notes, node_notes
        from simdc.frontends.onnx.annotated import annotated

        data = annotated(arguments.network, node_notes(report), model_notes(report))
        with open_whole(arguments.annotate) as stream:
            stream.write(data)


def _check_annotated(arguments: Namespace) -> None:
    suffix = _suffix(arguments.network)
    if suffix not in (".onnx", ".mlir"):
        raise UsageError("--annotate goes with a network in an .onnx or .mlir file")
    if _suffix(arguments.annotate) != suffix:
        raise UsageError(f"--annotate {arguments.annotate}: name it {suffix}")
    if suffix == ".mlir" and arguments.train:
        raise UsageError("--annotate of a module goes without --train: layers that are derived are no ops of it")
    if suffix == ".mlir" and re.search(OWN_IR, read_text(find_file(arguments.network, "networks"), MAX_MLIR_BYTES)):
        raise UsageError("--annotate goes with modules of other compilers; IR of simdc has its costs by --emit-ir")


def _write_module(report: Report, arguments: Namespace) -> None:
    from simdc.backends.report.module_notes import layer_notes, parts_of_layers, whole_note
    from simdc.frontends.mlir import annotated_module

    text, weights = read_text(arguments.network, MAX_MLIR_BYTES), parse_weights(arguments.weights)
    bind = parse_bindings(arguments.bind)
    notes, parts = layer_notes(report), parts_of_layers(report)
    written = annotated_module(text, arguments.network, weights, bind, notes, parts, whole_note(report, notes))
    write_text(written, arguments.annotate)


def _suffix(path: str) -> str:
    return Path(path).suffix.lower()
