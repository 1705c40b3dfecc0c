"""The gradient rules of the layers, by theme. Names of gradients follow their layer: `conv1.grad_weight`."""

from __future__ import annotations

from simdc.ir.gradient import RULES

from . import elementwise, movement, neural

__all__ = ["RULES", "elementwise", "movement", "neural"]
