"""The cost model `roofline`: what units can compute and memories can move, and nothing in its way."""

from .model import RooflineModel

__all__ = ["RooflineModel"]
