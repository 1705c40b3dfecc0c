"""What an explanation says of a layer."""

from __future__ import annotations

from typing import Literal

from simdc.cost.account import CyclePart, Fill
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.result import Cost, Number
from simdc.cost.tiling import Need, Tiling
from simdc.named import NamedTuple

SIZES = {"MiB": 2**23, "KiB": 2**13}
"""Bits in a unit, the larger first."""
Room = Need
"""A buffer: what the layer's largest tiles need of it, and what it holds at a time."""


class Remedy(NamedTuple):
    """Something that was tried, and what the layer then costs. `what` is a field of the machine, by its dotted path,
    that has `value` in the place of `before`; or the name of a form; or what a search or the model's own rule would
    make small. `note` says what else there is to know, as how sure a search is."""

    # A port of 128 bits a cycle: ("machine", "simd.bandwidth_bits_per_cycle", 256, 128, the cost with 256).

    kind: Literal["machine", "search", "tiling", "form"]
    what: str
    value: Number | str | None
    before: Number | str | None
    cost: Cost
    tiling: Tiling
    form: str = ""
    note: str = ""

    @property
    def setting(self) -> str:
        """As `--set` takes it; empty for what is not of the machine."""
        value = f"{self.value}"
        if self.what.endswith("_bits") and isinstance(self.value, int):
            # 4,194,304 bits are 512KiB, 8,388,608 are 1MiB; 1,000 stay bits.
            unit = next((unit for unit in SIZES if self.value and self.value % SIZES[unit] == 0), "")
            value = f"{self.value // SIZES[unit]}{unit}" if unit else value
        return f"{self.what}={value}" if self.kind == "machine" else ""

    @property
    def called(self) -> str:
        """The setting, or `search: cycles`."""
        return self.setting or f"{self.kind}: {self.what}"


class Explanation(NamedTuple):
    """Of a layer as `kernel` with `tiling` on `hardware`. `parts` add up to the cycles of `cost`; `fills` are shares
    while something works, `rooms` what tiles need of buffers. No schedule of the kernel has less than `least` cycles, 0
    where the model knows no bound. `remedies` stand in order of the cycles that are left, those that change nothing
    included; `refused` are forms that cannot be, with the reason. `remarks` say what is not known."""

    model: str
    hardware: AnyMachine
    kernel: Kernel
    form: str
    tiling: Tiling
    cost: Cost
    parts: tuple[CyclePart, ...]
    fills: tuple[Fill, ...]
    rooms: tuple[Room, ...]
    least: Number
    remedies: tuple[Remedy, ...]
    refused: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        what = f"{self.kernel.kind} on {self.hardware.title}: {self.cost.cycles.total:,} cycles"
        return f"<{what} in {len(self.parts)} parts, {len(self.helpful)} of {len(self.remedies)} changes help>"

    def _repr_html_(self) -> str:
        """What the cycles went to, how full it is and what would help, as tables of a notebook."""
        # Not at start-up: escaping HTML takes a table of its own.
        from .notebook import Table, count, page, share

        total = self.cost.cycles.total
        form = f" as {self.form}" if self.form else ""
        head = f"{self.kernel.kind}{form} on {self.hardware.title}, model {self.model}: {count(total)} cycles"
        parts = [
            [f"{part.name} {part.port.replace('_', ' ')}".rstrip(), count(part.cycles), share(part.cycles, total)]
            for part in self.parts
        ]
        full = [[fill.name, share(fill.share, 1)] for fill in self.fills]
        full += [[room.buffer, share(room.need_bits, room.limit_bits)] for room in self.rooms]
        helps = [
            [remedy.called, count(remedy.cost.cycles.total), share(self.saved(remedy), total)]
            for remedy in self.helpful
        ]
        tables = (
            Table(("what the cycles went to", "cycles", "share [%]"), parts),
            Table(("how full", "[%]"), full),
            Table(("what would help", "cycles left", "saved [%]"), helps),
        )
        return page(head, tables, self.remarks)

    def saved(self, remedy: Remedy) -> Number:
        """Cycles that it saves; below zero where the layer takes longer."""
        return self.cost.cycles.total - remedy.cost.cycles.total

    @property
    def helpful(self) -> tuple[Remedy, ...]:
        return tuple(remedy for remedy in self.remedies if self.saved(remedy) > 0)
