"""The cost model of the released SimDIT program (VeriGOOD-ML, GeneSys), by its formulas and with its peculiarities."""

from .model import SimditModel

__all__ = ["SimditModel"]
