"""What `--trace` and `--annotate` write beside a report."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from simdc.backends.output import check_files, open_whole, write_text
from simdc.backends.report import Report
from simdc.errors import UsageError


def check_beside(arguments: Namespace, inputs: list[str]) -> None:
    """Before the work begins: raise UsageError for a file that is read or written otherwise, or a network that has no
    nodes to write notes on."""
    check_files([arguments.output, arguments.plot, arguments.trace, arguments.annotate], inputs)
    if arguments.annotate is not None and Path(arguments.network).suffix.lower() != ".onnx":
        raise UsageError("--annotate goes with a network in an .onnx file")
    if arguments.annotate is not None and Path(arguments.annotate).suffix.lower() != ".onnx":
        raise UsageError(f"--annotate {arguments.annotate}: name it .onnx")


def write_beside(report: Report, arguments: Namespace) -> None:
    """Raises SimdcError for a file that cannot be written."""
    if arguments.trace is not None:
        from simdc.backends.report.trace import render_trace

        write_text(render_trace(report), arguments.trace)
    if arguments.annotate is not None:
        from simdc.backends.report.node_notes import model_notes, node_notes
        from simdc.frontends.onnx.annotated import annotated

        data = annotated(arguments.network, node_notes(report), model_notes(report))
        with open_whole(arguments.annotate) as stream:
            stream.write(data)
