"""A schedule of a kernel: the order of its loops and a tile size for each."""

from __future__ import annotations

from simdc.named import NamedTuple

from .kernel import Kernel


class Need(NamedTuple):
    """What the largest tiles need of a buffer at a time and what it can hold; `field` is the hardware field to
    enlarge."""

    buffer: str
    field: str
    need_bits: int
    limit_bits: int


class TilingError(ValueError):
    """A tiling that does not belong to its kernel or does not fit its buffers.

    Where a memory is too small, `buffer` says which one, in words; `need` has the numbers where there is one tile that
    does not fit. `layer` is known where layers of a network are priced together.
    """

    def __init__(self, message: str, *, need: Need | None = None, buffer: str = ""):
        super().__init__(message)
        self.need = need
        self.buffer = need.buffer if need is not None else buffer
        self.layer = ""


class Tiling(NamedTuple):
    """`order` lists every loop of the kernel once, outermost first; `sizes` are the tile sizes in iterations."""

    # order (oc, ic), sizes (4, 8), bounds 10 and 16: oc in tiles of 4, 4, 2, each with two tiles of ic: 6 tiles.

    order: tuple[str, ...]
    sizes: tuple[int, ...]

    def as_dict(self) -> dict[str, int]:
        return dict(zip(self.order, self.sizes, strict=True))


def uncut(kernel: Kernel) -> Tiling:
    """No loop is cut: what a model says where hardware cuts layers by itself."""
    return Tiling(tuple(kernel.bounds), tuple(kernel.bounds.values()))


def loop_bounds(kernel: Kernel) -> dict[str, int]:
    """Every loop of the kernel with its bound, in default order. Loop nests share loops by name."""
    return kernel.bounds


def check_loops(kernel: Kernel, tiling: Tiling) -> None:
    """Raise TilingError unless the tiling names exactly the kernel's loops, each with a positive whole size."""
    bounds, (order, sizes) = loop_bounds(kernel), tiling
    if set(bounds) != set(order) or len(bounds) != len(order):
        raise TilingError(f"the tiling orders loops {list(order)}, the layer has {list(bounds)}")
    if len(sizes) != len(order):
        raise TilingError(f"the tiling has {len(sizes)} sizes for {len(order)} loops")
    # By type, for True is an int to isinstance and would be a tile of 1.
    if set(map(type, sizes)) <= {int} and min(sizes, default=1) >= 1:
        return
    for name, size in zip(order, sizes, strict=True):
        if type(size) is not int or size < 1:
            raise TilingError(f"tile size of loop '{name}' must be a positive whole number, got {size!r}")
