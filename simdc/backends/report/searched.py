"""What a search for tilings proved: a record, and a sentence for people."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

from simdc.named import NamedTuple


class Searched(NamedTuple):
    """The certificate of `simdc.cost.search` for one layer."""

    objective: str
    candidates: int
    evaluated: int
    best: float
    bound: float
    proven: str
    steps: int


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
