"""The cost model `nvdla`."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.analysis import Analysis, TimeTerm, analysis_of
from simdc.cost.batch import BatchCost
from simdc.cost.kernel import Kernel
from simdc.cost.machine import Machine
from simdc.cost.model import CostModel
from simdc.cost.model_options import ModelOption
from simdc.cost.numbers import ceil_div
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling, TilingError, uncut

from .causes import causes, relieved
from .hardware_layer import HardwareLayer
from .levels import LEVELS, PADDED
from .operations import operations, peak_rate, useful_operations
from .parts import Nvdla, parts_of
from .reading import read_layer
from .remarks import remarks_on

BUFFER = "the convolution buffer"


class NvdlaModel(CostModel[Machine]):
    """NVIDIA's NVDLA by hardware layers, at one of six levels of one formula."""

    name = "nvdla"
    options = (ModelOption("level", tuple(str(level) for level in reversed(range(len(LEVELS))))),)
    machines = (Machine,)
    forward_only = True
    levels = LEVELS

    def __init__(self, phase: str = "inference", level: str = "5"):
        del phase
        self.level = int(level)

    def greedy(self, kernel: Kernel, hardware: Machine) -> Tiling:
        """All loops whole: hardware and model cut a layer by themselves."""
        self._layer(kernel, hardware, parts_of(hardware))
        return uncut(kernel)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Machine) -> Cost:
        del tiling
        parts = parts_of(hardware)
        layer = self._layer(kernel, hardware, parts)
        return self._cost(kernel, layer, parts)._replace(busy=_busy(layer, parts, self.level))

    def price_many(self, kernel: Kernel, machines: Machine) -> BatchCost:
        """Widths and what fuses layers are numbers, as they decide the kernel."""
        from simdc.cost.batch_numbers import in_whole_numbers

        def price(machines: Machine) -> BatchCost:
            parts = parts_of(machines)
            layer = read_layer(kernel, machines, parts)
            return BatchCost(self._cost(kernel, layer, parts), 1 - layer.fits, ("", BUFFER))

        return in_whole_numbers(price, machines)

    def _cost(self, kernel: Kernel, layer: HardwareLayer, parts: Nvdla) -> Cost:
        """All but what keeps ports busy."""
        active, total = layer.active_cycles(self.level), layer.cycles(self.level)
        executed = layer.active_cycles(PADDED) * parts.conv.rate_per_cycle
        return Cost(
            Cycles(active, total - active), _dram_bits(layer, parts), SramBits(), operations(kernel, executed), Busy()
        )

    def artefacts(self, kernel: Kernel, tiling: Tiling, hardware: Machine) -> Sequence[str]:
        del tiling
        return remarks_on(kernel, self._layer(kernel, hardware, parts_of(hardware)), hardware)

    def analyse(self, kernel: Kernel, tiling: Tiling, hardware: Machine) -> Analysis:
        del tiling
        parts = parts_of(hardware)
        layer = self._layer(kernel, hardware, parts)
        return analysis_of(
            [TimeTerm(each.term, each.cycles) for each in causes(layer, self.level)],
            layer.cycles(self.level),
            operations=useful_operations(kernel),
            peak=peak_rate(kernel, hardware),
            memory_bytes=(("dram", layer.beats.total * parts.dram.beat_bits / 8),),
            bytes_per_cycle=parts.dram.read_bits_per_cycle / 8,
            levels=tuple(layer.cycles(level) for level in range(len(LEVELS))),
            relieved=tuple(TimeTerm(*each) for each in relieved(kernel, hardware, self.level)),
            remarks=remarks_on(kernel, layer, hardware),
        )

    def _layer(self, kernel: Kernel, machine: Machine, parts: Nvdla) -> HardwareLayer:
        layer = read_layer(kernel, machine, parts)
        if not layer.fits:
            raise TilingError(
                f"not even one kernel and the input rows of one result row fit the convolution buffer of "
                f"{parts.cbuf.capacity_bits:,} bits: enlarge memories.cbuf.capacity_bits",
                buffer=BUFFER,
            )
        return layer


def _busy(layer: HardwareLayer, parts: Nvdla, level: int) -> Busy:
    """The array is busy for its shortest runs, too. What crosses the one memory port stands under its operand. A level
    that does not look at an operand may be over before that has come."""
    compute, *_ = layer.terms(level).values()
    beats, dram, total = layer.beats, parts.dram, layer.cycles(level)

    def port(count: int, bits_per_cycle: int) -> int:
        return min(ceil_div(count * dram.beat_bits, bits_per_cycle), total)

    return Busy(
        compute,
        weight_port=port(beats.weight + beats.vectors, dram.read_bits_per_cycle),
        ifmap_port=port(beats.ifmap + beats.addends, dram.read_bits_per_cycle),
        psum_port=port(beats.ofmap, dram.write_bits_per_cycle),
    )


def _dram_bits(layer: HardwareLayer, parts: Nvdla) -> DramBits:
    """What an addition reads beside the convolution counts with the ifmap."""
    beats, beat = layer.beats, parts.dram.beat_bits
    return DramBits(
        weight=beats.weight * beat,
        ifmap=(beats.ifmap + beats.addends) * beat,
        ofmap=beats.ofmap * beat,
        bias=beats.vectors * beat,
    )
