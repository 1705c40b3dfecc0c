"""What the execution of a tiled schedule leaves behind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simdc.cost.result import DramBits
from simdc.named import NamedTuple

from .arrays import Array
from .buffers import TileAddress


class TiledRun(NamedTuple):
    """Results by name as they lie in DRAM, NaN where nothing was written; for each element of them, flat, the number of
    the tile that wrote it last, -1 for none; the tiles in the order in which they ran; the bits moved; and the cycles
    that the code of a vector program took, None for a contraction; of two fused products those of both arrays."""

    arrays: dict[str, Array]
    writers: dict[str, NDArray[np.intp]]
    tiles: tuple[TileAddress, ...]
    dram_bits: DramBits
    compute_cycles: int | None = None
