"""A report to show to others: one HTML file with pictures and tables of one or several runs, which asks nobody for
anything. Numbers come from cost reports, nothing is priced here."""

from __future__ import annotations

from .page import render_page

__all__ = ["render_page"]
