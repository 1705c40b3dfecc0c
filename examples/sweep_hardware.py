"""How the size of two buffers changes the run time of ResNet-50: 36 machines from one that exists.

python examples/sweep_hardware.py
"""

from __future__ import annotations

import simdc
from simdc.cost import Hardware, with_field
from simdc.errors import SimdcError

KIB = 8192
WEIGHT_KIB = (32, 64, 128, 256, 512, 1024)
IFMAP_KIB = (16, 32, 64, 128, 256, 512)


def milliseconds(network: simdc.Network, hardware: Hardware) -> float:
    layers = simdc.evaluate(network, hardware)
    cycles = sum(layer.cost.cycles.total for layer in layers if layer.cost is not None)
    return cycles * hardware.clock_ns * 1e-6


def main() -> None:
    network, base = simdc.load("resnet50"), simdc.load_hardware("HI3")
    print("resnet50 on HI3, milliseconds; weight buffer down, ifmap buffer across")
    print(f"{'KiB':>6}" + "".join(f"{size:>8}" for size in IFMAP_KIB))
    for weight in WEIGHT_KIB:
        cells: list[str] = []
        for ifmap in IFMAP_KIB:
            hardware = with_field(base, "systolic.buffers.weight_bits", weight * KIB)
            hardware = with_field(hardware, "systolic.buffers.ifmap_bits", ifmap * KIB)
            try:
                cells.append(f"{milliseconds(network, hardware):8.3f}")
            except SimdcError:
                cells.append(f"{'-':>8}")
        print(f"{weight:>6}" + "".join(cells))


if __name__ == "__main__":
    main()
