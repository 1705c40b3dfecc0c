"""Which ops a module can hold: none of a file that nobody has imported, which most files of ops are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.ir import Operation

    from .ops.update import UpdateOp


def is_in_use(file: str) -> bool:
    """Whether there can be an op of `simdc/ir/ops/<file>.py`, or of a class made from one there. Who looks for such ops
    need not import the file to find that there are none: making its classes takes one to three milliseconds."""
    return f"simdc.ir.ops.{file}" in sys.modules


def update_of(op: Operation) -> UpdateOp | None:
    """The op where it is an update of a parameter, else None."""
    if not is_in_use("update"):
        return None
    from .ops.update import UpdateOp

    return op if isinstance(op, UpdateOp) else None
