"""The kernels that one layer can be, and the one that was taken."""

from __future__ import annotations

from simdc.named import NamedTuple

from .kernel import Kernel
from .result import Cost
from .tiling import Tiling

Forms = tuple[tuple[str, Kernel], ...]
"""(name, kernel) of each form, the first for models that look at no other. A layer with one form may leave its name
empty."""


class Chosen(NamedTuple):
    """A form by its name, with its tiling and what it costs in that."""

    form: str
    kernel: Kernel
    tiling: Tiling
    cost: Cost
