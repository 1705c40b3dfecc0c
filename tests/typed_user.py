"""A script as a user writes it: `make wheel` checks its types against the wheel, as `mypy --strict` sees them."""

from typing import TYPE_CHECKING

import simdc
from simdc.cost import Hardware, with_field
from simdc.network_builder import Tensor

net = simdc.NetworkBuilder("tiny", batch=2)
image: Tensor = net.input("image", (3, 32, 32))
tiny: simdc.Network = net.finish(net.relu(net.conv(image, channels=16, kernel=3, pad=[1, 0], name="conv1")))
if TYPE_CHECKING:
    # Mistakes are seen: --strict complains of an `ignore` that is not needed.
    net.conv(image, channels=16, kernel=3, strid=2)  # type: ignore[call-arg]
    net.gelu(image, approximate="erf")  # type: ignore[arg-type]
    net.convolution(image)  # type: ignore[attr-defined]

base: Hardware = simdc.load_hardware("HI1")
for lanes in (16, 32):
    layers = simdc.evaluate(tiny, with_field(base, "simd.lanes", lanes))
    cycles: dict[str, float] = {layer.name: layer.cost.cycles.total for layer in layers if layer.cost is not None}
    print(f"{lanes} lanes: {sum(cycles.values()):,} cycles")
