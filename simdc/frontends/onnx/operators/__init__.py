"""The operators that simdc knows, by theme. Importing this package fills the table."""

from __future__ import annotations

from . import activation, arithmetic, convolution, matrix, movement, normalization, pooling, reduction, resize, view

__all__ = [
    "activation",
    "arithmetic",
    "convolution",
    "matrix",
    "movement",
    "normalization",
    "pooling",
    "reduction",
    "resize",
    "view",
]
