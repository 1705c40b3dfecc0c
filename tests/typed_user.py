"""A script as a user writes it: `make wheel` checks its types against the wheel, as `mypy --strict` sees them."""

import simdc
from simdc.cost import Hardware, with_field

base: Hardware = simdc.load_hardware("HI1")
for lanes in (16, 32):
    layers = simdc.evaluate(simdc.load("lenet5"), with_field(base, "simd.lanes", lanes))
    cycles: dict[str, float] = {layer.name: layer.cost.cycles.total for layer in layers if layer.cost is not None}
    print(f"{lanes} lanes: {sum(cycles.values()):,} cycles")
