"""Where the released program's numbers are no counts of anything: what it computes there is kept, and named."""

from __future__ import annotations

from . import gemm, systolic
from .simd_dims import SimdDims, SimdTile
from .systolic_dims import ORDER, SystolicDims, SystolicTile

FRACTIONAL = "tiles do not divide the layer and are counted in fractions"
NEGATIVE_CASE = "tiles of one of the stall's cases are fewer than none and subtract from it"


def of_contraction(dims: SystolicDims, tile: SystolicTile, *, batch_outside: bool) -> tuple[str, ...]:
    fractional = any(getattr(dims, name) % getattr(tile, name) for name in ORDER)
    cases = systolic.case_counts(systolic.tile_counts(dims, tile, batch_outside))
    return _named(fractional, min(cases) < 0)


def of_matrix_vector(dims: SystolicDims, tile: SystolicTile) -> tuple[str, ...]:
    """With one tile of input channels the release asks for the sign of its only count before it uses it."""
    fractional = bool(dims.oc % tile.oc or dims.ic % tile.ic)
    return _named(fractional, tile.ic < dims.ic and min(gemm.case_counts(dims, tile)) < 0)


def of_program(dims: SimdDims, tile: SimdTile) -> tuple[str, ...]:
    fractional = bool(dims.n % tile.n or dims.c % tile.c or dims.h % tile.h or dims.w % tile.w)
    return _named(fractional, False)


def _named(fractional: bool, negative_case: bool) -> tuple[str, ...]:
    return (FRACTIONAL,) * fractional + (NEGATIVE_CASE,) * negative_case
