"""A schedule of a contraction of which all is known that a port or a buffer does not change.

On the next machine whose array has as many PEs along each loop its cost is a few divisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import le

from simdc.cost.axis import ONE
from simdc.cost.exact.contraction import TiledContraction
from simdc.cost.flat import costs, network, packed
from simdc.cost.flat.costs import COST_BUSY, COST_COMPUTE, COST_STALL, SIMD_PORT
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling
from simdc.frozen import evolve
from simdc.named import NamedTuple

from .kernels import PackedKernel
from .machine import ROLES

Moves = tuple[tuple[int, ...], ...]
"""By port, bits of each tile that crosses it."""
STREAMS = GENESYS.array_streams
PORTS = [GENESYS.array_ports.index(row.port) for row in STREAMS]
"""The port of each stream."""
RESUMED = [number for number, row in enumerate(STREAMS) if row.when == "resumed"]
STORED = [number for number, row in enumerate(STREAMS) if row.when in ("partial", "complete")]


class Rates(NamedTuple):
    """What a machine changes of cycles: those that fill its array, and bits per cycle of its ports as fractions."""

    fill: int
    ports: tuple[tuple[int, int], ...]


def rates_of(machine: Sequence[int]) -> Rates:
    """Of a machine's row."""
    ports = machine[packed.PORT_RATES :]
    return Rates(machine[packed.ARRAY_FILL], tuple(zip(ports[::2], ports[1::2], strict=True)))


def bit_by_bit(hardware: Hardware) -> Hardware:
    """The machine with ports of the array that move one bit a cycle: what takes n cycles is n bits."""
    one = dict.fromkeys(("weight_bits_per_cycle", "ifmap_bits_per_cycle", "psum_bits_per_cycle"), 1)
    array = hardware.systolic
    return evolve(hardware, systolic=evolve(array, bandwidths=evolve(array.bandwidths, **one)))


def _apart() -> MachineRule:
    """The usual rule with a port for each stream of the array."""
    # Weights of 100 and a bias of 20 bits take 7 + 2 cycles on a port of 16: as one number of 120 they would take 8.
    names = [f"{row.operand} {row.when}" for row in STREAMS]
    rows = tuple(row._replace(port=name) for row, name in zip(STREAMS, names, strict=True))
    ports = {name: GENESYS.ports[row.port] for name, row in zip(names, STREAMS, strict=True)}
    return evolve(GENESYS, ports={**GENESYS.ports, **ports}, array_streams=rows)


APART = _apart()


class KeptSchedule:
    """`dram_bits` are those of all traffic together."""

    __slots__ = ("_cost", "_known", "_needs", "_rows", "_streams", "_tiles", "dram_bits", "schedule")

    def __init__(self, kernel: Contraction, tiling: Tiling, machine: Hardware):
        """On a machine that moves `bit_by_bit`."""
        tiled = TiledContraction.cut(kernel, *tiling, machine, ONE, APART)
        numbers = {loop: number for number, loop in enumerate(kernel.bounds)}
        self.schedule = [numbers[loop] for loop in tiling.order], list(tiling.sizes)
        # How often segments are alike in what they compute and move. The ends compute nothing, not even a fill.
        rows: dict[tuple[int, int, Moves], int] = {}
        fill = tiled.fill_cycles
        for times, bits, compute in tiled.segments():
            stored = max([bits[number] for number in STORED])
            for number in RESUMED:
                # As on a port of its own it waited for stores.
                bits[number] -= stored if bits[number] else 0
            row = 1, compute - fill, _by_port(bits)
            rows[row] = rows.get(row, 0) + times
        for bits in (tiled.first_loads(), tiled.last_stores()):
            row = 0, 0, _by_port(bits)
            rows[row] = rows.get(row, 0) + 1
        self._rows = [(times, *row) for row, times in rows.items()]
        self._tiles = tiled.steps.tiles
        self._streams = [
            (PORTS[number], times, stream.tiles()) for (_, number, _, stream), times in tiled.flows.totals.items()
        ]
        dram, macs = tiled.dram_bits(), dict(tiled.ops())["mac_executed"]
        self.dram_bits = int(dram.total)
        steps = tiled.compute_cycles - self._tiles * fill
        self._cost: list[int] = [steps, 0, *map(int, dram), *map(int, tiled.sram_bits()), macs, 0, *[0] * SIMD_PORT]
        self._known: tuple[Rates, int] | None = None
        operands = [kernel.by_role[role] for role in ROLES if role in kernel.by_role]
        self._needs = [tiled.grid.footprint(operand).largest * operand.bits for operand in operands]

    def fits(self, machine: Sequence[int]) -> bool:
        """Whether the largest tile of each operand is no more than its buffer holds at a time."""
        holds = machine[packed.BUFFERS_HOLD : packed.BUFFERS_HOLD + len(self._needs)]
        return all(map(le, self._needs, holds))

    def cycles(self, rates: Rates) -> int:
        """From the first load to the last store."""
        # Asked again and again where only memories change.
        if self._known is not None and self._known[0] == rates:
            return self._known[1]
        cycles, (fill, ports) = 0, rates
        for times, computes, steps, moves in self._rows:
            longest = steps + fill if computes else 0
            for (numerator, denominator), tiles in zip(ports, moves, strict=True):
                busy = 0
                for bits in tiles:
                    busy -= -bits * denominator // numerator
                if busy > longest:
                    longest = busy
            cycles += times * longest
        self._known = rates, cycles
        return cycles

    def cost(self, rates: Rates) -> list[int]:
        """As `flat/costs.py` has it."""
        cost, (fill, ports) = self._cost.copy(), rates
        compute = cost[COST_COMPUTE] + self._tiles * fill
        cost[COST_COMPUTE], cost[COST_STALL], cost[COST_BUSY] = compute, self.cycles(rates) - compute, compute
        for port, times, kinds in self._streams:
            numerator, denominator = ports[port]
            once = sum([many * -(-bits * denominator // numerator) for many, bits in kinds])
            cost[COST_BUSY + 1 + port] += times * once
        return cost


def write_schedule(
    kept: KeptSchedule, kernel: PackedKernel, machine: list[int], rates: Rates, results: list[int], at: int
) -> None:
    """As `network.price_form`, of a schedule that fits."""
    results[at + network.FORM_COST : at + network.FORM_ORDER] = kept.cost(rates)
    write_tiling(*kept.schedule, kernel.plan, kernel.about, machine, results, at)


def write_tiling(
    order: Sequence[int],
    sizes: Sequence[int],
    plan: list[int],
    about: list[int],
    machine: list[int],
    results: list[int],
    at: int,
) -> None:
    """The schedule of a form whose cost stands there, and whether any schedule may have that."""
    for start, numbers in ((at + network.FORM_ORDER, order), (at + network.FORM_SIZES, sizes)):
        results[start : start + len(numbers)] = numbers
    broken = costs.breaks_law(plan, about, machine, results, at + network.FORM_COST)
    results[at] = network.IMPOSSIBLE if broken else network.PRICED


def _by_port(bits: Sequence[int]) -> Moves:
    found: list[tuple[int, ...]] = [()] * len(GENESYS.array_ports)
    for port, moved in zip(PORTS, bits, strict=True):
        if moved:
            found[port] = (*found[port], moved)
    return tuple(found)
