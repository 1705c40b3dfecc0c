"""Nodes of the tree of ways to cut a kernel's loops, and what schedules below them cost at least: found by arrays, or
where it is compiled by `cost/flat`. Both give the same."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any, Protocol

import numpy as np

from simdc.cost.exact.flat import FlatContraction
from simdc.cost.flat.core import CoreForm, run
from simdc.cost.flat.offers import NO_CYCLES
from simdc.cost.flat.prefixes import DECIDED, PORT_NUMBERS
from simdc.cost.flat.tiles import FULL, MOST_LOOPS
from simdc.named import NamedTuple

from .candidates import Cuts, Sizes
from .objective import Objective, cycles
from .relaxed import Relaxed

Rows = list[list[int]]


class Prefixes(NamedTuple):
    """Nodes of one level: `rows` [nodes, decided loops] has the number of a way in the loop's `Cuts`, `bounds` [nodes]
    the least that the objective can be below each node. Ascending by bound."""

    rows: Sizes
    bounds: Any


class PrefixBounds(Protocol):
    """Of those that may fit and cost less than `best`."""

    def root(self, best: Any) -> Prefixes:
        """Nothing is decided."""
        ...

    def below(self, rows: Sizes, best: Any) -> Prefixes:
        """The next loop in each way, below each of these nodes."""
        ...


class ArrayPrefixes:
    """Of schedules whose innermost cut loop is of the family of `innermost`."""

    def __init__(self, cuts: Sequence[Cuts], relaxed: Relaxed, objective: Objective, innermost: str):
        self._cuts = cuts
        self._relaxed, self._objective, self._innermost = relaxed, objective, innermost

    def root(self, best: Any) -> Prefixes:
        return self._bounded(np.zeros((1, 0), dtype=np.int64), best)

    def below(self, rows: Sizes, best: Any) -> Prefixes:
        level: int = rows.shape[1]
        choices = np.arange(self._cuts[level].ways)
        return self._bounded(
            np.column_stack([np.repeat(rows, len(choices), axis=0), np.tile(choices, len(rows))]), best
        )

    def _bounded(self, rows: Sizes, best: Any) -> Prefixes:
        decided = list(zip(self._cuts, rows.T, strict=False))
        counts = {one.loop: one.counts[column] for one, column in decided}
        passes = {one.loop: one.passes[column] for one, column in decided}
        stored = {one.loop: one.stored[column] for one, column in decided}
        bounds: Any = self._objective(self._relaxed.cost(counts, passes, self._innermost))
        bounds = np.broadcast_to(bounds, len(rows))
        may_win = np.less(bounds, best).astype(bool) & self._relaxed.fits(stored)
        return _ascending(rows[may_win], bounds[may_win])


class CutsInRow:
    """Ways to cut the loops of a contraction as `flat/prefixes.py` has them."""

    def __init__(self, cuts: Sequence[Cuts], flat: FlatContraction, relaxed: Relaxed):
        self.cuts, self.flat, self.relaxed = cuts, flat, relaxed
        self.numbers: list[int] = []
        at = len(cuts) * DECIDED
        for one in cuts:
            self.numbers += (flat.shape.numbers[one.loop], one.ways, at)
            at += 3 * one.ways
        for one in cuts:
            self.numbers += np.column_stack([one.counts, one.passes, one.stored]).ravel().tolist()
        # The first way leaves a loop whole.
        self.whole = [0] * len(cuts)
        for one in cuts:
            self.whole[flat.shape.numbers[one.loop]] = int(one.passes[0])


class FlatPrefixes:
    """As `ArrayPrefixes`, of a contraction's cycles."""

    def __init__(self, cuts: CutsInRow, innermost: str):
        self._cuts, self._forms = cuts, dict[str, tuple[Rows, Rows]]()
        self._root = ArrayPrefixes(cuts.cuts, cuts.relaxed, cycles, innermost)
        self._once: list[int] = []
        for operand in cuts.flat.stream_operands:
            others = [loop for loop in cuts.flat.shape.loops if loop not in operand.loops]
            again = others if innermost in operand.loops else []
            self._once += (cuts.relaxed.least_moved(operand), sum(1 << cuts.flat.shape.numbers[loop] for loop in again))

    def root(self, best: Any) -> Prefixes:
        return self._root.root(best)

    def below(self, rows: Sizes, best: Any) -> Prefixes:
        level: int = rows.shape[1]
        nodes = len(rows)
        ways, fewest = self._cuts.cuts[level].ways, NO_CYCLES if best == inf else best

        def work(form: CoreForm) -> tuple[Sizes, Sizes]:
            kept, bounds = form.zeros(nodes * ways), form.zeros(nodes * ways)
            # The root has no ways, and no row is empty.
            given = form.table(rows.tobytes()) if level else form.zeros(1)
            same, scratch = self._in_form(form)
            many = form.bound_below(*same, given, nodes, level, fewest, *scratch, kept, bounds)
            found: tuple[Sizes, Sizes] = np.asarray(kept, np.int64)[:many], np.asarray(bounds, np.int64)[:many]
            return found

        kept, bounds = run(work)
        return _ascending(np.column_stack([rows[kept // ways], kept % ways]), bounds)

    def _in_form(self, form: CoreForm) -> tuple[Rows, Rows]:
        """What is the same at all nodes, and room to work in."""
        found = self._forms.get(form.name)
        if found is None:
            cuts, flat = self._cuts, self._cuts.flat
            given = cuts.whole, self._once, flat.most_elements, cuts.numbers
            same, scratch = map(form.row, given), map(form.zeros, (FULL + MOST_LOOPS, PORT_NUMBERS))
            found = self._forms[form.name] = [flat.in_form(form), *same], [*scratch]
        return found


def _ascending(rows: Sizes, bounds: Any) -> Prefixes:
    """Good schedules early make a low best, and that prunes the rest."""
    promising = np.argsort(bounds, kind="stable")
    return Prefixes(rows[promising], bounds[promising])
