"""A layer's cost taken apart: what its cycles went to, each cycle once, and how full the machine was meanwhile."""

from __future__ import annotations

from simdc.named import NamedTuple

from .result import Number
from .tiling import Need


class CyclePart(NamedTuple):
    """Cycles of one kind. `port` is the DRAM port, a field of `Busy`, that they pass at, empty where it is none."""

    # A layer of 30 cycles: first load 2, steps 8, fill 8, wait for the psum port 8, last store 4.

    name: str
    cycles: Number
    port: str = ""


class Fill(NamedTuple):
    """How full something is while it works, from 0 to 1; `field` is the hardware field with its size."""

    # 3 channels on 64 rows: 3/64.

    name: str
    field: str
    share: float


class Account(NamedTuple):
    """`parts` add up to the layer's cycles. `needs` say what its largest tiles need of each buffer."""

    parts: tuple[CyclePart, ...]
    fills: tuple[Fill, ...] = ()
    needs: tuple[Need, ...] = ()
