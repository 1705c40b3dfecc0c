"""Two runs layer by layer: what is longer, what shorter, and what was decided differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from simdc.cost.result import Number
from simdc.named import NamedTuple


class ComparedLayer(Protocol):
    """A layer of a run. `choices` are what was decided of it, by name."""

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
    """Layers of one name belong together, the first of them with the first."""
    waiting: dict[str, list[ComparedLayer]] = {}
    for layer in after.layers:
        waiting.setdefault(layer.name, []).append(layer)
    found: list[LayerChange] = []
    gone: list[ComparedLayer] = []
    same = 0
    for layer in before.layers:
        others = waiting.get(layer.name)
        if not others:
            gone.append(layer)
            continue
        other = others.pop(0)
        choices = _changes(layer.choices, other.choices)
        if choices or _numbers(layer) != _numbers(other):
            found.append(LayerChange(layer.name, other.op, layer, other, choices))
        else:
            same += 1
    left = {id(layer) for layers in waiting.values() for layer in layers}
    return Changes(
        before=before,
        after=after,
        settings=_changes(before.settings, after.settings),
        layers=tuple(sorted(found, key=lambda layer: -abs(layer.cycles))),
        same=same,
        gone=tuple(gone),
        new=tuple(layer for layer in after.layers if id(layer) in left),
    )


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
