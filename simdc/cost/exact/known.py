"""What was worked out before: by kernel, tiling and what of the machine an array feels.

Where one field of a machine changes, half of a network's layers most often cost what they did.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel, VectorProgram
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling

MOST_KNOWN = 4096
Found = TypeVar("Found")


class Asked:
    """A kernel, a tiling if there is one, and a machine. Equal where nothing differs that matters."""

    # A wider port of the SIMD array, or a slower clock: a contraction is asked the same as before.

    __slots__ = ("_key", "hardware", "kernel", "tiling")

    def __init__(self, kernel: Kernel, hardware: Hardware, tiling: Tiling | None = None):
        self.kernel, self.hardware, self.tiling = kernel, hardware, tiling
        own = hardware.systolic if isinstance(kernel, Contraction) else hardware.simd
        # Where channels are shared they are as wide as ports of either array.
        other = None if hardware.dram.is_usual else (hardware.systolic, hardware.simd)
        self._key = kernel, tiling, own, other, hardware.dram, hardware.stores_padding

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asked) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def is_remembered(kernel: Kernel, rule: MachineRule) -> bool:
    """What runs on both arrays, or by another rule than the usual one, is worked out each time."""
    return rule is GENESYS and isinstance(kernel, (Contraction, VectorProgram))


def remembered(work: Callable[[Asked], Found]) -> Callable[[Asked], Found]:
    """Of the last few thousand questions the answer; errors are worked out again."""
    return lru_cache(maxsize=MOST_KNOWN)(work)
