"""What a search for tilings proved, as the IR keeps it beside the tilings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from xdsl.dialects.builtin import StringAttr

from simdc.ir.base import LayerOp


class Searched(NamedTuple):
    """The certificate of `simdc.cost.search` for one layer."""

    objective: str
    candidates: int
    evaluated: int
    best: float
    bound: float


def searched_of(op: LayerOp) -> Searched | None:
    """None for a layer whose tiling no search has found."""
    if op.search is None:
        return None
    said = {name: cast("StringAttr", value).data for name, value in op.search.data.items()}
    numbers: dict[str, Any] = {name: _number(said[name]) for name in Searched._fields[1:]}
    return Searched(said["objective"], **numbers)


def _number(text: str) -> float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def sentence(layers: Sequence[Searched]) -> str:
    """One for each distinct layer: what the search went through, and how near to the optimum it surely is."""
    proven = sum(layer.bound >= layer.best for layer in layers)
    best, bound = sum(layer.best for layer in layers), sum(layer.bound for layer in layers)
    text = (
        f"tilings searched for {layers[0].objective}: {len(layers)} distinct layers, "
        f"{sum(layer.candidates for layer in layers):,} schedules, "
        f"{sum(layer.evaluated for layer in layers):,} priced one by one and the others ruled out; "
        f"{proven} proven optimal over all tile sizes and loop orders"
    )
    if proven < len(layers) and bound:
        text += f", all together at most {100 * (best / bound - 1):.2g} % above the optimum"
    return text
