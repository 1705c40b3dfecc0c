"""Why a layer takes as long as it does, and what would help: data in, data out.

Nothing is guessed. What the cycles went to the cost model tells (`CostModel.account`); what would help is tried: the
layer is tiled and priced again on the changed machine, in another form, with a searched tiling.
"""

from __future__ import annotations

from .engine import explain
from .explanation import Explanation, Remedy, Room

__all__ = ["Explanation", "Remedy", "Room", "explain"]
