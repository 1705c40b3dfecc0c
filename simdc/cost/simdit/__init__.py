"""The cost model of the released SimDIT program (VeriGOOD-ML, GeneSys), by its formulas and with its peculiarities.

Frozen: mirrors the released program; do not improve.
"""

from .model import SimditModel

__all__ = ["SimditModel"]
