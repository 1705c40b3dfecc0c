"""The second kind of machine: units with rates, memories with bandwidths, and chains of units that stream into each
other. NVDLA is one; every `Hardware` has a view as one, so that rooflines run on all.

Every field says its unit in its metadata, as in `hardware.py`. What the numbers of a machine rest on stands beside
them, in `basis`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar, cast

from simdc.frozen import Frozen, field

from .extensions import Extensions
from .hardware import Widths
from .machine_fields import (
    LARGEST,
    HardwareError,
    name_text,
    named_parts,
    number,
    part,
    price,
    rate,
    read_words,
    remark,
    word,
    words,
)
from .marks import Basis, Mark, mark_at, marks

T = TypeVar("T")
SPEC = "NVDLA unit description"
RTL = "nvdla/hw, nv_small, on its RTL"
ANY = "the machine's own description"


def _read_chains(value: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, (list, tuple)):
        raise HardwareError("", f"must be a list of lists of units, got {value!r:.80}")
    return tuple(read_words(each) for each in cast("list[object]", value))


def _read_prices(value: object) -> tuple[tuple[str, float], ...]:
    if not isinstance(value, Mapping):
        raise HardwareError("", f"must be an object of pJ by operation, got {value!r:.80}")
    found: list[tuple[str, float]] = []
    for name, pj in cast("Mapping[object, object]", value).items():
        if isinstance(pj, bool) or not isinstance(pj, (int, float)) or not 0 <= pj <= LARGEST:
            raise HardwareError("", f"{str(name)[:80]} must be zero or more and at most 10^20, got {pj!r:.80}")
        found.append((str(name), pj))
    return tuple(found)


def _show_chains(chains: tuple[tuple[str, ...], ...]) -> list[list[str]]:
    return [list(units) for units in chains]


CHAINS: dict[str, object] = {"unit": "lists of units", "read": _read_chains, "show": _show_chains}
PRICES: dict[str, object] = {"unit": "pJ by operation", "read": _read_prices, "show": dict}


class Granule(Frozen):
    """Channels that the array takes at a time: what is left of the last granule idles."""

    # 20 channels in granules of 8 are three, as if there were 24.

    input_channels: int = number("channel", SPEC, default=1)
    output_channels: int = number("channel", SPEC, default=1)


class ComputeUnit(Frozen):
    """A unit that runs kernels of the kinds `runs`, `rate_per_cycle` operations (`operation`) a cycle.

    A multiply-accumulate unit holds weights for a run of pixels of at least `min_run_cycles` and at most
    `max_run_cycles`; its results leave in atoms of `atom_elements`, one in `atom_cycles`. In a chain a unit runs up to
    `stages` kernels one after the other, which read `streamed_operands` from memory beside what the chain hands them;
    its windows have at most `max_window` positions a side (0: any).
    """

    # nv_small: 64 MACs are 8 x 8 channels; 576 pixels are 36 runs of 16; 8 results leave in 11 cycles.

    runs: tuple[str, ...] = words("kinds of kernels", ANY)
    operation: str = name_text()
    rate_per_cycle: int = number("operation/cycle", ANY)
    element_bits: int = number("bit", ANY, default=8)
    granule: Granule = part(Granule, factory=Granule)
    min_run_cycles: int = number("cycle", SPEC, default=1)
    max_run_cycles: int = number("cycle", SPEC, default=1)
    atom_elements: int = number("element", SPEC, default=1)
    atom_cycles: int = number("cycle", RTL, minimum=0, default=0)
    drain_cycles: int = number("cycle/(cycle of the last run)", RTL, minimum=0, default=0)
    weight_block_bits: int = number("bit", SPEC, default=8)
    latency_cycles: int = number("cycle", RTL, minimum=0, default=0)
    operand_latency_cycles: int = number("cycle", RTL, minimum=0, default=0)
    chained_latency_cycles: int = number("cycle", RTL, minimum=0, default=0)
    chained_operand_latency_cycles: int = number("cycle", RTL, minimum=0, default=0)
    stages: int = number("kernel", SPEC, default=1)
    streamed_operands: int = number("operand", SPEC, minimum=0, default=0)
    max_window: int = number("position", SPEC, minimum=0, default=0)


class MemoryLevel(Frozen):
    """A memory that holds `capacity_bits` (0: without limit) in `banks`, read and written by `carries` (operands; none
    named: all of them). Data cross in beats; `burst_beats` at a time are asked for, with idle cycles between. `shared`
    tells whether reads and writes share its cycles."""

    # 64 bits a beat at 16 bits a cycle: 8 bytes in 4 cycles.

    # Whole numbers for NVDLA's rules; rooflines, which only divide by them, take fractions, too.
    read_bits_per_cycle: int = rate(ANY)
    write_bits_per_cycle: int = rate(ANY)
    capacity_bits: int = number("bit", ANY, minimum=0, default=0)
    banks: int = number("bank", ANY, default=1)
    shared: bool = word(bool, "true or false", ANY, default=False)
    latency_cycles: int = number("cycle", ANY, minimum=0, default=0)
    beat_bits: int = number("bit", ANY, default=8)
    burst_beats: int = number("beat", ANY, default=1)
    burst_idle_cycles: int = number("cycle", RTL, minimum=0, default=0)
    carries: tuple[str, ...] = words("operands", ANY, default=())
    read_pj_per_bit: float = price("pJ/bit", ANY, default=0.0)
    write_pj_per_bit: float = price("pJ/bit", ANY, default=0.0)


class Machine(Frozen):
    """One machine of named units and memories. `chains` lists units that stream into each other within one hardware
    layer. `basis` tells, by dotted path or the beginning of one, what numbers rest on; what it does not name is
    assumed. `changed` is as in `Hardware`. Raises HardwareError for chains of what is not there, for two units that run
    the same, and where no memory is `dram`."""

    KIND: ClassVar = "units and memories"

    name: str = name_text()
    clock_ns: float = price("ns", ANY, positive=True)
    units: tuple[tuple[str, ComputeUnit], ...] = named_parts(ComputeUnit)
    memories: tuple[tuple[str, MemoryLevel], ...] = named_parts(MemoryLevel)
    chains: tuple[tuple[str, ...], ...] = field(metadata=CHAINS, default=())
    # INT8 as nv_small has it: values and weights of 8 bits, biases of 16, sums of 32.
    widths: Widths = part(Widths, factory=lambda: Widths(8, 8, 16, 32))
    basis: Basis = marks()
    pj_per_operation: tuple[tuple[str, float], ...] = field(metadata=PRICES, default=())
    changed: str = remark()
    extensions: Extensions = word(Extensions, "an object", "plug-ins, by name", default=Extensions())

    def check_all(self) -> None:
        names = [name for name, _ in self.units]
        for chain in self.chains:
            for unit in chain:
                if unit not in names:
                    raise HardwareError("chains", f"there is no unit '{unit[:80]}'; units: {', '.join(names)}")
        memories = [name for name, _ in self.memories]
        if "dram" not in memories and not all(memory.carries for _, memory in self.memories):
            raise HardwareError("memories", f"one must be called 'dram'; memories: {', '.join(memories)}")
        runs = [kind for _, unit in self.units for kind in unit.runs]
        for kind in runs:
            if runs.count(kind) > 1:
                raise HardwareError("units", f"two units run '{kind[:80]}'")

    @property
    def psum_bits(self) -> int:
        """Of a partial sum of a contraction."""
        return self.widths.psum_bits

    @property
    def temporary_bits(self) -> int:
        """Of a temporary of a vector program: its units hand on partial sums."""
        return self.widths.psum_bits

    @property
    def stored_widths(self) -> tuple[Widths, int]:
        """What decides how wide tensors are in DRAM."""
        return self.widths, self.widths.ifmap_bits

    @property
    def peak_macs_per_cycle(self) -> int:
        return sum(unit.rate_per_cycle for _, unit in self.units if unit.operation == "mac")

    @property
    def has_prices(self) -> bool:
        """Whether it has prices of energy."""
        moved = [memory.read_pj_per_bit + memory.write_pj_per_bit for _, memory in self.memories]
        return any(moved) or any(pj for _, pj in self.pj_per_operation)

    @property
    def price_source(self) -> str:
        """Where its energy prices are from."""
        return "as the machine's file says" if self.has_prices else "none known, so no energies"

    @property
    def unit_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.units)

    @property
    def fusing(self) -> tuple[object, ...]:
        """What decides which layers run as one."""
        takes = [(unit.runs, unit.stages, unit.streamed_operands, unit.max_window) for _, unit in self.units]
        return self.chains, self.unit_names, tuple(takes)

    @property
    def in_short(self) -> str:
        """Its sizes, for a list of machines."""
        rates = [f"{name} {unit.rate_per_cycle} {unit.operation}/cycle" for name, unit in self.units]
        return f"{', '.join(rates)}, {self.clock_ns} ns"

    @property
    def title(self) -> str:
        """The name, and what makes this machine another one."""
        return f"{self.name} with {self.changed}" if self.changed else self.name

    def unit(self, name: str) -> ComputeUnit:
        """Raises KeyError."""
        return _named(self.units, name)

    def memory(self, name: str) -> MemoryLevel:
        """Raises KeyError."""
        return _named(self.memories, name)

    def unit_of(self, kind: str) -> str | None:
        """The name of the unit that runs kernels of a kind; None where there is none."""
        return next((name for name, unit in self.units if kind in unit.runs), None)

    def mark_of(self, path: str) -> Mark:
        """What the number at a dotted path rests on."""
        return mark_at(path, self.basis, self.changed)


def twice(value: int) -> int:
    """Of a field: twice as much, or as much as a field may hold."""
    return min(2 * value, LARGEST)


def _named(pairs: tuple[tuple[str, T], ...], name: str) -> T:
    for each, value in pairs:
        if each == name:
            return value
    raise KeyError(name)
