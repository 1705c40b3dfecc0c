"""What code of the lanes makes of arrays of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from simdc.cost.instructions import OPCODES, Numbers
from simdc.cost.kernel import Instruction


def run(code: Sequence[Instruction], given: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """All that `code` makes, by name, with what is given; numbers broadcast. What has no value is no number."""
    found = dict(given)
    with np.errstate(all="ignore"):
        for opcode, dest, sources in code:
            numbers = [found[each] if isinstance(each, str) else np.float64(each) for each in sources]
            found[dest] = np.asarray(OPCODES[opcode](*numbers))
    return found
