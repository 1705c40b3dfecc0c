"""A tiling policy: sums stay on the chip until they are complete."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.cost import Contraction, Tiling, greedy_tiling
from simdc.ir.attributes import TilingAttr
from simdc.ir.context import hardware_of
from simdc.ir.network import network_of


def sums_stay(kernel: Contraction, tiling: Tiling) -> Tiling:
    """The same tiles with the loops that are summed over innermost, so that no partial sum goes to DRAM.

    Whether tiles fit their buffers does not depend on their order: a legal tiling stays legal.
    """
    order = sorted(tiling.order, key=lambda loop: loop not in kernel.psum.loops)
    sizes = tiling.as_dict()
    return Tiling(tuple(order), tuple(sizes[loop] for loop in order))


@dataclass(frozen=True)
class SumsStayPass(ModulePass):
    """Gives each layer of the systolic array its greedy tiles in an order that completes one sum after the other."""

    name = "sums-stay"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        hardware = hardware_of(op)
        for layer in network_of(op).layers():
            kernel = layer.kernel()
            if isinstance(kernel, Contraction):
                layer.tiling = TilingAttr(sums_stay(kernel, greedy_tiling(kernel, hardware)))
