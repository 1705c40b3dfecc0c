"""Speed of a curve of decode steps, measured here and now, beside its target: 200 lengths of an 8B model in a second.

python benchmarks/tokens.py gpt2 2:1024
"""

from __future__ import annotations

import sys
from time import process_time

import simdc
from simdc.commands.lengths import StepPrices
from simdc.ir.token_run import decode_step

TARGET_S = 1.0
FIRST, LAST = 2, 1024


def main(network: str, first: int, last: int) -> None:
    """Processor time, after imports; the two ends are compiled whole before the others are priced."""
    hardware = simdc.load_hardware("HI3")
    lengths = range(first, last, max(1, (last - first) // 199))
    begun = process_time()
    prices = StepPrices(
        lambda length: simdc.compile(simdc.load(network, run=decode_step(length)), hardware), first, last
    )
    compiled = process_time()
    prices.steps(lengths)
    print(f"two ends {compiled - begun:.2f} s, {len(lengths)} lengths {process_time() - compiled:.2f} s")
    print(f"target {TARGET_S:.2f} s for 200 lengths")


if __name__ == "__main__":
    given = sys.argv[2:] or [f"{FIRST}:{LAST}"]
    low, _, high = given[0].partition(":")
    main(sys.argv[1] if len(sys.argv) > 1 else "gpt2", int(low), int(high))
