"""Numbers of a batch that are those of machines one by one, however large they are on the way. Needs numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .batch import BatchCost, with_numbers
from .machines import SomeMachine


def in_whole_numbers(price: Callable[[SomeMachine], BatchCost], machines: SomeMachine) -> BatchCost:
    """What `price` gives for a batch, in int64 where that is enough."""
    # 2^40 weights times 2^24 bits a cycle are 0 in int64 and 2^64 in floating point. Where the two agree nothing has
    # overflowed; where they do not, a product may only be beyond 2^53, and Python's integers decide.
    with np.errstate(all="ignore"):
        whole, real = price(machines), price(with_numbers(machines, float))
        return whole if _agree(whole, real) else price(with_numbers(machines, object))


def _agree(whole: BatchCost, real: BatchCost) -> bool:
    runs = np.asarray(whole.refused) == 0
    if not np.array_equal(np.asarray(real.refused) == 0, runs):
        return False
    return all(
        bool(((np.asarray(one) == np.asarray(other)) | ~runs).all())
        for one, other in zip(_numbers(whole), _numbers(real), strict=True)
    )


def _numbers(batch: BatchCost) -> list[object]:
    cycles, dram_bits, sram_bits, ops, _ = batch.cost
    return [*cycles, *dram_bits, *sram_bits, *(count for _, count in ops)]
