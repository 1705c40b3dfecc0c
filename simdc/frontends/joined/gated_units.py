"""Gated units as sources write them: an activation, and a product with another tensor of its shape."""

from __future__ import annotations

from xdsl.ir import SSAValue

from simdc.ir.base import shape_of
from simdc.ir.network import NetworkOp
from simdc.ir.ops.activation.exponential import SiluOp
from simdc.ir.ops.activation.gaussian import GeluOp
from simdc.ir.ops.broadcast import MultiplyOp
from simdc.ir.ops.gated import GatedOp

from .layers import put_in_place, read_once


def join_gated_units(network: NetworkOp) -> None:
    """Put one layer in the place of `silu(x) * y` and `gelu(x) * y`, where nobody else reads the activation."""
    for op in list(network.layers()):
        if isinstance(op, MultiplyOp):
            _ = _join(op, op.lhs, op.rhs) or _join(op, op.rhs, op.lhs)


def _join(op: MultiplyOp, gate: SSAValue, other: SSAValue) -> bool:
    owner = gate.owner
    if not isinstance(owner, (SiluOp, GeluOp)) or not read_once(gate) or shape_of(gate) != shape_of(other):
        return False
    function = "silu"
    if isinstance(owner, GeluOp):
        function = "gelu" if owner.approximate.data == "none" else "gelu_tanh"
    put_in_place(op, GatedOp(op.layer.data, owner.input, other, function=function), [owner])
    return True
