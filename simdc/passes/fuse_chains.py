"""Make one layer of those that a machine runs as one: its units stream into each other."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.cost.hardware import Hardware
from simdc.ir.context import machine_of
from simdc.ir.network import network_of


class FuseChainsPass(ModulePass):
    """Makes a `simdc.fused` of each convolution, fully connected layer or first of a chain with the layers behind it
    that the machine's chains allow (`Machine.chains`), in inference. What is handed on must have one reader, and all
    else that the members read must be there before the first. A layer by itself becomes one, too, where it does not
    wait for the layer just before it. Does nothing on a machine without chains."""

    name = "simdc-fuse-chains"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network, machine = network_of(op), machine_of(op)
        if isinstance(machine, Hardware) or not machine.chains or network.phase.data == "training":
            return
        # Most machines have no chains, and what is needed for them takes milliseconds to load.
        from .chains import fuse_chains

        fuse_chains(network, machine)
