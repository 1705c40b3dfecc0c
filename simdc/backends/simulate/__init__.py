"""The tile simulator: runs a schedule tile by tile and counts what happens.

It knows no closed form, so it is slow and easy to check. The `exact` cost model has to agree with it.
"""

from __future__ import annotations

from collections import Counter

from simdc.cost.channels import by_channel
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, Kernel
from simdc.cost.model import tiled_kernel
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling, check_loops

from .trace import trace
from .vector import operations
from .walk import check_rows, whole_loops

__all__ = ["simulate"]


def simulate(kernel: Kernel, tiling: Tiling, hardware: Hardware, rule: MachineRule = GENESYS) -> Cost:
    """What `kernel` costs when its tiles run one by one, all in integers: the sum of its trace. `rule` says
    which port carries what.

    Time grows with the number of tiles. Buffer capacities are not checked: a tile that does not fit runs all the same.
    Raises TilingError when the tiling does not name the kernel's loops or cuts a row that must stay whole, Uncosted
    for a chain.
    """
    kernel = tiled_kernel(kernel)
    check_loops(kernel, tiling)
    check_rows(kernel, tiling)
    total = Counter[str]()
    for share in trace(kernel, whole_loops(kernel, tiling), hardware, rule):
        total.update(share.adds)

    def part(name: str) -> dict[str, int]:
        return {key.removeprefix(name): amount for key, amount in total.items() if key.startswith(name)}

    # Operations are those of the mathematics: no tile adds to them, but for the steps of the array, and for what the
    # lanes do between two products, which is more where there are more tiles.
    if isinstance(kernel, FusedProducts):
        ops = tuple(sorted({**part("ops."), "mac": kernel.useful_macs}.items()))
    elif isinstance(kernel, Contraction):
        ops = (("mac", kernel.useful_macs), ("mac_executed", total["ops.mac_executed"]))
    else:
        ops = operations(kernel)
    return Cost(
        Cycles(**part("cycles.")),
        DramBits(**part("dram_bits.")),
        SramBits(**part("sram_bits.")),
        ops,
        Busy(**by_channel(part("busy."))),
    )
