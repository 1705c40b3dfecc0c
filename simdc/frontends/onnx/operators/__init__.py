"""The operators that simdc knows, by theme. Importing this package fills the table."""

from __future__ import annotations

from . import (
    activation,
    arithmetic,
    by_body,
    choice,
    convolution,
    einsum,
    matrix,
    movement,
    normalization,
    picking,
    pooling,
    position,
    quantization,
    quantized,
    recurrent,
    reduction,
    repetition,
    resize,
    rotary,
    view,
)

__all__ = [
    "activation",
    "arithmetic",
    "by_body",
    "choice",
    "convolution",
    "einsum",
    "matrix",
    "movement",
    "normalization",
    "picking",
    "pooling",
    "position",
    "quantization",
    "quantized",
    "recurrent",
    "reduction",
    "repetition",
    "resize",
    "rotary",
    "view",
]
