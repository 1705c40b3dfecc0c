"""A schedule that is kept, of a kernel by itself."""

from __future__ import annotations

from simdc.cost import Hardware, Tiling
from simdc.cost.flat import network
from simdc.cost.flat.packed import on_machine
from simdc.cost.kernel import Contraction
from simdc.cost.packed.in_form import room_for
from simdc.cost.packed.kept import KeptSchedule, rates_of
from simdc.cost.packed.kernels import packed_kernel
from simdc.cost.packed.machine import kind_of, machine_row


class KeptAlone:
    """On machines with the same array as the first one."""

    def __init__(self, kernel: Contraction, tiling: Tiling, machine: Hardware):
        kind = kind_of(machine)
        assert kind is not None
        packed = packed_kernel(kernel, machine, kind)
        assert packed is not None
        self.about, self.plan = packed.about, packed.plan
        on_machine(self.plan, self.about, machine_row(machine))
        order = [packed.loops.index(loop) for loop in tiling.order]
        self.schedule = KeptSchedule(self.plan, order, list(tiling.sizes), [0] * room_for(packed))

    def priced(self, machine: Hardware) -> list[int] | None:
        """None where it does not fit."""
        results, row = [0] * network.FORM, machine_row(machine)
        self.schedule.write(self.about, row, rates_of(row), results, 0)
        assert results[0] in (network.PRICED, network.TOO_LARGE)
        return None if results[0] else results[network.FORM_COST : network.FORM_ORDER]
