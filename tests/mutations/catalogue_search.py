"""Mistakes in the search for schedules: bounds that rule out too much, lost groups, proofs of what is not so."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

M = Mutation

BOUNDS = (
    M("search/relaxed.py", "list(own.values()), hardware)", "[1] * len(own), hardware)", "single iterations are least"),
    M("search/relaxed.py", "psum = 2 *", "psum = 3 *", "sums spill three times"),
    M("search/relaxed.py", "array.rows + array.columns - 2", "array.rows + array.columns - 1", "the fill is too long"),
    M("search/relaxed.py", "+ simd.lanes - 2", "+ simd.lanes - 1", "a vector tile fills too slowly"),
    M("search/relaxed.py", "loaded + once * (turns - 1)", "loaded + once * turns", "a fresh result is loaded"),
    M("search/relaxed.py", "ofmap = once * kernel.ofmap_bits", "ofmap = once * kernel.psum.bits", "results leave wide"),
    M("search/relaxed.py", "Buffer((operand,), 0, limit_bits)", "Buffer((operand,), 1, limit_bits)", "a bit is lost"),
    M("search/relaxed.py", "(need <= limit_bits)", "(need < limit_bits)", "what just fits is ruled out"),
    M("search/relaxed.py", "if innermost in operand.loops:", "if True:", "the walk comes back to what stays"),
    M(
        "search/relaxed.py",
        "if loop in counts and loop not in operand.loops:",
        "if loop in counts:",
        "an operand comes back for its own loops",
    ),
    M("search/relaxed.py", "max(0, along_others - outside)", "along_others", "padding moves"),
    M("search/relaxed.py", "1 if counted & loops else max(", "max(", "a diagonal moves its square"),
    M(
        "search/relaxed.py",
        "reach = np.maximum(reach - max(0, -constant) - max(0, top - extent + 1), 0)",
        "reach = reach + 0 * top * extent",
        "a tile holds the padding",
    ),
    M(
        "search/relaxed.py",
        "return Buffer(operands, vectors * hardware.simd.lanes",
        "return Buffer(operands, 2 * vectors * hardware.simd.lanes",
        "temporaries take twice their room",
    ),
    M(
        "search/relaxed.py",
        "if isinstance(self._kernel, VectorProgram):",
        "if not isinstance(self._kernel, VectorProgram):",
        "a kernel is bounded as the other kind",
    ),
    M(
        "search/orders.py",
        "        times = 1\n        if any(",
        "        times = 1\n        if not any(",
        "turns are lost",
    ),
    M("search/orders.py", "place[axis.loop] < last:", "place[axis.loop] != last:", "loops inside make it come back"),
    M("search/orders.py", "        if innermost in family:\n", "        if innermost == cut[0]:\n", "orders are lost"),
    M("search/orders.py", "(*found.get(moves, ()), loop)", "(loop,)", "all but one loop of a family are lost"),
    M("search/orders.py", "if block != family]", "if block == family]", "loops are lost from an order"),
)
WALK = (
    M("search/candidates.py", "sorted({-(-bound // count), fewest})", "[-(-bound // count)]", "whole passes are not"),
    M("search/candidates.py", "        if count > 1:\n", "        if count > 2:\n", "two tiles are not tried"),
    M("search/frontier.py", "min(self.least, bounds[0])", "min(self.least, bounds[-1])", "the highest bound is taken"),
    M("search/frontier.py", "self.complete = False", "self.complete = True", "what is left counts as done"),
    M(
        "search/frontier.py",
        "if not len(rows):\n                continue",
        "if not len(rows):\n                break",
        "ends early",
    ),
    M("search/pricing.py", "int(np.argmin(values))", "int(np.argmax(values))", "the worst of many is taken"),
    M(
        "search/pricing.py",
        "any(need.need_bits > need.limit_bits for need in tiled.needs())",
        "False",
        "what does not fit is taken",
    ),
    M(
        "search/search.py",
        "bound = inf if over_all.complete else",
        "bound = inf if True else",
        "the last round proves all",
    ),
    M(
        "search/search.py",
        "                        return False\n",
        "                        return True\n",
        "unpriced is proven",
    ),
    M("search/objective.py", "energy(cost) * cost.cycles.total", "energy(cost) + cost.cycles.total", "edp is a sum"),
    M(
        "search/objective.py",
        "isinstance(kernel, Contraction)",
        "not isinstance(kernel, Contraction)",
        "the other array runs",
    ),
    M("search/budget.py", "self._whole.spend(steps)", "pass", "what parts spend the whole keeps"),
)
LISTED = (*BOUNDS, *WALK)
