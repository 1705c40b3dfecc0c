"""Find the channel axis of each tensor, and let element-wise layers run as their tensors lie."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from simdc.ir.attributes import Unit
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.fields import whole
from simdc.ir.layout import NONE
from simdc.ir.network import NetworkOp, network_of

USUAL = 1
"""The channel axis of images and of [n, features]: what layers have without being told."""


class AssignLayoutPass(ModulePass):
    """Writes onto layers which dimension counts channels where that is not dimension 1. What an array makes has
    channels: images in dimension 1, features in the last; views and element-wise layers hand them on; all else has
    none. Parameters and what is computed of them alone are left as they are."""

    name = "simdc-assign-layout"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network = network_of(op)
        axes = channel_axes(network)
        for layer in network.layers():
            if layer.UNIT is not Unit.SIMD:
                continue
            shape = shape_of(layer.largest)
            # A sum over tokens reads features and has none of their dimensions left: its input tells.
            alike = [value for value in (*layer.results, *layer.operands) if shape_of(value) == shape]
            axis = next((axes[value] for value in alike if value in axes), NONE)
            channels = None if len(shape) < 3 or axis == USUAL else whole(axis)
            if channels != layer.channels:
                layer.channels = channels
                layer.drop_price()


def channel_axes(network: NetworkOp) -> dict[SSAValue, int]:
    """The dimension of each value that counts channels, for those that have one."""
    found: dict[SSAValue, int] = {}
    for argument in network.body.block.args:
        axis = _of_input(argument)
        if axis is not None:
            found[argument] = axis
    for layer in network.layers():
        axis = layer.channel_axis(found.get) if layer.results else None
        if axis is None:
            continue
        shape = shape_of(layer.results[0])
        for result in layer.results:
            if len(shape_of(result)) == len(shape):
                found[result] = axis
    return found


def _of_input(value: SSAValue) -> int | None:
    """Of an image or a matrix dimension 1, of [n, tokens, features] the last, but for sequences that are convolved.
    What looks like an image of one channel and is only worked on by elements is a row with dimensions of one before
    it."""
    shape, readers = shape_of(value), [use.operation for use in value.uses]
    layers = [reader for reader in readers if isinstance(reader, LayerOp)]
    if len(shape) == 3 and not any(layer.UNIT is Unit.SYSTOLIC for layer in layers):
        return 2
    if len(shape) > 3 and shape[1] == 1 and all(shape_of(layer.results[0]) == shape for layer in layers):
        return None
    return USUAL if len(shape) > 1 else None
