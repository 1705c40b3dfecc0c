"""The operators that simdc knows, by theme. Importing this package fills the table."""

from __future__ import annotations

from . import (
    activation,
    arithmetic,
    choice,
    convolution,
    einsum,
    matrix,
    movement,
    normalization,
    picking,
    pooling,
    quantization,
    recurrent,
    reduction,
    repetition,
    resize,
    view,
)

__all__ = [
    "activation",
    "arithmetic",
    "choice",
    "convolution",
    "einsum",
    "matrix",
    "movement",
    "normalization",
    "picking",
    "pooling",
    "quantization",
    "recurrent",
    "reduction",
    "repetition",
    "resize",
    "view",
]
