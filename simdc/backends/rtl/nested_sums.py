"""Numbers that go along with a loop nest, as the counters in `loops.sv` move them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simdc.named import NamedTuple


class NestedSum(NamedTuple):
    """A number that begins at `initial` and is `steps[loop]` larger for each step of the loop."""

    initial: int
    steps: Mapping[str, int]

    def moves(self, bounds: Mapping[str, int]) -> list[int]:
        """By loop of `bounds`, outermost first: what to add when the loop steps and all inside it turn back."""
        # Rows of 3 elements, 10 apart: 1 within a row; from the end of one to the next 10 - 2 = 8.
        moves: list[int] = []
        inside = 0
        for loop, bound in reversed(list(bounds.items())):
            step = self.steps.get(loop, 0)
            moves.append(step - inside)
            inside += (bound - 1) * step
        return moves[::-1]


def strides(extents: Sequence[int]) -> list[int]:
    """How far apart neighbours along each dimension lie, the last dimension side by side."""
    found: list[int] = []
    step = 1
    for extent in reversed(extents):
        found.append(step)
        step *= extent
    return found[::-1]
