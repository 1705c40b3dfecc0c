"""The best schedule of a kernel under `exact`, with a certificate. Needs numpy.

from simdc.cost.search import objective_for, search
tiling, cost, certificate = search(kernel, hardware, objective_for("cycles", kernel, hardware))
"""

from __future__ import annotations

from .many import Searches
from .objective import Objective, objective_for
from .search import STEPS, Certificate, Found, search

__all__ = ["STEPS", "Certificate", "Found", "Objective", "Searches", "objective_for", "search"]
