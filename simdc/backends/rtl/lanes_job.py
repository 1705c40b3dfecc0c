"""A vector program on the lanes: real data in, results and counts out."""

from __future__ import annotations

import numpy as np

from simdc.backends.execute.agreement import agree, make_inputs, reached
from simdc.backends.execute.tiled import run_tiled
from simdc.cost.kernel import VectorProgram
from simdc.cost.result import Cost
from simdc.cost.rule import MachineRule

from . import lanes_machine as built
from .beats import Words
from .job import Played, RtlCase
from .lanes_schedule import lanes_schedule


class LanesJob:
    """A vector program's schedule for the RTL, with data as `verify` draws it."""

    top = "lanes"

    def __init__(self, case: RtlCase, rule: MachineRule, cost: Cost, seed: int):
        """Raises Unplayable."""
        assert isinstance(case.kernel, VectorProgram)
        self._program, self._cost = case.kernel, cost
        self._case, self._rule = case, rule
        self._inputs = make_inputs(case.kernel, seed)
        total = int(cost.cycles.total)
        self._schedule = lanes_schedule(case.kernel, case.tiling, case.machine, rule, self._inputs, total)
        self.words = self._schedule.words
        self.answer_words = built.COUNTS + 1 + 2 * self._schedule.elements

    def judge(self, answer: Words) -> Played:
        """Compare an answer of `answer_words`."""
        counted = dict(zip(built.COUNTERS, (int(word) for word in answer), strict=False))
        differences = [
            f"{name}: {counted[name]:,} in the RTL, {number:,} from the cost model"
            for name, number in self._expected().items()
            if counted[name] != number % (1 << 32)
        ]
        if answer[built.COUNTS]:
            differences.insert(0, "the RTL was not done in time")
        memory = answer[built.COUNTS + 1 :].view(np.float64)
        with np.errstate(all="ignore"):
            arrays = run_tiled(*self._case, self._inputs, self._rule).arrays
        elements = wrong = 0
        for name, indexed in reached(self._program).items():
            at = self._schedule.tensors[name]
            found = memory[at : at + indexed.size].reshape(indexed.shape)
            elements += int(indexed.sum())
            wrong += int((indexed & ~agree(found, arrays[name], exact=False)).sum())
        if wrong:
            differences.append(f"data: {wrong:,} of {elements:,} results")
        return Played(self._schedule.tiles, elements, counted["cycles.total"], tuple(differences))

    def _expected(self) -> dict[str, int]:
        found = {"cycles.total": int(self._cost.cycles.total), "cycles.compute": int(self._cost.cycles.compute)}
        for group in ("busy", "dram_bits", "sram_bits"):
            found |= {f"{group}.{name}": int(number) for name, number in getattr(self._cost, group)._asdict().items()}
        return {name: found[name] for name in built.COUNTERS}
