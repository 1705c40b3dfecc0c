"""Files of pictures that matplotlib draws: which there are, and one style for all, large enough to read on a slide."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from os.path import splitext
from typing import Any, BinaryIO

from .errors import SimdcError

SUFFIXES = (".png", ".svg", ".pdf")
SIZE_INCHES = (10.0, 5.6)
STYLE = {
    "font.size": 14,
    "axes.grid": True,
    "grid.alpha": 0.3,
    # The names of shapes in an SVG are random without it, and no two files equal.
    "svg.hashsalt": "simdc",
    "figure.constrained_layout.use": True,
}


def check_picture(path: str) -> None:
    """Raise SimdcError when no picture can be drawn to this file: asked before the work begins."""
    if _suffix(path) not in SUFFIXES:
        raise SimdcError(f"the picture must be one of {', '.join(SUFFIXES)}", file=path)
    try:
        import_module("matplotlib")
    except ImportError:
        raise SimdcError("--plot needs matplotlib: pip install 'simdc[plot]'") from None


def write_picture(draw: Callable[[Any], None], title: str, stream: BinaryIO, path: str) -> None:
    """What `draw` draws on a figure, in the format that `path` ends in, one of SUFFIXES. Raises what `draw` does, and
    OSError when the stream cannot be written."""
    matplotlib: Any = import_module("matplotlib")
    figures: Any = import_module("matplotlib.figure")
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=SIZE_INCHES)
        draw(figure)
        figure.suptitle(title, fontsize=13)
        # Without a date the same numbers give the same bytes.
        dateless = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(_suffix(path))
        figure.savefig(stream, format=_suffix(path).removeprefix("."), dpi=160, metadata=dateless)


def _suffix(path: str) -> str:
    return splitext(path)[1].lower()
