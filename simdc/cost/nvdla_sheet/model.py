"""The cost model `nvdla-sheet`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from simdc.cost.analysis import OPERATIONS_PER_MAC, Analysis, TimeTerm, analysis_of
from simdc.cost.kernel import Kernel
from simdc.cost.machine import Machine
from simdc.cost.model import CostModel, Uncosted
from simdc.cost.model_options import ModelOption
from simdc.cost.result import Busy, Cost, Cycles, DramBits, Number, SramBits
from simdc.cost.tiling import Tiling, uncut

from .estimate import RowEstimate, RowTraffic, SheetPoint, layer_estimate
from .reading import EqualRows, read_rows
from .row import KIB
from .rules import SHEETS

FREE = Cost(Cycles(), DramBits(), SramBits(), (), Busy())
"""Pools, sums and activations: the sheet has them all in the row before."""
ESTIMATE = "NVIDIA's estimate by the rules of its sheet, not a measurement"


class NvdlaSheetModel(CostModel[Machine]):
    """NVIDIA's estimate for NVDLA: its spreadsheet, peculiarities included."""

    name = "nvdla-sheet"
    options = (ModelOption("sheet", tuple(SHEETS)),)
    machines = (Machine,)
    forward_only = True

    def __init__(self, phase: str = "inference", sheet: str = "resnet50"):
        del phase
        self.sheet = sheet

    def greedy(self, kernel: Kernel, hardware: Machine) -> Tiling:
        """All loops whole: the sheet cuts nothing."""
        self._estimate(kernel, hardware)
        return uncut(kernel)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Machine) -> Cost:
        del tiling
        found = self._estimate(kernel, hardware)
        if found is None:
            return FREE
        (many, macs, _), row = found
        compute, stall = row.mac_cycles * many, (row.cycles - row.mac_cycles) * many
        executed = compute * hardware.unit("conv").rate_per_cycle
        return Cost(
            Cycles(_number(compute), _number(stall)),
            _dram_bits(row.traffic, many),
            SramBits(),
            (("mac", macs), ("mac_executed", _number(executed))),
            _busy(row, many),
        )

    def artefacts(self, kernel: Kernel, tiling: Tiling, hardware: Machine) -> Sequence[str]:
        del tiling
        return () if self._estimate(kernel, hardware) is None else (ESTIMATE,)

    def analyse(self, kernel: Kernel, tiling: Tiling, hardware: Machine) -> Analysis | None:
        del tiling
        found = self._estimate(kernel, hardware)
        # A convolution that counts in the row of another takes no time and moves nothing: there is no roof over it.
        if found is None or not found[1].cycles:
            return None
        (many, macs, _), row = found
        terms = (TimeTerm("mac", _number(row.mac_cycles * many)), TimeTerm("dram", _number(row.dram_cycles * many)))
        return analysis_of(
            sorted(terms, key=lambda term: -term.cycles),
            _number(row.cycles * many),
            operations=OPERATIONS_PER_MAC * macs,
            peak=hardware.unit("conv").rate_per_cycle * OPERATIONS_PER_MAC,
            memory_bytes=(("dram", float(row.traffic.total * many * KIB / 8)),),
            bytes_per_cycle=hardware.memory("dram").read_bits_per_cycle / 8,
            remarks=(ESTIMATE,),
        )

    def _estimate(self, kernel: Kernel, machine: Machine) -> tuple[EqualRows, RowEstimate] | None:
        """The layer, and what one of its equal rows takes; None for what is free."""
        rows = read_rows(kernel)
        if rows is None:
            return None
        found = layer_estimate(rows.row, SHEETS[self.sheet], _point(machine))
        if found is None:
            raise Uncosted(f"NVIDIA's sheet of {self.sheet} leaves this layer out")
        return rows, found


def _point(machine: Machine) -> SheetPoint:
    """Raises Uncosted for a machine that lacks a part."""
    try:
        conv, cbuf, dram = machine.unit("conv"), machine.memory("cbuf"), machine.memory("dram")
    except KeyError as lacking:
        needs = "the sheet needs unit conv and memories cbuf and dram"
        raise Uncosted(f"{needs}; {machine.name} lacks {lacking}") from None
    return SheetPoint.at(conv.rate_per_cycle, cbuf.capacity_bits, dram.read_bits_per_cycle)


def _dram_bits(traffic: RowTraffic, many: int) -> DramBits:
    """What a sum reads beside the convolution counts with the ifmap."""
    read = traffic.input + traffic.addend
    weight, ifmap, ofmap = (_number(each * many * KIB) for each in (traffic.weights, read, traffic.output))
    return DramBits(weight=weight, ifmap=ifmap, ofmap=ofmap)


def _busy(row: RowEstimate, many: int) -> Busy:
    """One channel carries all traffic, and is busy for all of it: it stands under the operand that it carries most."""
    traffic = row.traffic
    ports = {
        "weight_port": traffic.weights,
        "ifmap_port": traffic.input + traffic.addend,
        "psum_port": traffic.output,
    }
    dearest = max(ports, key=lambda port: ports[port])
    return Busy(_number(row.mac_cycles * many))._replace(**{dearest: _number(row.dram_cycles * many)})


def _number(value: Fraction) -> Number:
    """An integer where it is one; else the nearest float, as in the sheet."""
    return value.numerator if value.denominator == 1 else float(value)
