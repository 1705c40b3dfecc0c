"""simdc tells what a neural network costs on a systolic + SIMD accelerator."""

from __future__ import annotations

__version__ = "0.1.0"
