"""Two runs layer by layer: what is longer, what shorter, and what was decided differently."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from simdc.cost.result import Number
from simdc.named import NamedTuple


class ComparedLayer(Protocol):
    """A layer of a run. `choices` are what was decided of it, by name; `work` tells it where its name does not, and
    `tensors` are the elements of each operand."""

    @property
    def name(self) -> str: ...
    @property
    def op(self) -> str: ...
    @property
    def cycles(self) -> Number: ...
    @property
    def dram_bits(self) -> Number: ...
    @property
    def energy_pj(self) -> Number | None: ...
    @property
    def choices(self) -> Mapping[str, str]: ...
    @property
    def work(self) -> tuple[str, ...]: ...
    @property
    def tensors(self) -> Mapping[str, str]: ...


class ComparedRun(Protocol):
    """A run of a network on a machine; `settings` are what it is of, by dotted path."""

    @property
    def title(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, str]: ...
    @property
    def cycles(self) -> Number: ...
    @property
    def runtime_s(self) -> float: ...
    @property
    def dram_bits(self) -> Number: ...
    @property
    def energy_pj(self) -> Number | None: ...
    @property
    def layers(self) -> tuple[ComparedLayer, ...]: ...


class Altered(NamedTuple):
    """Of a setting or a choice; empty where one side does not have it."""

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.what} {self.before or '-'} -> {self.after or '-'}"


class LayerChange(NamedTuple):
    """A layer that both runs have, and that they do not run in the same way or not at the same cost."""

    name: str
    op: str
    before: ComparedLayer
    after: ComparedLayer
    choices: tuple[Altered, ...]

    @property
    def cycles(self) -> Number:
        """More than before, or fewer, below zero."""
        return self.after.cycles - self.before.cycles


class Changes(NamedTuple):
    """From one run to another. `layers` stand from the one that changes most on; `same` counts those that are alike,
    cost and choices, `gone` and `new` are those of one run only."""

    before: ComparedRun
    after: ComparedRun
    settings: tuple[Altered, ...]
    layers: tuple[LayerChange, ...]
    same: int
    gone: tuple[ComparedLayer, ...]
    new: tuple[ComparedLayer, ...]

    def to_rows(self) -> list[dict[str, Any]]:
        """A flat dictionary for each layer that changed, then those of one run only."""
        rows = [_row(layer.name, layer.op, layer.before, layer.after, layer.choices) for layer in self.layers]
        rows += [_row(layer.name, layer.op, layer, None, ()) for layer in self.gone]
        return rows + [_row(layer.name, layer.op, None, layer, ()) for layer in self.new]


def changes_between(before: ComparedRun, after: ComparedRun) -> Changes:
    """Layers of one name belong together, then, of those whose names only one run has, layers of as much work: the
    first of them with the first."""
    named, gone, new = _paired(before.layers, after.layers, lambda layer: layer.name)
    alike, gone, new = _paired(gone, new, lambda layer: layer.work)
    pairs = [
        LayerChange(one.name, other.op, one, other, _changes(one.choices, other.choices)) for one, other in named
    ] + [
        LayerChange(f"{one.name} -> {other.name}", other.op, one, other, _differences(one, other))
        for one, other in alike
    ]
    found = [each for each in pairs if each.choices or _numbers(each.before) != _numbers(each.after)]
    return Changes(
        before=before,
        after=after,
        settings=_changes(before.settings, after.settings),
        layers=tuple(sorted(found, key=lambda layer: -abs(layer.cycles))),
        same=len(pairs) - len(found),
        gone=tuple(gone),
        new=tuple(new),
    )


def _paired(
    before: Sequence[ComparedLayer], after: Sequence[ComparedLayer], key: Callable[[ComparedLayer], object]
) -> tuple[list[tuple[ComparedLayer, ComparedLayer]], list[ComparedLayer], list[ComparedLayer]]:
    """Layers of equal keys in pairs, and those of either side that have no other."""
    waiting: dict[object, list[ComparedLayer]] = {}
    for layer in reversed(after):
        waiting.setdefault(key(layer), []).append(layer)
    pairs: list[tuple[ComparedLayer, ComparedLayer]] = []
    gone: list[ComparedLayer] = []
    for layer in before:
        others = waiting.get(key(layer))
        if others:
            pairs.append((layer, others.pop()))
        else:
            gone.append(layer)
    left = {id(layer) for layers in waiting.values() for layer in layers}
    return pairs, gone, [layer for layer in after if id(layer) in left]


def _differences(one: ComparedLayer, other: ComparedLayer) -> tuple[Altered, ...]:
    """Of layers with other names: what was decided, if their loops are called the same; else what changes the cost, be
    it another form or an operand more, and nothing where the cost is the same."""
    sizes = [[choice for choice in each.choices.items() if choice[0].startswith("size ")] for each in (one, other)]
    if sizes[0] == sizes[1]:
        return _changes({**one.choices, **one.tensors}, {**other.choices, **other.tensors})
    if _numbers(one) == _numbers(other):
        return ()
    forms = ({"operator": each.op, "form": each.choices.get("form", ""), **each.tensors} for each in (one, other))
    return _changes(*forms)


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Altered, ...]:
    names = dict.fromkeys((*before, *after))
    pairs = [Altered(name, before.get(name, ""), after.get(name, "")) for name in names]
    return tuple(pair for pair in pairs if pair.before != pair.after)


def _numbers(layer: ComparedLayer) -> tuple[Number | None, ...]:
    return layer.cycles, layer.dram_bits, layer.energy_pj


def _row(
    name: str, op: str, before: ComparedLayer | None, after: ComparedLayer | None, choices: tuple[Altered, ...]
) -> dict[str, Any]:
    row: dict[str, Any] = {"layer": name, "op": op}
    for field in ("cycles", "dram_bits", "energy_pj"):
        row[f"{field}_before"] = None if before is None else getattr(before, field)
        row[f"{field}_after"] = None if after is None else getattr(after, field)
    return {**row, "changed": "; ".join(map(str, choices))}
