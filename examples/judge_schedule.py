"""Judge the schedules of another compiler with `simdc.cost` alone: no IR, no network, one loop nest.

python examples/judge_schedule.py
"""

from __future__ import annotations

import json
from pathlib import Path

from simdc.cost import (
    Contraction,
    ExactModel,
    Hardware,
    Loop,
    Operand,
    Tiling,
    TilingError,
    affine,
    energy_of,
    structure,
)

HARDWARE = Path(__file__).parent / "hardware" / "HI3.json"

# psum[n, oc, oh, ow] += ifmap[n, ic, oh + kh - 1, ow + kw - 1] * weight[oc, ic, kh, kw]
BOUNDS = {"oc": 256, "ic": 256, "kh": 3, "kw": 3, "n": 1, "oh": 14, "ow": 14}
ROW, COLUMN = affine("oh", "kh", constant=-1), affine("ow", "kw", constant=-1)
N, OC, IC, KH, KW, OH, OW = (affine(name) for name in ("n", "oc", "ic", "kh", "kw", "oh", "ow"))
CONVOLUTION = Contraction(
    kind="conv2d",
    loops=tuple(Loop(name, bound) for name, bound in BOUNDS.items()),
    ifmap=Operand("ifmap", 8, (1, 256, 14, 14), (N, IC, ROW, COLUMN)),
    weight=Operand("weight", 8, (256, 256, 3, 3), (OC, IC, KH, KW)),
    psum=Operand("psum", 32, (1, 256, 14, 14), (N, OC, OH, OW)),
    ofmap_bits=32,
)

# What the other compiler proposes: the loops that it tiles, outermost first, each with its tile size.
SCHEDULES = {
    "weights stay": {"oc": 64},
    "weights stay, less reduction at a time": {"oc": 64, "ic": 64},
    "outputs stay": {"oc": 128, "oh": 7, "ow": 7, "ic": 64},
    "image in strips": {"oh": 2, "oc": 64},
    "all at once": {},
}


def tiling_of(schedule: dict[str, int]) -> Tiling:
    """The tiled loops in their order, then the others, whole."""
    sizes = {**schedule, **{loop: bound for loop, bound in BOUNDS.items() if loop not in schedule}}
    return Tiling(tuple(sizes), tuple(sizes.values()))


def main() -> None:
    hardware = structure(Hardware, json.loads(HARDWARE.read_text(encoding="utf-8")))
    model = ExactModel()
    tilings = {name: tiling_of(schedule) for name, schedule in SCHEDULES.items()}
    tilings["simdc's own"] = model.greedy(CONVOLUTION, hardware)
    print(f"{'schedule':40} {'cycles':>10} {'stall':>10} {'DRAM [Kbit]':>12} {'energy [uJ]':>12}")
    for name, tiling in tilings.items():
        try:
            cost = model.evaluate(CONVOLUTION, tiling, hardware)
        except TilingError as error:
            print(f"{name:40} refused: {error}")
            continue
        energy = energy_of(cost, hardware, on_systolic=True)
        print(
            f"{name:40} {cost.cycles.total:>10,} {cost.cycles.stall:>10,} "
            f"{cost.dram_bits.total / 1024:>12,.0f} {energy.total / 1e6:>12,.1f}"
        )


if __name__ == "__main__":
    main()
