"""Whether more memory, wider ports or narrower data ever make a layer of an example network slower, by default tilings.

python benchmarks/monotone.py                    each buffer x2, x4, x8, each port x2, each width halved: a minute
python benchmarks/monotone.py --tiling greedy    the same changes with greedy tilings, which can get worse
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence

import simdc
from simdc.cost import ExactModel, Hardware, with_field
from simdc.cost.workload import LayerCost
from simdc.explore.space import field_of

NETWORKS = ("alexnet", "vgg16", "resnet18", "resnet50")
MACHINES = ("HI1", "HI2", "HI3", "HT1", "HT2", "HT3")
BUFFERS = (*(f"systolic.buffers.{name}_bits" for name in ("weight", "ifmap", "psum")), "simd.vmem_bits")
PORTS = (
    *(f"systolic.bandwidths.{name}_bits_per_cycle" for name in ("weight", "ifmap", "psum")),
    "simd.bandwidth_bits_per_cycle",
)
WIDTHS = (*(f"systolic.widths.{name}_bits" for name in ("weight", "ifmap", "psum", "bias")), "simd.width_bits")


def changes(machine: Hardware) -> Iterator[tuple[str, Hardware]]:
    """(kind of change, machine after it)."""
    for path in BUFFERS:
        for times in (2, 4, 8):
            yield "buffer", with_field(machine, path, times * field_of(machine, path))
    for path in PORTS:
        yield "port", with_field(machine, path, 2 * field_of(machine, path))
    for path in WIDTHS:
        yield "width", with_field(machine, path, field_of(machine, path) // 2)


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--tiling", default="default", choices=["default", "greedy"])
    tiling = parser.parse_args().tiling
    model = ExactModel()
    tiler = model.default if tiling == "default" else model.greedy

    def priced(network: simdc.Network, machine: Hardware) -> Sequence[LayerCost]:
        return network.workload(machine).price(model, machine, tiler)

    tried: dict[str, int] = {}
    worse_layers: dict[str, int] = {}
    worse: dict[str, int] = {}
    for name in NETWORKS:
        network = simdc.load(name)
        for machine in map(simdc.load_hardware, MACHINES):
            before = [layer.cost.cycles.total for layer in priced(network, machine) if layer.cost]
            for kind, changed in changes(machine):
                after = [layer.cost.cycles.total for layer in priced(network, changed) if layer.cost]
                slower = sum(new > old for old, new in zip(before, after, strict=True))
                tried[kind] = tried.get(kind, 0) + 1
                worse_layers[kind] = worse_layers.get(kind, 0) + slower
                worse[kind] = worse.get(kind, 0) + (sum(after) > sum(before))
    for kind, count in tried.items():
        print(f"{kind}: {count} changes, {worse[kind]} make a network slower, {worse_layers[kind]} layers slower")


if __name__ == "__main__":
    main()
