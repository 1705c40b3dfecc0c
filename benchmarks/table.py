"""The table of docs/performance.md: what a version of simdc takes, beside its goals or beside another version.

    python benchmarks/table.py                       this simdc, without the compiled core and with it, if it is there
    python benchmarks/table.py --write               into docs/performance.md, too: half an hour
    python benchmarks/table.py --against FOLDER      also the tree in FOLDER, in turns, and ratios
    python benchmarks/table.py --rows again,machines --repetitions 1

Processor time, not time on the clock. Each row runs in processes of its own, several times, and the median counts. What
is changed from one pricing to the next is a random field of the machine: some changes are kinder than others. Goals in
seconds are for a machine on which a fixed amount of Python takes 64 ms; "scaled" is what was measured, on that machine.
"""

from __future__ import annotations

import platform
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import large
import page
import pricing
import searching
import sweeps
from processes import HERE, PROCESSES, Tree
from row import Row

from simdc.cost.flat.core import COMPILED

INSIDE: dict[str, Row] = {**pricing.ROWS, **large.ROWS, **sweeps.ROWS, **searching.ROWS}
WORK_S = 0.064
"""Seconds of the fixed work on the machine that goals are for."""
ENOUGH_S = 5
"""What took longer is not measured again."""


def fixed_work() -> float:
    """Seconds of a fixed amount of Python: how fast this machine is, now."""
    start = process_time()
    total = 0
    for number in range(2_000_000):
        total += number // 3
    assert total
    return process_time() - start


class Measured:
    """Medians of a row, one for each tree, and of the fixed work meanwhile."""

    def __init__(self, name: str, trees: list[Tree], repetitions: int):
        self.name = name
        self.row = PROCESSES[name] if name in PROCESSES else INSIDE[name]
        taken: list[list[float]] = [[] for _ in trees]
        work: list[float] = []
        if name in PROCESSES:
            # Bytecode files and what is kept of the network.
            for tree in trees:
                self._once(tree)
        for _ in range(repetitions):
            work.append(fixed_work())
            for each, tree in zip(taken, trees, strict=True):
                if self.row.unit == "MiB" or sum(each) < ENOUGH_S:
                    each.append(self._once(tree))
        self.found, self.work = [median(each) for each in taken], median(work)

    def _once(self, tree: Tree) -> float:
        if self.name in PROCESSES:
            return tree.whole(PROCESSES[self.name])
        return tree.inside(__file__, self.name)

    def text(self, number: float) -> str:
        if self.row.unit == "MiB":
            return f"{number:.0f} MiB"
        return f"{number:.2f} s" if number >= 1 else f"{1e3 * number:.{digits(1e3 * number)}f} ms"

    def beside_goals(self, importing: float | None) -> list[str]:
        """Scaled to the machine of the goals; processes as multiples of `importing` xDSL."""
        scale = WORK_S / self.work
        if self.row.unit == "MiB":
            return ["", self.goal(self.row.goal)]
        if self.name in PROCESSES:
            ratio = "" if importing is None else f"{self.found[-1] / importing:.2f} of xDSL"
            return [ratio, f"{self.row.goal} of xDSL" if self.row.goal else ""]
        scaled = ", ".join(self.text(each * scale) for each in self.found)
        assert isinstance(self.row, Row)
        goals = [goal for goal in (self.row.goal_plain, self.row.goal) if goal is not None]
        return [scaled, ", ".join(map(self.goal, goals))]

    def goal(self, goal: float | None) -> str:
        if goal is None or self.row.unit == "MiB":
            return "" if goal is None else f"{goal:.0f} MiB"
        return f"{goal:g} s" if goal >= 0.1 else f"{1e3 * goal:.2g} ms"


def digits(number: float) -> int:
    """Behind the point, for three in all: 0.24, 2.9, 25."""
    return 2 if number < 1 else 1 if number < 20 else 0


def lines(trees: list[Tree], rows: list[str], repetitions: int, *, against: bool) -> Iterator[str]:
    titles = [tree.title for tree in trees]
    heads = [*titles, "ratio"] if against else [*titles, f"scaled: {', '.join(titles)}", "goal"]
    yield f"| processor time | {' | '.join(heads)} |"
    yield f"|---|{'---:|' * len(heads)}"
    importing, works = None, list[float]()
    for name in rows:
        row = Measured(name, trees, repetitions)
        works.append(row.work)
        if name == "xdsl":
            importing = row.found[-1]
        cells = [row.text(each) for each in row.found]
        if against:
            cells.append(", ".join(f"{row.found[0] / each:.2f}" for each in row.found[1:]))
        else:
            cells += row.beside_goals(importing)
        yield f"| {row.row.title} | {' | '.join(cells)} |"
    yield ""
    yield (
        f"Python {platform.python_version()} on {platform.machine()}. The fixed work took "
        f"{1e3 * median(works):.0f} ms, {1e3 * min(works):.0f} to {1e3 * max(works):.0f} from row to row."
    )


def main() -> None:
    parser = ArgumentParser(description="Measure the table of docs/performance.md.")
    parser.add_argument("--inside", choices=list(INSIDE), help="measure one row in this process and print a number")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another tree of simdc")
    parser.add_argument("--rows", default=",".join((*PROCESSES, *INSIDE)), help="rows by name, with commas between")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="renew the table of docs/performance.md")
    chosen = parser.parse_args()
    if chosen.inside:
        print(INSIDE[chosen.inside].measure())
        return
    with TemporaryDirectory() as kept:
        trees = [Tree("plain", HERE, f"{kept}/plain", plain=True)]
        if COMPILED is not None:
            trees.append(Tree("compiled", HERE, f"{kept}/compiled", plain=False))
        if chosen.against is not None:
            trees.insert(0, Tree("before", chosen.against.resolve(), f"{kept}/before", plain=True))
        said: list[str] = []
        against = chosen.against is not None
        for line in lines(trees, chosen.rows.split(","), chosen.repetitions, against=against):
            print(line, flush=True)
            said.append(line)
    if chosen.write:
        page.put("table.py", "\n".join(said) + "\n")


if __name__ == "__main__":
    main()
