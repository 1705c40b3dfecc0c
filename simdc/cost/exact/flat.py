"""A contraction on a machine as a plan of whole numbers, for `cost/flat`; none where a machine has what that lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

from simdc.cost.capacity import array_buffers
from simdc.cost.channels import by_channel, on_channels
from simdc.cost.flat import tiles as at
from simdc.cost.flat.core import CoreForm, run
from simdc.cost.flat.price import moved_bits
from simdc.cost.grid import padded_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Operand
from simdc.cost.result import Busy, Cost, Cycles, DramBits
from simdc.cost.rule import MachineRule, StreamRow
from simdc.cost.spread import Spread, spread_of
from simdc.cost.tiling import Need

from .flat_plan import FlatPlan, options_beside
from .sram import sram_bits

WHEN = {"new": at.NEW, "resumed": at.RESUMED, "partial": at.PARTIAL, "complete": at.COMPLETE}
KNOWN = ("systolic.dataflow", "systolic.row_mapping", "systolic.group_mapping", "systolic.tile_overhead_cycles")
UNLIMITED = 2**62
"""Elements: no tile has so many."""


@lru_cache(maxsize=1)
def _others() -> tuple[Callable[[Hardware], tuple[object, ...]], tuple[object, ...]]:
    """As `options_beside`."""
    return options_beside(KNOWN, "simd.")


class Shape:
    """What of a contraction no machine changes: its loops by number, its operands as rows. `rows` is None for one that
    `cost/flat` does not price: too many loops, or a loop that moves two dimensions of an operand."""

    __slots__ = ("_of", "_template", "dimensions", "kernel", "last", "loops", "numbers", "operands", "rows")

    def __init__(self, kernel: Contraction):
        self.kernel, self.loops = kernel, kernel.bounds
        self.last: FlatContraction | None = None
        self._of: MachineRule | None = None
        self._template: list[int] = []
        self.numbers = {loop: number for number, loop in enumerate(self.loops)}
        self.operands = kernel.by_role
        self.dimensions = sum(len(operand.index) for operand in self.operands.values())
        known = len(self.loops) <= at.MOST_LOOPS and not any(each.is_entangled for each in self.operands.values())
        self.rows = list(map(self._row, self.operands.values())) if known else None

    def template(self, rows: list[list[int]], streams: Sequence[StreamRow], rule: MachineRule) -> list[int]:
        """A plan with all that the rule and the kernel say, and a width of 1 along each loop."""
        if self._of is rule:
            return self._template
        kernel, roles, ports = self.kernel, list(self.operands), rule.array_ports
        result = set(kernel.psum.loops)
        plan = [0] * at.PLAN
        plan[: at.RESULT + 1] = [len(self.loops), len(rows), len(streams), len(ports), roles.index("psum")]
        for number, (loop, bound) in enumerate(self.loops.items()):
            row = at.LOOP_ROWS + number * at.LOOP
            plan[row : row + at.LOOP] = [bound, bound, 1, int(loop in result)]
        for number, stream in enumerate(streams):
            row, port, when = at.STREAM_ROWS + number * at.STREAM, ports.index(stream.port), WHEN[stream.when]
            bits = kernel.ofmap_bits if when == at.COMPLETE else self.operands[stream.operand].bits
            plan[row : row + at.STREAM] = [roles.index(stream.operand), bits, port, 1, 1, when]
        for number, row in enumerate(rows):
            plan[at.OPERAND_ROWS + number] = len(plan)
            plan += row
        self._of, self._template = rule, plan
        return plan

    def _row(self, operand: Operand) -> list[int]:
        # ifmap[ic, 2*oh + kh], loops ic 1, kh 2, oh 3: 2 dimensions; 1 term, 1 by 1; 2 terms, 3 by 2 and 2 by 1.
        row = [len(operand.index)]
        for terms, _ in operand.index:
            row.append(len(terms))
            for loop, step in terms:
                row += (self.numbers[loop], step)
        return row


class FlatContraction(FlatPlan):
    """A contraction on one machine. `price_one` prices a tiling, `cost` makes a cost of that."""

    def __init__(self, shape: Shape, rows: list[list[int]], spread: Spread, hardware: Hardware, rule: MachineRule):
        self.shape, self.hardware, self.given, self.spread = shape, hardware, rule, spread
        self.rule = rule = on_channels(rule, hardware)
        self._roles = list(shape.operands)
        self._streams = [row for row in rule.array_streams if row.operand in shape.operands]
        super().__init__(shape.loops, self._planned(shape.template(rows, self._streams, rule)), len(self._streams))
        self.buffers = array_buffers(shape.kernel, hardware, rule)

    def _planned(self, template: list[int]) -> list[int]:
        shape, hardware, rule = self.shape, self.hardware, self.rule
        plan, bandwidths = template.copy(), rule.bandwidths(hardware)
        plan[at.FILL], plan[at.KEPT] = rule.array_fill_cycles(hardware.systolic), int(self.spread.stays == "psum")
        stored = padded_bounds(shape.loops, shape.kernel, hardware)
        row = at.LOOP_ROWS + 1
        for loop in shape.loops:
            plan[row] = stored[loop]
            row += at.LOOP
        for loop, width in self.spread.widths.items():
            plan[at.LOOP_ROWS + shape.numbers[loop] * at.LOOP + 2] = width
        row = at.STREAM_ROWS + 3
        for stream in self._streams:
            rate = bandwidths[stream.port]
            plan[row], plan[row + 1] = rate.numerator, rate.denominator
            row += at.STREAM
        return plan

    @property
    def felt(self) -> tuple[int, ...]:
        """What of the plan matters to tiles that are cut out of the loops as the machine stores them."""
        # 100 channels stored as 128: a tile of 128 is the whole loop, one of 112 is not, whether there are 100 or 120.
        plan, shape = self.plan, self.shape
        felt = plan[: at.LOOP_ROWS + len(shape.loops) * at.LOOP]
        for row in range(at.LOOP_ROWS, len(felt), at.LOOP):
            felt[row] = felt[row + 1]
        # The room that is left in a plan, most of it, is the same in all.
        felt += plan[at.STREAM_ROWS : at.STREAM_ROWS + len(self._streams) * at.STREAM]
        felt += plan[at.OPERAND_ROWS : at.OPERAND_ROWS + len(shape.operands)]
        return (*felt, *plan[at.PLAN :])

    def price_one(self, order: Sequence[str], sizes: Sequence[int]) -> list[int] | None:
        """What `cost/flat` finds, as `tiles.py` numbers it, or None where loops are cut too often for it."""
        loops, cut = self.numbered(order, sizes)
        if cut > at.MOST_CUT:
            return None

        def work(form: CoreForm) -> list[int]:
            found = form.zeros(at.FOUND)
            form.price(self.in_form(form), form.row(loops), form.row(sizes), self.room(form, cut), found, -1)
            return found

        return run(work)

    def dram_bits_total(self, found: list[int]) -> int:
        """Of all streams together."""
        return sum(moved_bits(self.plan, found, number) for number in range(len(self._streams)))

    def needs(self, found: Sequence[int]) -> list[Need]:
        """The largest tile of each operand against what its buffer holds at a time."""
        return [
            Need(
                buffer.name,
                buffer.capacity,
                found[at.LARGEST + self._roles.index(buffer.operand)] * operand.bits,
                limit_bits,
            )
            for buffer, operand, limit_bits in self.buffers
        ]

    @property
    def stream_operands(self) -> list[Operand]:
        """What each stream moves."""
        return [self.shape.operands[row.operand] for row in self._streams]

    @cached_property
    def most_elements(self) -> list[int]:
        """How many a tile may have, by operand."""
        most = [UNLIMITED] * len(self._roles)
        for buffer, operand, limit_bits in self.buffers:
            place = self._roles.index(buffer.operand)
            most[place] = min(most[place], limit_bits // operand.bits)
        return most

    def cost(self, found: list[int], larger: Callable[[int, int], int] = max) -> Cost:
        """Of what was found; of arrays, with `larger` for these, one of arrays."""
        kernel, array, rule = self.shape.kernel, self.hardware.systolic, self.rule
        total, compute, steps, visits, outputs = found[: at.LARGEST]
        bits: dict[str, int] = {}
        for number, stream in enumerate(self._streams):
            bits[stream.traffic] = bits.get(stream.traffic, 0) + moved_bits(self.plan, found, number)
        ports = dict(zip(rule.array_ports, found[at.TRANSFERS :], strict=False))
        sram = sram_bits(kernel, array, self.spread.stays, steps, steps, visits, outputs)
        ops = (("mac", kernel.useful_macs), ("mac_executed", steps * array.rows * array.columns))
        busy = Busy(compute, **by_channel(ports, larger))
        return Cost(Cycles(compute, total - compute), DramBits(**bits), sram, ops, busy)


@lru_cache(maxsize=1024)
def contraction_shape(kernel: Contraction) -> Shape:
    return Shape(kernel)


def knows_array(hardware: Hardware) -> bool:
    """Whether `cost/flat` knows all that is special about a machine's array."""
    options, defaults = _others()
    return hardware.stores_padding and options(hardware) == defaults


def flat_contraction(kernel: Contraction, hardware: Hardware, rule: MachineRule) -> FlatContraction | None:
    """None where a border clips tiles, loops share a side of the array, or the machine has an option that `cost/flat`
    does not know: then the classes of this folder answer. Raises TilingError as `spread_of`."""
    if not knows_array(hardware) or type(rule) is not MachineRule:
        return None
    shape = contraction_shape(kernel)
    # The ladder has just asked for what is priced now.
    last = shape.last
    if last is not None and last.hardware is hardware and last.given is rule:
        return last
    spread = spread_of(kernel, hardware.systolic)
    if shape.rows is None or spread.joint:
        return None
    shape.last = FlatContraction(shape, shape.rows, spread, hardware, rule)
    return shape.last
