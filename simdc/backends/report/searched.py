"""What a search for tilings proved, as the IR keeps it beside the tilings."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any, NamedTuple, cast

from xdsl.dialects.builtin import StringAttr

from simdc.ir.base import LayerOp
from simdc.ir.context import layer_error


class Searched(NamedTuple):
    """The certificate of `simdc.cost.search` for one layer."""

    objective: str
    candidates: int
    evaluated: int
    best: float
    bound: float
    proven: str
    steps: int


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


def sentence(layers: Sequence[Searched]) -> str:
    """One for each distinct layer: what the search went through, and how near to the optimum it surely is."""
    proven = {one: sum(layer.proven == one for layer in layers) for one in ("all", "even", "none")}
    best, bound = sum(layer.best for layer in layers), sum(layer.bound for layer in layers)
    text = (
        f"tilings searched for {layers[0].objective}: {len(layers)} distinct layers, "
        f"{sum(layer.candidates for layer in layers):,} schedules, "
        f"{sum(layer.evaluated for layer in layers):,} priced one by one and the others ruled out; "
        f"{proven['all']} proven optimal over all tile sizes and loop orders"
    )
    if proven["even"]:
        text += f", {proven['even']} over tiles as equal as can be"
    if proven["none"]:
        text += f", {proven['none']} not proven, their steps were up"
    if proven["all"] == len(layers):
        return text
    if not bound:
        return text + "; how far above the optimum these are is not known"
    return text + f"; all together at most {_rounded_up(100 * (best / bound - 1))} % above the optimum"


def _rounded_up(percent: float) -> str:
    """To two digits: 4.3612 to 4.4."""
    if percent <= 0:
        return "0"
    unit = 10.0 ** (floor(log10(percent)) - 1)
    return f"{ceil(percent / unit) * unit:.2g}"
