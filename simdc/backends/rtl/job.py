"""What is played on the RTL, and what comes of it."""

from __future__ import annotations

from typing import Protocol

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import TiledKernel
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple

from .beats import Words


class RtlCase(NamedTuple):
    """A schedule on a machine that is small enough for the RTL."""

    kernel: TiledKernel
    tiling: Tiling
    machine: Hardware


class Played(NamedTuple):
    """What the RTL ran: tiles, results compared, cycles. `differences` say in words where it does not agree with the
    cost model or with the data; there are none if all is well."""

    tiles: int
    elements: int
    cycles: int
    differences: tuple[str, ...]


class RtlJob(Protocol):
    """A case ready to be played: `words` for the simulated machine `top`, which answers with `answer_words`."""

    top: str
    words: Words
    answer_words: int

    def judge(self, answer: Words) -> Played: ...
