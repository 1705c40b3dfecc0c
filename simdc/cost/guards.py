"""What every evaluation of a cost model must satisfy: inequalities of any schedule, checked as costs are made.
A model says by `guard` which of them hold for it; what holds for `exact` stands in `simdc/cost/exact/laws.py`.

A broken one is a fault of the model, not of whoever asked: no schedule on this machine has such a cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import le

from simdc.named import NamedTuple

from .hardware import Hardware
from .result import Cost

Check = Callable[[Cost, Hardware], None]


class InvariantError(Exception):
    """A cost that no schedule can have. The message names the layer, where it is known, and the inequality."""


class Law(NamedTuple):
    """Inequalities `small <= large`, each in words (`texts`). `sides` gives the small sides, then the large ones."""

    texts: tuple[str, ...]
    sides: Callable[[Cost, Hardware], tuple[Sequence[float], Sequence[float]]]

    def check(self, cost: Cost, hardware: Hardware) -> None:
        """Raise InvariantError unless all of them hold. Numbers that are no numbers (NaN) break them, too."""
        # Not `low > high`: that is false of NaN, too, and a NaN would pass.
        small, large = self.sides(cost, hardware)
        if not all(map(le, small, large)):
            for texts, low, high in zip(self.texts, small, large, strict=True):
                if not low <= high:
                    raise InvariantError(f"{texts} is broken: {low:,} > {high:,}")


def layer_fault(layer: str, model: str, broken: InvariantError) -> InvariantError:
    """`broken` with the layer that it was found in."""
    return InvariantError(f"layer '{layer}': {fault(model, broken)}")


def fault(model: str, broken: InvariantError) -> str:
    """`broken` as a message to whoever asked, who is not to blame."""
    return f"{broken}; this is a bug in the cost model '{model}', not in the network: please report it"


SIGNS = (
    "0 <= compute cycles",
    "0 <= stall cycles",
    "0 <= DRAM bits",
    "0 <= SRAM bits",
    "0 <= busy cycles",
    "0 <= operations",
)


def _least(cost: Cost) -> tuple[float, ...]:
    """What must not be negative, in the order of `SIGNS`."""
    counts = [count for _, count in cost.ops]
    return (*cost.cycles, *(_or_nan(min, each) for each in (cost.dram_bits, cost.sram_bits, cost.busy, counts or (0,))))


def _or_nan(choose: Callable[[Sequence[float]], float], numbers: Sequence[float]) -> float:
    """The least or the most of them; NaN, which both may overlook, if one of them is that."""
    # min(1, NaN) is 1, as NaN < 1 is false; 1 + NaN is NaN, which alone does not equal itself.
    total = sum(numbers)
    return choose(numbers) if total == total else total


def _signs(cost: Cost, hardware: Hardware) -> tuple[Sequence[float], Sequence[float]]:
    return (0,) * len(SIGNS), _least(cost)


def _signs_and_ports(cost: Cost, hardware: Hardware) -> tuple[Sequence[float], Sequence[float]]:
    return (*(0,) * len(SIGNS), _or_nan(max, cost.busy)), (*_least(cost), cost.cycles.total)


SIGNED = Law(SIGNS, _signs)
"""What holds for the release as well, whose counts of tiles may be negative and whose ports may be busy beyond the end:
no layer as a whole costs less than nothing."""
SOUND = Law((*SIGNS, "cycles of the array and of each port <= total cycles"), _signs_and_ports)
"""What holds for any model of such a machine."""
