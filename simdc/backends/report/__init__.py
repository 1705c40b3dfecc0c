"""The cost report: an annotated module as a table for people, as JSON and CSV for programs. Other packages add formats
by entry points."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from simdc.plugins import Group

from .model import LayerReport, Report, Totals, has_levels

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

__all__ = ["PLUGIN_REPORTS", "REPORTS", "LayerReport", "Report", "Totals", "has_levels", "load_report", "make_report"]

REPORTS = {
    "table": "simdc.backends.report.table:render_table",
    "markdown": "simdc.backends.report.table:render_markdown",
    "json": "simdc.backends.report.machine_text:render_json",
    "csv": "simdc.backends.report.machine_text:render_csv",
}


def make_report(module: ModuleOp) -> Report:
    """Read the report off a module that `simdc-annotate-cost` has been run on. Raises SimdcError if it has not, and
    for a layer whose price or proof is of another machine, model, kernel or tiling."""
    # Not at start-up: the report of a network that was kept needs no IR.
    from simdc.ir.network import network_of

    from .from_module import layers_report
    from .llm import facts_of, llm_of

    report = layers_report(module)
    return report._replace(llm=llm_of(report, facts_of(network_of(module))))


def load_report(name: str) -> Callable[..., str]:
    """The function from a `Report` to the text of the format called `name`, built in or a plug-in. Raises KeyError."""
    if name in REPORTS:
        module, _, function = REPORTS[name].partition(":")
        return getattr(import_module(module), function)
    plugin = PLUGIN_REPORTS.get(name)
    if plugin is None:
        raise KeyError(name)
    return partial(plugin.call, str, plugin.value)


def _check(name: str, value: object) -> Callable[..., str]:
    if not callable(value):
        raise TypeError(f"expected a function of a Report to text, got {value!r:.80}")
    return cast("Callable[..., str]", value)


PLUGIN_REPORTS = Group("simdc.reports", REPORTS, _check)
