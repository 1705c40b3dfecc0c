"""A vector program's schedule as the lanes take it: code, commands, and lists of the elements that a transfer moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod

import numpy as np

from simdc.backends.execute.arrays import Array
from simdc.backends.execute.buffers import real_values
from simdc.backends.simulate.footprint import differs
from simdc.backends.simulate.issue import issue_order
from simdc.backends.simulate.transfer import Transfer
from simdc.backends.simulate.vector import VectorVisit, visits
from simdc.backends.simulate.walk import Tile, neighbours, whole_loops
from simdc.cost.capacity import replaced
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import CodeBlock, LoopNest, Operand, VectorProgram, viewed
from simdc.cost.numbers import ceil_div
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple

from . import lanes_machine as built
from .beats import Words
from .lanes_code import Code
from .nested_sums import NestedSum
from .unplayable import require, whole_bits
from .vector_tile import Elements, VectorTile


class LanesSchedule(NamedTuple):
    """`words` is what the simulated machine reads; of its answer the counters come first, then `elements` of double
    precision, in which tensors stand at `tensors`."""

    words: Words
    tiles: int
    elements: int
    tensors: Mapping[str, int]


class _PlacedNest:
    """Where the operands of one nest lie in vector memory."""

    def __init__(self, nest: LoopNest, program: VectorProgram, machine: Hardware, steps: Sequence[VectorVisit]):
        self.nest, self.lanes = nest, machine.simd.lanes
        self.bounds = {loop.name: loop.bound for loop in nest.loops}
        self.lanes_loop = program.lanes if self.bounds.get(program.lanes, 1) > 1 else None
        self.stored = (*nest.inputs, *nest.scratch, *nest.outputs)
        self.views = {view.name: viewed(view, nest).name for view in nest.views}
        rows = {operand.name: max(self.tile(operand, step.tile).rows for step in steps) for operand in self.stored}
        places = replaced(nest)
        self.base: dict[str, int] = {}
        used = 0
        for operand in self.stored:
            place = places.get(operand.name)
            if place is not None and rows[place] == rows[operand.name]:
                self.base[operand.name] = self.base[place]
            else:
                self.base[operand.name] = used
                used += rows[operand.name]
        require(used <= built.DEPTH - 64, f"{used:,} rows of vector memory; {built.DEPTH:,} are built")
        self.stamps: dict[str, int] = {}

    def tile(self, operand: Operand, tile: Tile) -> VectorTile:
        return VectorTile(operand, self.lanes_loop, self.lanes, tile, self.bounds)

    def place(self, name: str) -> str:
        """The operand that lies where `name` is: of a view its input."""
        return self.views.get(name, name)


class _LanesPlanner:
    def __init__(self, program: VectorProgram, machine: Hardware, rule: MachineRule, inputs: Mapping[str, Array]):
        self.program, self.machine = program, machine
        port = {row.operand: row.port for row in rule.vector_streams}["input"]
        self.rate = whole_bits(rule.bandwidths(machine)[port], "vector memory")
        self.code = Code(machine.simd)
        self.commands: list[list[int]] = []
        self.starts: list[int] = []
        self.elements: list[Elements] = []
        self.count = 0
        self.fills: list[list[int]] = []
        self.written: set[str] = set()
        self.tiles = 0
        self.next_stamp = 2
        self.cycles = 0
        self.most_cycles = 0
        self.tensors: dict[str, int] = {}
        self.size = 0
        for operand in program.operands:
            if operand.name not in self.tensors:
                self.tensors[operand.name] = self.size
                self.size += prod(operand.shape)
        self.memory = np.full(self.size, np.nan)
        for name, values in inputs.items():
            at = self.tensors[name]
            self.memory[at : at + values.size] = values.ravel()

    def play(self, nest: LoopNest, tiling: Tiling, rule: MachineRule) -> None:
        steps = list(visits(nest, self.program, tiling, self.machine, rule))
        here = _PlacedNest(nest, self.program, self.machine, steps)
        initial = dict(nest.initial)
        for result in nest.outputs:
            # A result that an earlier nest wrote parts of goes on from there.
            if result.name not in self.written or result.name in initial:
                value = self.code.bits(initial.get(result.name, float("nan")))
                at = self.tensors[result.name]
                self.fills.append([len(self.commands), at, prod(result.shape), *value])
        self.written |= {result.name for result in nest.outputs}
        for before, step, _ in neighbours(steps):
            self.tiles += 1
            for operand in here.stored:
                if differs(operand, step.tile, None if before is None else before.tile):
                    here.stamps[operand.name] = self.next_stamp
                    self.next_stamp += 1
            operands = {operand.name: operand for operand in here.stored}
            for move in step.loads:
                self._move(built.BRING, operands[move.operand], move, here, step.tile)
            blocks = [block for block, _ in step.issues]
            for number, block in enumerate(blocks or [None]):
                last = number + 1 >= len(blocks)
                self._run(block, here, step.tile, begins=number == 0, ends=last)
            for move in step.stores:
                self._move(built.TAKE, operands[move.operand], move, here, step.tile)

    def _command(self, words: list[int], elements: Elements) -> None:
        self.commands.append(words)
        self.starts.append(self.count)
        self.elements.append(elements)
        self.count += len(elements)

    def _move(self, kind: int, operand: Operand, move: Transfer, here: _PlacedNest, tile: Tile) -> None:
        elements = here.tile(operand, tile).elements(
            here.base[operand.name],
            self.tensors[operand.name],
            stores_padding=self.machine.stores_padding,
            stored=kind == built.TAKE,
        )
        if not len(elements):
            return
        whole, rest = divmod(self.rate, operand.bits)
        most = whole + (rest > 0)
        require(most <= built.MOST, f"{most} elements a cycle; {built.MOST} are built")
        words = [0] * built.FIELDS
        words[: built.CODE_AT] = kind, move.bits, len(elements), operand.bits, whole, rest, here.stamps[operand.name]
        initial = dict(here.nest.initial).get(operand.name, float("nan"))
        words[built.MOVED_INITIAL_AT] = self.code.immediate(initial)
        self.cycles += move.cycles
        self._command(words, elements)

    def _run(self, block: CodeBlock | None, here: _PlacedNest, tile: Tile, *, begins: bool, ends: bool) -> None:
        words = [0] * built.FIELDS
        words[built.KIND_AT], words[built.BEGINS_AT], words[built.ENDS_AT] = built.RUN, int(begins), int(ends)
        words[built.BOUND_AT : built.SUM_AT] = [1] * built.LOOPS
        if block is not None:
            names, words[built.CODE_AT], words[built.CODE_COUNT_AT] = self.code.place(block, here.nest)
            self._operands(words, block, names, here, tile)
        self.cycles += 100
        self._command(words, np.zeros((0, 3), dtype=np.int64))

    def _operands(
        self, words: list[int], block: CodeBlock, names: Sequence[str], here: _PlacedNest, tile: Tile
    ) -> None:
        """Loops of a block, addresses of its operands, and where it computes."""
        nest, lanes = here.nest, here.lanes
        known = {operand.name: operand for operand in (*here.stored, *nest.views)}
        require(len(names) <= built.OPERANDS, f"{len(names)} operands in a block")
        order = issue_order(block, nest)
        require(len(order) <= built.LOOPS, f"{len(order)} loops of a block")
        counts = {loop: ceil_div(len(tile.values[loop]), lanes if loop == self.program.lanes else 1) for loop in order}
        initial = dict(nest.initial)
        sums: dict[int, NestedSum] = {}
        guards: list[tuple[NestedSum, int]] = []
        low, high, parts = 0, lanes, set[tuple[int, tuple[tuple[str, int], ...], int]]()
        real = real_values(tile, here.bounds)
        if here.lanes_loop in counts:
            high = len(real[str(here.lanes_loop)])
            sums[built.SUMS - 1] = NestedSum(0, {str(here.lanes_loop): lanes})
        for number, name in enumerate(names):
            operand, place = known[name], here.place(name)
            there = here.tile(operand, tile)
            if name in self.code.written(block) and here.lanes_loop in counts:
                require(there.lane_dimension is not None, f"lanes that write one {name} together")
            sums[number] = self._address(there, here, known[place], tile)
            guards += there.guards()
            part = there.parts()
            if part is not None:
                parts.add((part[0].initial, tuple(part[0].steps.items()), part[1]))
                sums[built.SUMS - 2], words[built.PART_LIMIT_AT] = part
            if here.lanes_loop in counts:
                first, end = there.lane_range()
                low, high = max(low, first), min(high, end)
            words[built.STAMP_AT + number] = here.stamps[place]
            words[built.INITIAL_AT + number] = self.code.immediate(initial.get(place, float("nan")))
        require(len(parts) <= 1, "rows of two lengths that are in parts")
        if not parts:
            words[built.PART_LIMIT_AT] = built.NOWHERE
        require(len(guards) <= built.GUARDS, f"{len(guards)} dimensions with padding in a block")
        if not all(real[loop] for loop in order):
            high = 0
        words[built.LANE_LOW_AT], words[built.LANE_HIGH_AT] = low, max(high, 0)
        words[built.LIMIT_AT : built.BOUND_AT] = [1] * built.GUARDS
        for number, (position, extent) in enumerate(guards):
            sums[built.OPERANDS + number] = position
            words[built.LIMIT_AT + number] = extent
        unused = built.LOOPS - len(order)
        words[built.BOUND_AT : built.SUM_AT] = [1] * unused + list(counts.values())
        for number, one in sums.items():
            words[built.SUM_AT + number] = one.initial
            at = built.MOVE_AT + number * built.LOOPS + unused
            words[at : at + len(order)] = one.moves(counts)

    def _address(self, there: VectorTile, here: _PlacedNest, owner: Operand, tile: Tile) -> NestedSum:
        """A view indexes the box of its input, from another position on."""
        own = here.tile(owner, tile)
        base = here.base[owner.name]
        if owner is there.operand:
            return there.address(base)
        return own.address_of(there.operand, base)

    def words(self) -> Words:
        code, immediates = self.code.words(), self.code.immediate_words()
        head = [len(self.commands), len(code), len(immediates), self.count, len(self.fills), self.size]
        head += [1000 + 4 * self.cycles + 4 * self.most_cycles, 0]
        simd = self.machine.simd
        settings = [simd.lanes, self.rate, simd.raw_wait_cycles, simd.width_bits, simd.instruction_bits, 0, 0, 0]
        settings += [int(getattr(simd.latency_cycles, opcode)) for opcode in built.OPCODES]
        settings += [0] * (built.SETTINGS - len(settings))
        parts: list[Iterable[int]] = [head, settings, *code, *immediates, *self.commands, self.starts]
        numbers = np.array([word for part in parts for word in part], dtype=np.int64)
        moved = np.concatenate([np.zeros((0, 3), dtype=np.int64), *self.elements]).ravel()
        fills = np.array([word for fill in self.fills for word in fill], dtype=np.int64)
        whole = np.concatenate([numbers, moved, fills])
        return np.concatenate([(whole & 0xFFFFFFFF).astype(np.uint32), self.memory.view(np.uint32)])


def lanes_schedule(
    program: VectorProgram,
    tiling: Tiling,
    machine: Hardware,
    rule: MachineRule,
    inputs: Mapping[str, Array],
    most_cycles: int,
) -> LanesSchedule:
    """`inputs` are arrays of the operands that no nest makes; the machine is stopped when it takes much longer than
    `most_cycles`. Raises Unplayable."""
    simd = machine.simd
    require(simd.lanes <= built.LANES, f"{simd.lanes} lanes; {built.LANES} are built")
    require(simd.pipeline_stages == built.STAGES, f"{simd.pipeline_stages} stages; {built.STAGES} are built")
    require(simd.raw_wait_cycles >= 1, "no wait between dependent instructions: nothing forwards so early")
    plan = _LanesPlanner(program, machine, rule, inputs)
    plan.most_cycles = most_cycles
    whole = whole_loops(program, tiling)
    for nest in program.nests:
        plan.play(nest, whole, rule)
    require(plan.next_stamp < 1 << 16, f"{plan.next_stamp:,} tiles of operands; {1 << 16:,} are told apart")
    return LanesSchedule(plan.words(), plan.tiles, plan.size, plan.tensors)
