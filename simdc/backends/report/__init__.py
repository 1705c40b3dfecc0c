"""The cost report: an annotated module as a table for people, as JSON and CSV for programs."""

from __future__ import annotations

from .model import LayerReport, Report, Totals, make_report

__all__ = ["LayerReport", "Report", "Totals", "make_report"]
