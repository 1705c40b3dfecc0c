"""A cost model that looks at fields which no other one looks at."""

from __future__ import annotations

from simdc.cost import Cost, ExactModel, Hardware, Kernel, Tiling
from simdc.cost.kernel import VectorProgram


class OddModel(ExactModel):
    """Contractions wait for the lanes, vector programs for the weights; tiles are single where the port is wide."""

    name = "odd"

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        tiling = super().greedy(kernel, hardware)
        if hardware.systolic.bandwidths.weight_bits_per_cycle < 50:
            return tiling
        return tiling._replace(sizes=tuple(min(size, 4) for size in tiling.sizes))

    def default(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        return self.greedy(kernel, hardware)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        cost = super().evaluate(kernel, tiling, hardware)
        on_simd = isinstance(kernel, VectorProgram)
        more = hardware.systolic.buffers.weight_bits if on_simd else hardware.simd.bandwidth_bits_per_cycle
        return cost._replace(cycles=cost.cycles._replace(stall=cost.cycles.stall + more))
