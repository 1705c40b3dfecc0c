"""A schedule of a kernel: the order of its loops and a tile size for each."""

from __future__ import annotations

from typing import NamedTuple

from .kernel import Kernel, VectorProgram


class TilingError(ValueError):
    """A tiling that does not belong to its kernel or does not fit its buffers."""


class Tiling(NamedTuple):
    """`order` lists every loop of the kernel once, outermost first; `sizes` stand beside it."""

    order: tuple[str, ...]
    sizes: tuple[int, ...]

    def as_dict(self) -> dict[str, int]:
        return dict(zip(self.order, self.sizes, strict=True))


def loop_bounds(kernel: Kernel) -> dict[str, int]:
    """Every loop of the kernel with its bound, in default order. Phases share loops by name."""
    if isinstance(kernel, VectorProgram):
        return {loop.name: loop.bound for phase in kernel.phases for loop in phase.loops}
    return {loop.name: loop.bound for loop in kernel.loops}


def check_loops(kernel: Kernel, tiling: Tiling) -> None:
    """Raise TilingError unless the tiling names exactly the kernel's loops, each with a positive size."""
    bounds = loop_bounds(kernel)
    if set(bounds) == set(tiling.order) and len(bounds) == len(tiling.order) and min(tiling.sizes) >= 1:
        return
    missing = [name for name in bounds if name not in tiling.order]
    extra = [name for name in tiling.order if name not in bounds]
    if missing or extra or len(set(tiling.order)) != len(tiling.order):
        raise TilingError(f"the tiling orders loops {list(tiling.order)}, the layer has {list(bounds)}")
    for name, size in zip(tiling.order, tiling.sizes, strict=True):
        if size < 1:
            raise TilingError(f"tile size of loop '{name}' must be a positive whole number, got {size!r}")
