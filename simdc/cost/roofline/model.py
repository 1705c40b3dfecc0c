"""The cost model `roofline`."""

from __future__ import annotations

from simdc.cost.analysis import Analysis, TimeTerm, analysis_of
from simdc.cost.exact.laws import used_dram_bits
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.machine import Machine
from simdc.cost.machines import AnyMachine
from simdc.cost.model import CostModel, Uncosted, array_kernel
from simdc.cost.model_options import ModelOption
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling, uncut

from .arrays import array_demand
from .demand import MAC, LayerDemand
from .units import unit_demand


class RooflineModel(CostModel[AnyMachine]):
    """A bound from below on any machine: a layer takes as long as the slowest unit or memory that it needs, nothing
    waits for anything. `bytes=compulsory` moves each operand once, `bytes=schedule` what the schedule under `exact`
    moves, on a machine of arrays."""

    name = "roofline"
    options = (ModelOption("bytes", ("compulsory", "schedule")),)
    machines = (Hardware, Machine)
    takes_forms = takes_fractions = True
    # However a layer lies on the array, it has no more PEs; and waiting makes nothing faster.
    knows = ("systolic", "simd")

    def __init__(self, phase: str = "inference", bytes: str = "compulsory"):
        self.phase = phase
        self.scheduled = bytes == "schedule"

    def greedy(self, kernel: Kernel, hardware: AnyMachine) -> Tiling:
        """All loops whole: without a schedule nothing is cut. Else the tiling of `exact`."""
        if self.scheduled:
            return self._exact().greedy(kernel, self._arrays(hardware))
        self._demand(kernel, None, hardware)
        return uncut(kernel)

    def default(self, kernel: Kernel, hardware: AnyMachine) -> Tiling:
        if self.scheduled:
            return self._exact().default(kernel, self._arrays(hardware))
        return self.greedy(kernel, hardware)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: AnyMachine) -> Cost:
        demand = self._demand(kernel, tiling, hardware)
        compute = max(each.cycles for each in demand.units)
        ports = {each.name: each.cycles for each in demand.memories if each.name in Busy._fields}
        return Cost(
            Cycles(compute, demand.cycles - compute),
            demand.dram_bits,
            SramBits(),
            _operations(demand),
            Busy(compute, **ports),
        )

    def analyse(self, kernel: Kernel, tiling: Tiling, hardware: AnyMachine) -> Analysis:
        demand = self._demand(kernel, tiling, hardware)
        ranked = sorted((*demand.units, *demand.memories), key=lambda each: -each.cycles)
        return analysis_of(
            [TimeTerm(each.name, each.cycles) for each in ranked],
            demand.cycles,
            operations=demand.operations,
            peak=demand.peak,
            memory_bytes=tuple((each.name, each.amount / 8) for each in demand.memories),
            bytes_per_cycle=demand.bits_per_cycle / 8,
            remarks=("a bound from below: nothing waits for anything, on-chip memories cost no energy",),
        )

    def _demand(self, kernel: Kernel, tiling: Tiling | None, hardware: AnyMachine) -> LayerDemand:
        if not isinstance(hardware, Hardware) and not self.scheduled:
            return unit_demand(kernel, hardware)
        hardware = self._arrays(hardware)
        one = array_kernel(kernel)
        return array_demand(one, hardware, self._moved(kernel, tiling, hardware) or used_dram_bits(one))

    def _moved(self, kernel: Kernel, tiling: Tiling | None, hardware: Hardware) -> DramBits | None:
        if not self.scheduled or tiling is None:
            return None
        return self._exact().evaluate(kernel, tiling, hardware).dram_bits

    def _arrays(self, hardware: AnyMachine) -> Hardware:
        if not isinstance(hardware, Hardware):
            raise Uncosted(f"{hardware.name} has no schedules; bytes=compulsory moves each operand once")
        return hardware

    def _exact(self) -> CostModel:
        from simdc.cost.exact import ExactModel

        return ExactModel(self.phase)


def _operations(demand: LayerDemand) -> tuple[tuple[str, int], ...]:
    """MACs, each of which is executed once, and what other units do."""
    found: list[tuple[str, int]] = []
    for each in demand.units:
        found.append((each.operation, each.amount))
        if each.operation == MAC:
            found.append(("mac_executed", each.amount))
    return tuple(found)
