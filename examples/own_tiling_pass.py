"""A tiling pass that is not part of simdc: it cuts input channels into equal tiles.

The greedy tiling takes as many input channels as its buffers hold and leaves what remains to a last tile. When that is
short, its compute does not hide the load of the next weights. The legalizer leaves a tiling that it finds alone and
tiles the other layers; a tiling that does not fit its buffers is refused at the layer that has it.

    python examples/own_tiling_pass.py
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

import simdc
from simdc.backends.report import Report, make_report
from simdc.cost import Contraction, Hardware, Tiling, greedy_tiling
from simdc.ir.attributes import TilingAttr
from simdc.ir.context import hardware_of, set_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.conv import Conv2DOp
from simdc.passes.pipeline import default_passes, run_pipeline


@dataclass(frozen=True)
class EvenReductionPass(ModulePass):
    """Gives each convolution its greedy tiling with the input channels cut into as many, but equal tiles."""

    name = "even-reduction"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        hardware = hardware_of(op)
        rows = hardware.systolic.rows
        for layer in network_of(op).layers():
            kernel = layer.kernel()
            if isinstance(layer, Conv2DOp) and isinstance(kernel, Contraction):
                channels = kernel.weight.shape[1]
                tile = greedy_tiling(kernel, hardware).as_dict()
                tiles = -(-channels // tile["ic"])
                tile["ic"] = -(-channels // (tiles * rows)) * rows
                layer.tiling = TilingAttr(Tiling(tuple(tile), tuple(tile.values())))


def report(network: simdc.Network, hardware: Hardware, *own: ModulePass) -> Report:
    """What the network costs when `own` passes run before the legalizer."""
    module = network.module.clone()
    set_hardware(module, hardware)
    *before, legalize, annotate = default_passes("exact", rule="greedy")
    run_pipeline(module, (*before, *own, legalize, annotate))
    return make_report(module)


def main() -> None:
    network = simdc.load("resnet50")
    print("resnet50, cycles")
    print(f"{'':6}{'greedy':>14}{'even':>14}  layers that change")
    for name in ("HI1", "HI2", "HI3"):
        hardware = simdc.load_hardware(name)
        greedy, even = report(network, hardware), report(network, hardware, EvenReductionPass())
        changed = [
            f"{new.name} {old.cost.cycles.total:,} to {new.cost.cycles.total:,}"
            for old, new in zip(greedy.layers, even.layers, strict=True)
            if old.cost != new.cost
        ]
        print(f"{name:6}{greedy.total.cycles.total:>14,}{even.total.cycles.total:>14,}  {changed[-1]}, ...")


if __name__ == "__main__":
    main()
