"""Cost models that are wrong in one number."""

from __future__ import annotations

from simdc.cost import ExactModel
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.result import Cost
from simdc.cost.rule import GENESYS
from simdc.cost.tiling import Tiling
from simdc.frozen import Frozen


class OffBy(Frozen):
    """`exact`, but for `by` in the number `what` (`dram_bits.psum`) of kernels of `kind`."""

    what: str
    by: int
    kind: str

    name = "off"
    rule = GENESYS

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        return ExactModel().greedy(kernel, hardware)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        cost = ExactModel().evaluate(kernel, tiling, hardware)
        if kernel.kind != self.kind:
            return cost
        part, field = self.what.split(".")
        if part == "ops":
            return cost._replace(ops=tuple((name, n + self.by * (name == field)) for name, n in cost.ops))
        numbers = getattr(cost, part)
        return cost._replace(**{part: numbers._replace(**{field: getattr(numbers, field) + self.by})})


class NoEdges(Frozen):
    """`exact`, had it taken a smaller last tile along `loop` for a whole one."""

    loop: str

    name = "no-edges"
    rule = GENESYS

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        return ExactModel().greedy(kernel, hardware)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        from simdc.backends.verify.resize import resized
        from simdc.cost.tiling import loop_bounds

        bounds, size = loop_bounds(kernel), tiling.as_dict()[self.loop]
        whole = resized(kernel, bounds | {self.loop: -(-bounds[self.loop] // size) * size})
        cost = ExactModel().evaluate(whole, tiling, hardware)
        return cost._replace(ops=ExactModel().evaluate(kernel, tiling, hardware).ops)


class Lenient(Frozen):
    """`exact` on a machine whose buffers are a thousand times larger."""

    name = "lenient"
    rule = GENESYS

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        return ExactModel().greedy(kernel, hardware)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        from simdc.frozen import evolve

        buffers = hardware.systolic.buffers
        roomy = evolve(
            buffers,
            weight_bits=1000 * buffers.weight_bits,
            ifmap_bits=1000 * buffers.ifmap_bits,
            psum_bits=1000 * buffers.psum_bits,
            bias_bits=1000 * buffers.bias_bits,
        )
        return ExactModel().evaluate(
            kernel,
            tiling,
            evolve(
                hardware,
                systolic=evolve(hardware.systolic, buffers=roomy),
                simd=evolve(hardware.simd, vmem_bits=1000 * hardware.simd.vmem_bits),
            ),
        )


class Careless(Frozen):
    """Prices a tiling as the simulator plays it, whether the machine can run it or not."""

    name = "careless"
    rule = GENESYS

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        return ExactModel().greedy(kernel, hardware)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        from simdc.backends.simulate import simulate

        return simulate(kernel, tiling, hardware)
