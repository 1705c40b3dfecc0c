"""Make one layer of attention where the machine can keep its scores on chip."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.choices import DEFAULT_MODEL
from simdc.cost.hardware import Hardware
from simdc.cost.model_table import check_model
from simdc.ir.context import machine_of
from simdc.ir.network import network_of


@dataclass(frozen=True)
class FuseAttentionPass(ModulePass):
    """Makes a `simdc.fused` of a product, a softmax along its last dimension and a product of that with values, in
    inference, on a machine with a path between its arrays (`simd.array_path_bits_per_cycle`), where that takes fewer
    cycles than the three by themselves, each in its fastest form. All are priced with the tilings that the model takes
    by itself. Nothing else may read scores or shares. A layer whose form or tiling a person gave stays by itself. Has
    to run after widths are assigned."""

    name = "simdc-fuse-attention"

    model: str = DEFAULT_MODEL
    """The cost model that prices."""

    def __post_init__(self) -> None:
        check_model(self.model)

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network, machine = network_of(op), machine_of(op)
        if not isinstance(machine, Hardware) or not machine.simd.array_path_bits_per_cycle:
            return
        if network.phase.data == "training":
            return
        # Most machines have no path, and what is needed for it takes milliseconds to load.
        from .distinct import model_of
        from .on_chip import fuse_attention

        fuse_attention(network, machine, model_of(op, self.model))
