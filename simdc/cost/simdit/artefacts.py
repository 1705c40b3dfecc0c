"""Where the released program's numbers are no counts of anything: what it computes there is kept, and named.

See docs/architecture.md: "What simdit does differently" tells what they are, "Guards" where they are reported.
"""

from __future__ import annotations

from . import gemm, systolic
from .simd_dims import SimdDims, SimdTile
from .systolic_dims import ORDER, SystolicDims, SystolicTile

FRACTIONAL = "tiles do not divide the layer and are counted in fractions"
NEGATIVE_CASE = "tiles of one of the stall's cases are fewer than none and subtract from it"


def of_contraction(dims: SystolicDims, tile: SystolicTile, *, batch_outside: bool) -> tuple[str, ...]:
    # 128 channels in tiles of 112 are 1.14 tiles in the release: the last one counts as a seventh of a tile.
    fractional = any(getattr(dims, name) % getattr(tile, name) for name in ORDER)
    # The release's case of ifmap load and psum store alone, negative where there are few tiles along the image.
    cases = systolic.case_counts(systolic.tile_counts(dims, tile, batch_outside))
    return _named(fractional, min(cases) < 0)


def of_matrix_vector(dims: SystolicDims, tile: SystolicTile) -> tuple[str, ...]:
    """With one tile of input channels the release asks for the sign of its only count before it uses it."""
    # Its formula for batch 1 cuts oc and ic only.
    fractional = bool(dims.oc % tile.oc or dims.ic % tile.ic)
    return _named(fractional, tile.ic < dims.ic and min(gemm.case_counts(dims, tile)) < 0)


def of_program(dims: SimdDims, tile: SimdTile) -> tuple[str, ...]:
    # The SIMD formulas have no cases to be negative: compute and transfers of a tile, times the quotient of tiles.
    fractional = bool(dims.n % tile.n or dims.c % tile.c or dims.h % tile.h or dims.w % tile.w)
    return _named(fractional, False)


def _named(fractional: bool, negative_case: bool) -> tuple[str, ...]:
    return (FRACTIONAL,) * fractional + (NEGATIVE_CASE,) * negative_case
