"""Mistakes in what depends on an order: waits from issue to issue, loops that stay whole, and what a kernel must be."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

M = Mutation

WAITS = (
    M("exact/vector.py", "return waits * self.hardware.simd.raw_wait_cycles", "return waits", "each wait is one cycle"),
    M("exact/vector.py", "compute = self.wait_cycles()", "compute = 0", "issues never wait for one another"),
    M(
        "exact/waits.py",
        "return (self.tiles - 1) * self.full + self.last",
        "return self.tiles * self.full",
        "the last tile is as long as the others",
    ),
    M("exact/waits.py", "if first == second:", "if first != second:", "blocks wait for others like for themselves"),
    M("exact/waits.py", "range(first, len(phase.blocks))", "range(first, first + 1)", "no block waits for another"),
    M("exact/waits.py", "-(-axis.last // step), step)", "-(-axis.tile // step), step)", "edge tiles are like others"),
    M("exact/waits.py", "return ones * (issues - tiles)", "return ones * issues", "the first issue of a tile waits"),
    M("exact/waits.py", "[*still, *moving], along", "[*moving, *still], along", "sums stand inside"),
    M("exact/waits.py", "waits + many * here, outer", "waits + here, outer", "windows meet in one tile of a kind"),
    M(
        "exact/waits.py",
        "    yield along.tiles - 1, along.full\n",
        "    yield along.tiles, along.full\n",
        "a tile more",
    ),
    M(
        "exact/waits.py",
        "moved = moved - steps.get(name, 0) * (sizes[name] - 1)",
        "moved = moved - steps.get(name, 0) * sizes[name]",
        "loops inside turn back too far",
    ),
    M("exact/waits.py", "found + (-1) ** many * tiles", "found + tiles", "a block between is no hindrance"),
    M("exact/waits.py", "return in_last if last else", "return 1 if last else", "the last tile always has one vector"),
)
WHOLE = (
    M(
        "whole.py",
        "return {loop: why for phase in program.phases for loop",
        "return {loop: why for phase in program.phases[:1] for loop",
        "later phases keep nothing whole",
    ),
    M("whole.py", "if loop not in view.loops:", "if loop in view.loops:", "a view keeps whole what moves it"),
    M("whole.py", "for loop in several[1:]:", "for loop in several[2:]:", "rows and columns of a window are cut"),
    M("whole.py", "if updates and not all(", "if updates and all(", "sums keep their order, others do not"),
    M("whole.py", "if dest != name or sources", "if sources", "what another instruction reads may come in any order"),
)
KERNELS = (
    M("kernel.py", "if operand.name == name)", "if operand.name != name)", "a view looks into another input"),
    M("kernel.py", "check_program(phases, lanes)", "check_program(phases[:1], lanes)", "later phases may be anything"),
    M("kernel.py", "operands, (rows, columns))", "operands, (rows, rows))", "columns may run along no loop"),
)

LISTED = (*WAITS, *WHOLE, *KERNELS)
