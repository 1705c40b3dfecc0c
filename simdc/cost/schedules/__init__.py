"""Many tilings at once, for auto-tuners: arrays of tile sizes in, arrays of costs out. Needs numpy.

from simdc.cost.schedules import evaluate_many
legal, cost = evaluate_many(kernel, ("oc", "ic", "oh", "ow"), sizes, hardware)
cycles = cost.cycles.total[legal]
"""

from __future__ import annotations

from .evaluate import Costs, bound_many, evaluate_many, number_type
from .rates import price_rates

__all__ = ["Costs", "bound_many", "evaluate_many", "number_type", "price_rates"]
