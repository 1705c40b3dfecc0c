"""What a search for tilings proved, as the IR keeps it beside the tilings."""

from __future__ import annotations

from typing import Any, cast

from xdsl.dialects.builtin import StringAttr

from simdc.ir.base import LayerOp
from simdc.ir.context import layer_error

from .searched import Searched


def searched_of(op: LayerOp) -> Searched | None:
    """None for a layer whose tiling no search has found. Raises SimdcError for an attribute that no search writes."""
    if op.search is None:
        return None
    try:
        said: dict[str, Any] = {name: cast("StringAttr", value).data for name, value in op.search.data.items()}
        for name in ("candidates", "evaluated", "best", "bound", "steps"):
            said[name] = _number(said[name])
        return Searched(**said)
    except (AttributeError, KeyError, TypeError, ValueError):
        wanted = ", ".join(Searched._fields)
        raise layer_error(op, f"its 'search' must hold texts for {wanted}; got {op.search}") from None


def _number(text: str) -> float:
    return int(text) if text.lstrip("-").isdigit() else float(text)
