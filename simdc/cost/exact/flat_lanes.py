"""A vector program on a machine as a plan of whole numbers, for `cost/flat`; none where a machine has what that
lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from simdc.cost.capacity import in_memory
from simdc.cost.channels import on_channels
from simdc.cost.fission import inner_loops, wait_cycles
from simdc.cost.flat import lanes, program, tiles, waiting
from simdc.cost.flat.core import CoreForm, run
from simdc.cost.hardware import Hardware, SimdArray
from simdc.cost.kernel import LoopNest, Operand, VectorProgram, shared_loops
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.rule import MachineRule, StreamRow
from simdc.cost.tiling import Need
from simdc.cost.whole import kept_whole

from .code import issue_counts, operations, sequence_cycles
from .flat_plan import FlatPlan, options_beside
from .waits import handed_on

WHEN = {"new": tiles.NEW, "resumed": tiles.RESUMED, "left": tiles.COMPLETE}
KNOWN = ("simd.tile_overhead_cycles", "simd.issue", "simd.double_buffered")


@lru_cache(maxsize=1)
def _others() -> tuple[Callable[[Hardware], tuple[object, ...]], tuple[object, ...]]:
    """As `options_beside`."""
    return options_beside(KNOWN, "systolic.")


class ProgramShape:
    """What of a program memories, ports and lanes do not change. `is_known` is false for one that `cost/flat` does not
    price: too many loops, operands, streams, nests or blocks, or a loop that moves two dimensions of an operand."""

    def __init__(self, kernel: VectorProgram):
        self.kernel, self.loops = kernel, kernel.bounds
        self.numbers = {loop: number for number, loop in enumerate(self.loops)}
        self.nest_loops = [self.bits(loop.name for loop in nest.loops) for nest in kernel.nests]
        self.last: FlatProgram | None = None
        self._of: tuple[object, ...] = ()
        self._template: ProgramRows | None = None
        ops: dict[str, int] = {}
        for nest in kernel.nests:
            for opcode, elements in operations(nest):
                ops[opcode] = ops.get(opcode, 0) + elements
        self.ops = tuple(sorted(ops.items()))
        operands = (o for nest in kernel.nests for o in (*nest.inputs, *nest.outputs, *nest.scratch))
        self.is_known = (
            len(self.loops) <= tiles.MOST_LOOPS
            and len(kernel.nests) <= program.MOST_NESTS
            and all(len(nest.blocks) <= program.MOST_BLOCKS for nest in kernel.nests)
            and sum(len(nest.inputs) + 2 * len(nest.outputs) for nest in kernel.nests) <= tiles.MOST_STREAMS
            and not any(each.is_entangled for each in operands)
        )

    def bits(self, loops: Iterable[str]) -> int:
        """Loops as bits of a number."""
        found = 0
        for loop in loops:
            found |= 1 << self.numbers[loop]
        return found

    def rows(self, simd: SimdArray, rule: MachineRule) -> ProgramRows | None:
        """A plan with what the instructions and the rule say; None for one with too many operands."""
        key = simd.issue, simd.width_bits, simd.latency_cycles, wait_cycles(simd), simd.tile_overhead_cycles, rule
        if self._of != key:
            found = ProgramRows(self, simd, rule)
            self._of, self._template = key, found if len(found.operands) <= tiles.MOST_OPERANDS else None
        return self._template


class ProgramRows:
    """A plan in which the machine's memory, ports and lanes are not written yet. `operands` has the index of each
    operand by number, alike ones once; `streams` what each stream is; `vectors` how many vectors of temporaries each
    nest has beside its tiles; `overlapping` the streams of results whose windows may overlap."""

    def __init__(self, shape: ProgramShape, simd: SimdArray, rule: MachineRule):
        self._shape, nests = shape, shape.kernel.nests
        self.operands: dict[tuple[tuple[tuple[str, int], ...], ...], int] = {}
        self.ports = list(dict.fromkeys(row.port for row in rule.vector_streams))
        self.streams: list[StreamRow] = []
        self.vectors: list[int] = []
        self.overlapping: list[tuple[int, Operand, dict[str, int]]] = []
        self.plan = plan = [0] * (tiles.PLAN + len(nests) * program.NEST)
        for number, bound in enumerate(shape.loops.values()):
            row = tiles.LOOP_ROWS + number * tiles.LOOP
            plan[row : row + tiles.LOOP] = [bound, bound, 1, 0]
        for number, nest in enumerate(nests):
            self._nest(nest, number, simd, rule)
        for index, number in self.operands.items() if len(self.operands) <= tiles.MOST_OPERANDS else ():
            plan[tiles.OPERAND_ROWS + number] = len(plan)
            plan.append(len(index))
            for terms in index:
                plan.append(len(terms))
                for loop, step in terms:
                    plan += (shape.numbers[loop], step)
        head = [len(shape.loops), len(self.operands), len(self.streams), len(self.ports), len(nests)]
        plan[: len(head)] = head
        plan[program.WAIT] = wait_cycles(simd)

    def number(self, operand: Operand) -> int:
        """Of an operand, by how loops index it."""
        return self.operands.setdefault(tuple([terms for terms, _ in operand.index]), len(self.operands))

    def overlap(self, result: Operand, bounds: Mapping[str, int]) -> int:
        """The loops along which tiles of a result overlap, as bits."""
        return self._shape.bits(shared_loops(result, bounds))

    def _nest(self, nest: LoopNest, number: int, simd: SimdArray, rule: MachineRule) -> None:
        shape, plan, first = self._shape, self.plan, len(self.streams)
        for row in rule.vector_streams:
            for operand in nest.inputs if row.operand == "input" else nest.outputs:
                at = tiles.STREAM_ROWS + len(self.streams) * tiles.STREAM
                port, when = self.ports.index(row.port), WHEN[row.when]
                plan[at : at + tiles.STREAM] = [self.number(operand), operand.bits, port, 1, 1, when, 0]
                if row.operand == "output" and any(len(terms) > 1 for terms, _ in operand.index):
                    self.overlapping.append((at, operand, {loop.name: 0 for loop in nest.loops}))
                self.streams.append(row)
        held, vectors = in_memory(nest, simd)
        self.vectors.append(vectors)
        row = tiles.PLAN + number * program.NEST
        parts = [
            [number for block in self._blocks(nest, simd) for number in block],
            self._pairs(nest),
            [number for operand in held for number in (self.number(operand), operand.bits)],
            [self.number(operand) for operand in nest.scratch],
        ]
        loops, whole = shape.nest_loops[number], shape.bits(kept_whole(nest))
        plan[row : row + 3] = [loops, first, len(self.streams)]
        for place, (part, length) in enumerate(zip(parts, (program.BLOCK, waiting.PAIR, 2, 1), strict=True)):
            plan[row + 3 + 2 * place : row + 5 + 2 * place] = [len(part) // length, len(plan)]
            plan += part
        # The order of loops behind the pairs that ask for it.
        self._orders(nest, plan[row + program.PAIRS_AT])
        plan[row + program.KEPT_WHOLE] = whole

    def _blocks(self, nest: LoopNest, simd: SimdArray) -> Iterable[list[int]]:
        set_up = 0 if simd.issue == "interleaved" else simd.tile_overhead_cycles
        for block, counts in zip(nest.blocks, issue_counts(nest, simd.width_bits), strict=True):
            loops, at_start = self._shape.bits(block.loops), int(block.at == "start")
            inside = self._shape.bits(inner_loops(nest, block)) if set_up else 0
            cycles = sequence_cycles(block, simd)
            yield [loops, at_start, cycles, len(block.instructions) * set_up, inside, *counts]

    def _pairs(self, nest: LoopNest) -> list[int]:
        found: list[int] = []
        for first, second, written in handed_on(nest):
            if first != second:
                found += (waiting.ACROSS, first, second, self._shape.bits(written.loops), 0, 0)
            elif any(len(terms) > 1 for terms, _ in written.index):
                found += (waiting.MEETING, first, second, self.number(written), 0, 0)
            else:
                still, moving = (self._shape.bits(loops) for loops in _order(nest, first, written))
                found += (waiting.WITHIN, first, second, still, moving, 0)
        return found

    def _orders(self, nest: LoopNest, pairs_at: int) -> None:
        for place, (first, second, written) in enumerate(handed_on(nest)):
            pair = pairs_at + place * waiting.PAIR
            if first == second and self.plan[pair] == waiting.MEETING:
                still, moving = _order(nest, first, written)
                order = [self._shape.numbers[loop] for loop in (*still, *moving)]
                self.plan[pair + waiting.RUNNING : pair + waiting.PAIR] = [len(order), len(self.plan)]
                self.plan += order


def _order(nest: LoopNest, number: int, written: Operand) -> tuple[list[str], list[str]]:
    """The loops of a block that leave alone what is written, and inside them those that move it."""
    moving = [loop for loop, _ in nest.loops if loop in written.loops]
    return [loop for loop, _ in nest.loops if loop in nest.blocks[number].loops and loop not in moving], moving


class FlatProgram(FlatPlan):
    """A program on one machine. `price_one` prices a tiling, `cost` makes a cost of that."""

    def __init__(self, shape: ProgramShape, rows: ProgramRows, hardware: Hardware, rule: MachineRule):
        self.shape, self.rows, self.hardware, self.given = shape, rows, hardware, rule
        self.rule = on_channels(rule, hardware)
        self.memory = self.rule.program_memory(hardware)
        self.limit_bits = self.memory.usable_bits(hardware)
        self.lanes_number = shape.numbers[shape.kernel.lanes]
        super().__init__(shape.loops, self._planned(), len(rows.streams))

    def _planned(self) -> list[int]:
        shape, rows, hardware, kernel = self.shape, self.rows, self.hardware, self.shape.kernel
        simd, plan, bandwidths = hardware.simd, rows.plan.copy(), self.rule.bandwidths(hardware)
        plan[tiles.FILL], plan[program.DOUBLED] = self.rule.lanes_fill_cycles(simd), int(simd.double_buffered)
        row = tiles.LOOP_ROWS + self.lanes_number * tiles.LOOP
        plan[row + 2] = simd.lanes
        if kernel.padded_loop is not None:
            plan[row + 1] = -(-plan[row] // simd.lanes) * simd.lanes
        for number, stream in enumerate(rows.streams):
            rate, row = bandwidths[stream.port], tiles.STREAM_ROWS + number * tiles.STREAM
            plan[row + 3], plan[row + 4] = rate.numerator, rate.denominator
        for number, vectors in enumerate(rows.vectors):
            row = tiles.PLAN + number * program.NEST
            plan[row + program.VECTOR_BITS] = vectors * simd.lanes * simd.width_bits
        for row, operand, loops in rows.overlapping:
            bounds = {loop: plan[tiles.LOOP_ROWS + shape.numbers[loop] * tiles.LOOP + 1] for loop in loops}
            plan[row + 6] = rows.overlap(operand, bounds)
        return plan

    def price_one(self, order: Sequence[str], sizes: Sequence[int]) -> list[int] | None:
        """What `cost/flat` finds, as `lanes.py` numbers it, or None where it does not price such a tiling: where loops
        are cut too often for it, or the program cannot be run so."""
        loops, cut = self.numbered(order, sizes)
        if cut > tiles.MOST_CUT:
            return None

        def work(form: CoreForm) -> list[int] | None:
            found = form.zeros(lanes.PROGRAM_FOUND)
            refused = form.price_program(
                self.in_form(form), form.row(loops), form.row(sizes), self.room(form, cut), found
            )
            return None if refused else found

        return run(work)

    def needs(self, found: Sequence[int]) -> list[Need]:
        """What the largest tiles of each nest need together."""
        memory = self.memory
        return [
            Need(memory.name, memory.capacity, bits, self.limit_bits)
            for bits in found[lanes.NEEDS : lanes.NEEDS + len(self.rows.vectors)]
        ]

    def cost(self, found: list[int]) -> Cost:
        simd, total, compute = self.hardware.simd, found[tiles.TOTAL], found[tiles.COMPUTE]
        instructions, bits, immediates = found[lanes.COUNTS : lanes.STREAM_BITS]
        moved: dict[str, int] = {}
        for stream, own in zip(self.rows.streams, found[lanes.STREAM_BITS :], strict=False):
            moved[stream.traffic] = moved.get(stream.traffic, 0) + own
        sram = SramBits(
            vmem=bits * simd.lanes, imm=immediates * simd.width_bits, insmem=instructions * simd.instruction_bits
        )
        ports: Mapping[str, int] = dict(zip(self.rows.ports, found[lanes.PORT_CYCLES :], strict=False))
        return Cost(
            Cycles(compute, total - compute), DramBits(**moved), sram, self.shape.ops, Busy(compute=compute, **ports)
        )


@lru_cache(maxsize=1024)
def program_shape(kernel: VectorProgram) -> ProgramShape:
    return ProgramShape(kernel)


def knows_lanes(hardware: Hardware) -> bool:
    """Whether `cost/flat` knows all that is special about a machine's lanes."""
    options, defaults = _others()
    return hardware.stores_padding and options(hardware) == defaults


def flat_program(kernel: VectorProgram, hardware: Hardware, rule: MachineRule) -> FlatProgram | None:
    """None where a border clips tiles, the program is too large, or the machine has an option that `cost/flat` does not
    know: then the classes of this folder answer."""
    if not knows_lanes(hardware) or type(rule) is not MachineRule:
        return None
    shape = program_shape(kernel)
    # The ladder has just asked for what is priced now.
    last = shape.last
    if last is not None and last.hardware is hardware and last.given is rule:
        return last
    own = on_channels(rule, hardware)
    rows = shape.rows(hardware.simd, own) if shape.is_known else None
    # Halves of a memory change hands on one port.
    if rows is None or len(rows.ports) != 1:
        return None
    shape.last = FlatProgram(shape, rows, hardware, rule)
    return shape.last
