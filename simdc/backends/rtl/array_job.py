"""What the RTL counted and computed for a contraction, beside what it should be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simdc.backends.execute.buffers import positions, real_values
from simdc.backends.execute.contraction import run_contraction
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.result import Cost
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import loop_bounds

from . import array_machine as built
from .array_schedule import array_schedule
from .beats import Numbers, Words, beat_words, unpack, wrapped
from .job import Played, RtlCase


def random_data(kernel: Contraction, random: np.random.Generator) -> dict[str, Numbers]:
    """Integers of the operands' full width, up to 20 bits: sums of products stay exact in double precision."""
    operands = {role: operand for role, operand in kernel.by_role.items() if role != "psum"}
    limits = {role: 1 << (min(operand.bits, 20) - 1) for role, operand in operands.items()}
    return {
        role: random.integers(-limits[role], limits[role], operand.shape).astype(np.int64)
        for role, operand in operands.items()
    }


def expected_results(kernel: Contraction, data: Mapping[str, Numbers]) -> Numbers:
    """The untiled loops, in integers."""
    arrays = {role: values.astype(np.float64) for role, values in data.items()}
    run = run_contraction(kernel, arrays["ifmap"], arrays["weight"], arrays.get("bias"))
    return run.psum.astype(np.int64)


def expected_counts(cost: Cost, machine: Hardware) -> dict[str, int]:
    """By the names of the counters."""
    steps = int(dict(cost.ops)["mac_executed"]) // (machine.systolic.rows * machine.systolic.columns)
    found = {"cycles.total": int(cost.cycles.total), "cycles.compute": int(cost.cycles.compute), "steps": steps}
    for group in ("busy", "dram_bits", "sram_bits"):
        found |= {f"{group}.{name}": int(number) for name, number in getattr(cost, group)._asdict().items()}
    return {name: found[name] for name in built.COUNTERS}


class ArrayJob:
    """A contraction's schedule for the RTL, with random data, and what the RTL has to answer."""

    top = "machine"

    def __init__(self, case: RtlCase, rule: MachineRule, cost: Cost, random: np.random.Generator):
        """Raises Unplayable."""
        self._machine, self._cost = case.machine, cost
        assert isinstance(case.kernel, Contraction)
        self._contraction = case.kernel
        self._data = random_data(case.kernel, random)
        self._schedule = array_schedule(case.kernel, case.tiling, case.machine, rule, self._data)
        self.words = self._schedule.words
        self._beats = self._schedule.psum_beats, beat_words(self._schedule.psum_rate)
        self.answer_words = built.COUNTS + 1 + self._beats[0] * self._beats[1]

    def judge(self, answer: Words) -> Played:
        """Compare an answer of `answer_words`."""
        counted = dict(zip(built.COUNTERS, (int(word) for word in answer), strict=False))
        differences = [
            f"{name}: {counted[name]:,} in the RTL, {number:,} from the cost model"
            for name, number in expected_counts(self._cost, self._machine).items()
            if counted[name] != number % (1 << 32)
        ]
        if answer[built.COUNTS]:
            differences.insert(0, "the RTL was not done after twice the cycles of all transfers and steps")
        elements, wrong = self._compare(answer[built.COUNTS + 1 :].reshape(self._beats))
        if wrong or not elements:
            differences.append(f"data: {wrong:,} of {elements:,} results")
        return Played(self._schedule.tiles, elements, counted["cycles.total"], tuple(differences))

    def _compare(self, memory: Words) -> tuple[int, int]:
        """How many results there are, and how many are wrong."""
        kernel = self._contraction
        expected = wrapped(wrapped(expected_results(kernel, self._data), kernel.psum.bits), kernel.ofmap_bits)
        bounds, elements, wrong = loop_bounds(kernel), 0, 0
        for stored, beat in self._schedule.results:
            flat = unpack(memory[beat:], stored.elements, kernel.ofmap_bits, self._schedule.psum_rate)
            values = real_values(stored.tile, bounds)
            touched = [positions(expression, values) for expression in kernel.psum.index]
            here = np.ix_(*(found - side.start for found, side in zip(touched, stored.stored, strict=True)))
            got = stored.boxed(flat)[here]
            elements += got.size
            wrong += int((got != expected[np.ix_(*touched)]).sum())
        return elements, wrong
