"""What the price of a layer does not rest on."""

from __future__ import annotations

from simdc.cost.kernel import Contraction, Kernel, links_of
from simdc.cost.layer_shape import convolution_shape
from simdc.cost.machine import Machine

from .hardware_layer import HardwareLayer

CUT = "layers larger than the convolution buffer are cut along rows or kernels: no measurement stands behind that"
GROUPS = "each group of a convolution is a hardware layer of its own"
IMAGES = "images of a batch, groups and branches follow each other as pairs of equal layers did on nv_small's RTL"
POOLED = "an SDP that hands on to the PDP without a convolution before it was not measured"
SHARED = (
    "reads and writes share the memory: no layer is shorter than its traffic, but that they wait for each other, which "
    "made layers up to 1.6 times as long on nv_small's RTL, is left out"
)
RESPONSE = "the CDP was not measured: it is priced as a unit that streams elements"


def remarks_on(kernel: Kernel, layer: HardwareLayer, machine: Machine) -> tuple[str, ...]:
    """In words that do not depend on the layer."""
    head, units = links_of(kernel)[0], [machine.unit_of(link.kind) for link in links_of(kernel)]
    shape = convolution_shape(head) if isinstance(head, Contraction) else None
    found = (
        (CUT, not layer.is_whole),
        (GROUPS, shape is not None and shape.groups > 1),
        (IMAGES, shape is not None and (layer.repeats > 1 or layer.has_room_behind is not None)),
        (POOLED, shape is None and len(set(units)) > 1),
        (SHARED, machine.memory("dram").shared),
        (RESPONSE, "cdp" in units),
    )
    return tuple(text for text, holds in found if holds)
