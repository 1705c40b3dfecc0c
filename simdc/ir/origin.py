"""What a tiling or a price was made from: short digests of the machine, the kernel, the tiling and the answer itself.

They tell what was mixed up or edited; nothing here withstands somebody who makes new digests.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.result import Cost
from simdc.cost.structure import unstructure
from simdc.cost.tiling import Tiling
from simdc.digests import blake2b_digits
from simdc.named import NamedTuple

DIGEST_BYTES = 4
WORDS = {
    "machine": "for another machine or phase",
    "kernel": "for other shapes or widths",
    "tiling": "for another tiling",
    "answer": "with another answer, which was changed afterwards",
}


class Origin(NamedTuple):
    """`model` is the name of the model that tiled or priced, the others are digests: of the machine without its texts
    and with the network's phase, of the kernel, of the tiling, and of what was answered (empty for a plain tiling)."""

    model: str
    machine: str
    kernel: str
    tiling: str = ""
    answer: str = ""

    def differences(self, now: Origin) -> str:
        """In words, what of this origin is not so `now`; empty if all is as it was."""
        found = [text for part, text in WORDS.items() if getattr(self, part) != getattr(now, part)]
        if self.model != now.model:
            found.insert(0, f"under the model {self.model[:80]}, not {now.model[:80]}")
        return " and ".join(found)


def digest(value: object) -> str:
    return blake2b_digits(repr(value).encode(errors="backslashreplace"), DIGEST_BYTES)


def machine_digest(hardware: AnyMachine, phase: str) -> str:
    """Of all numbers of the machine: a model may read any of them. Names and sources of numbers change nothing."""
    data = unstructure(hardware)
    numbers = {name: value for name, value in data.items() if name not in ("name", "changed", "basis")}
    if "prices" in numbers:
        numbers["prices"] = {name: price for name, price in data["prices"].items() if name != "source"}
    return digest((phase, numbers))


@lru_cache(maxsize=1024)
def kernel_digest(kernel: Kernel) -> str:
    """Networks repeat their layers."""
    return digest(kernel)


def tiling_digest(tiling: Tiling | None) -> str:
    return "" if tiling is None else digest(tuple(tiling))


def cost_digest(cost: Cost, artefacts: Sequence[str]) -> str:
    """IR text leaves out zeros, so 0 and 0.0 are alike."""
    counts = [[count or 0 for count in record] for record in (cost.cycles, cost.dram_bits, cost.sram_bits, cost.busy)]
    return digest((counts, cost.ops, tuple(artefacts)))
