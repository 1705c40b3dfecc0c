"""What was found wrong, in words."""

from __future__ import annotations

from simdc.named import NamedTuple


class Difference(NamedTuple):
    """The first thing that does not agree.

    `kind` is `counts`, `cycles`, `data`, `buffer` (a tile larger than its buffer), `access` (of what is not on chip) or
    `refused` (by the model). `what` is the number or array, `operand` the operand concerned, if any, `tile` the tile's
    index along each loop, `expected` what tiles that run one by one give. `schedule` says of which layer, where that is
    not the layer itself; `detail` is more to look at.
    """

    kind: str
    what: str
    operand: str
    tile: str
    expected: str
    got: str
    schedule: str = ""
    detail: str = ""

    def __str__(self) -> str:
        place = f", operand {self.operand}" if self.operand else ""
        lines = [f"{self.kind}: {self.what}{place}: expected {self.expected}, got {self.got}"]
        if self.tile:
            lines.append(f"tile: {self.tile}")
        if self.schedule:
            lines.append(f"in: {self.schedule}")
        if self.detail:
            lines.append(self.detail)
        return "\n  ".join(lines)
