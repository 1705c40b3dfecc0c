"""`SimditModel`: bit-compatible with the released SimDIT, without fusion."""

from __future__ import annotations

from ..batch import BatchCost
from ..guards import SIGNED, Check
from ..hardware import Hardware
from ..kernel import Kernel, VectorProgram
from ..model import CostModel, array_kernel
from ..result import Cost, Number
from ..tiling import Tiling, check_loops, loop_bounds
from . import artefacts, simd_dims, simd_tiling, systolic_dims, systolic_tiling
from .gemm import matrix_vector
from .simd_layers import simd_layer
from .simd_work import PhaseLatencies, read_work
from .systolic import convolution

# Division, exponential, inverse root: by phase, from the release's network files; the machine's own are not read.
LATENCIES = {"inference": PhaseLatencies(9, 3, 13), "training": PhaseLatencies(5, 3, 11)}


class SimditModel(CostModel):
    """The released SimDIT's tiling generator and cost model. `phase` is the network's: `inference` or `training`."""

    name = "simdit"
    width_rule = "program-order"
    separable = True

    def __init__(self, phase: str = "inference"):
        self.latency = LATENCIES[phase]

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        """The release's tiling, in the kernel's default loop order. Channel sizes count padded channels. Raises
        TilingError where the release's assertions fail."""
        kernel = array_kernel(kernel)
        bounds = loop_bounds(kernel)
        if isinstance(kernel, VectorProgram):
            layer = simd_layer(kernel)
            array, windowed = hardware.simd, layer.memory.windowed
            dims = simd_dims.read_dims(kernel, bounds, windowed, array.lanes)
            tile = simd_tiling.greedy_tile(
                # Half: the release has two vector memories, and checks the tile of one tensor against one of them.
                dims,
                layer.memory,
                array.lanes,
                hardware.systolic.widths.psum_bits,
                array.vmem_bits // 2,
            )
            sizes = {"n": tile.n, "c": tile.c, "h": tile.h, "w": tile.w, "kh": dims.kh, "kw": dims.kw}
            sizes["oh"], sizes["ow"] = tile.h, tile.w
        else:
            dims = systolic_dims.read_dims(kernel, bounds, hardware.systolic)
            tile = systolic_tiling.greedy_tile(dims, hardware.systolic)
            sizes = {"g": 1, "oc": tile.oc, "ic": tile.ic, "kh": tile.kh, "kw": tile.kw}
            sizes["n"], sizes["oh"], sizes["ow"] = tile.n, tile.oh, tile.ow
        return Tiling(tuple(bounds), tuple([sizes[name] for name in bounds]))

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        """Any tile sizes that fit the buffers by the release's rules. A size that reaches the end of its loop is the
        whole dimension with its padding. The loop order of SIMD layers does not enter the release's formulas."""
        kernel = array_kernel(kernel)
        check_loops(kernel, tiling)
        bounds, sizes = loop_bounds(kernel), tiling.as_dict()
        psum_bits = hardware.systolic.widths.psum_bits
        if isinstance(kernel, VectorProgram):
            layer = simd_layer(kernel)
            array, windowed = hardware.simd, layer.memory.windowed
            dims = simd_dims.read_dims(kernel, bounds, windowed, array.lanes)
            tile = simd_dims.read_tile(dims, bounds, sizes, windowed)
            simd_tiling.check_tile(tile, layer.memory, array.lanes, psum_bits, array.vmem_bits // 2)
            # Inputs and intermediates always have the width of psums; the result has its own.
            out_bits = kernel.nests[-1].outputs[0].bits
            return layer.cost(read_work(dims, tile, psum_bits, out_bits, array, self.latency))
        array = hardware.systolic
        dims = systolic_dims.read_dims(kernel, bounds, array)
        tile = systolic_dims.read_tile(dims, bounds, sizes)
        systolic_tiling.check_tile(tile, array)
        groups = bounds.get("g", 1)
        batch_outside = systolic_dims.batch_runs_outside(dims, tile, tiling.order, groups)
        # Reported beside the release's own count, which multiplies padded channels: 3 channels on 16 rows count as 16.
        macs = kernel.useful_macs
        if kernel.kind == "linear" and dims.n == 1:
            return matrix_vector(dims, tile, array, macs)
        return convolution(dims, tile, array, macs, groups, batch_outside)

    def guard(self, kernel: Kernel) -> Check:
        return SIGNED.check

    def artefacts(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> tuple[str, ...]:
        """What is wrong with the release's own numbers for a legal tiling, in words; nothing for most layers."""
        kernel = array_kernel(kernel)
        bounds, sizes = loop_bounds(kernel), tiling.as_dict()
        if isinstance(kernel, VectorProgram):
            windowed = simd_layer(kernel).memory.windowed
            dims = simd_dims.read_dims(kernel, bounds, windowed, hardware.simd.lanes)
            return artefacts.of_program(dims, simd_dims.read_tile(dims, bounds, sizes, windowed))
        dims = systolic_dims.read_dims(kernel, bounds, hardware.systolic)
        tile = systolic_dims.read_tile(dims, bounds, sizes)
        if kernel.kind == "linear" and dims.n == 1:
            return artefacts.of_matrix_vector(dims, tile)
        outside = systolic_dims.batch_runs_outside(dims, tile, tiling.order, bounds.get("g", 1))
        return artefacts.of_contraction(dims, tile, batch_outside=outside)

    def price_many(self, kernel: Kernel, machines: Hardware) -> BatchCost:
        """As `greedy` and `evaluate` for each machine of a batch (`simdc.cost.batch.machines_like`), element by
        element the same numbers. Loads numpy."""
        from .many import price_many

        return price_many(array_kernel(kernel), machines, self.latency)

    def op_count(self, cost: Cost) -> Number:
        """The release's "Op count" of a layer: two for each executed multiply-accumulate, SIMD operations by their
        latency."""
        weights = {"mac": 0, "mac_executed": 2, "div": self.latency.div, "inv_sqrt": self.latency.inv_sqrt}
        return sum(weights.get(operation, 1) * count for operation, count in cost.ops)
