"""Random `linalg.generic` ops as text, and what they compute by a walk over all iterations, in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import exp, inf, prod
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Terms = tuple[tuple[tuple[int, int], ...], int]
"""(loop, step) each, and a constant."""


class Generic(NamedTuple):
    """`body` takes the inputs' elements, the number of loop `counted` if there is one, and what the result holds. If
    `is_given`, what results hold at first is one more input."""

    text: str
    shapes: tuple[tuple[int, ...], ...]
    maps: tuple[tuple[Terms, ...], ...]
    bounds: tuple[int, ...]
    result: tuple[int, ...]
    result_loops: tuple[int, ...]
    start: float
    body: Callable[..., float]
    macs: int
    counted: int | None = None
    is_given: bool = False

    def run(self, inputs: list[Array]) -> Array:
        """Every iteration, one after the other."""
        found = inputs[-1].copy() if self.is_given else np.full(self.result, self.start)
        for point in product(*map(range, self.bounds)):
            values = [
                array[tuple(sum(step * point[loop] for loop, step in terms) + c for terms, c in at)]
                for array, at in zip(inputs, self.maps, strict=False)
            ]
            values += [] if self.counted is None else [float(point[self.counted])]
            place = tuple(point[loop] for loop in self.result_loops)
            found[place] = self.body(*values, found[place])
        return found


# Name, lines from %a, %b and %o to %r, the same in Python, what a result starts from.
Body = tuple[str, tuple[str, ...], Callable[..., float], float]
TWO: tuple[Body, ...] = (
    ("mac", ("%t = arith.mulf %a, %b : f32", "%r = arith.addf %o, %t : f32"), lambda a, b, o: o + a * b, 0.0),
    ("mac", ("%t = arith.mulf %b, %a : f32", "%r = arith.addf %t, %o : f32"), lambda a, b, o: o + a * b, 2.0),
    (
        "mac",
        (
            "%z = arith.constant 3.0 : f32",
            # A zero point is the array's affair: the sum runs without it.
            "%s = arith.subf %a, %z : f32",
            "%t = arith.mulf %s, %b : f32",
            "%r = arith.addf %o, %t : f32",
        ),
        lambda a, b, o: o + a * b,
        0.0,
    ),
    ("sum", ("%t = arith.addf %a, %b : f32", "%r = arith.addf %o, %t : f32"), lambda a, b, o: o + a + b, 0.0),
    ("sum", ("%t = arith.subf %a, %b : f32", "%r = arith.maximumf %o, %t : f32"), lambda a, b, o: max(o, a - b), -inf),
    (
        "sum",
        ("%q = arith.cmpf olt, %a, %b : f32", "%t = arith.select %q, %a, %b : f32", "%r = arith.addf %t, %o : f32"),
        lambda a, b, o: o + min(a, b),
        0.0,
    ),
)
COUNT = (
    "%i = linalg.index {loop} : index",
    "%j = arith.index_cast %i : index to i32",
    "%n = arith.sitofp %j : i32 to f32",
)
COUNTED: tuple[Body, ...] = (
    ("sum", (*COUNT, "%t = arith.mulf %a, %n : f32", "%u = arith.addf %t, %b : f32", "%r = arith.addf %u, %o : f32"),
     lambda a, b, n, o: a * n + b + o, 0.0),
)  # fmt: skip
COUNTED_EACH: tuple[Body, ...] = (
    (
        "each",
        (*COUNT, "%t = arith.mulf %a, %n : f32", "%r = arith.subf %t, %b : f32"),
        lambda a, b, n, o: a * n - b,
        0.0,
    ),
)
ONE: tuple[Body, ...] = (
    ("sum", ("%r = arith.addf %a, %o : f32",), lambda a, o: a + o, 1.0),
    ("sum", ("%t = arith.mulf %a, %a : f32", "%r = arith.addf %t, %o : f32"), lambda a, o: a * a + o, 0.0),
    ("sum", ("%r = arith.minimumf %a, %o : f32",), min, inf),
    ("sum", ("%n = arith.negf %a : f32", "%t = math.exp %n : f32", "%r = arith.addf %t, %o : f32"),
     lambda a, o: exp(-a) + o, 0.0),
)  # fmt: skip
EACH: tuple[Body, ...] = (
    ("each", ("%t = arith.mulf %a, %b : f32", "%r = arith.subf %t, %a : f32"), lambda a, b, o: a * b - a, 0.0),
    ("each", ("%r = arith.addf %a, %b : f32",), lambda a, b, o: a + b, 0.0),
    ("each", ("%q = arith.cmpf oge, %a, %b : f32", "%z = arith.constant 0.5 : f32",
              "%r = arith.select %q, %z, %b : f32"), lambda a, b, o: 0.5 if a >= b else b, 0.0),
)  # fmt: skip


def draw(random: Random, number: int) -> Generic:
    """Two to four loops of up to five iterations; inputs with windows, constants, repeated and turned dimensions."""
    rank = random.randint(2, 4)
    bounds = tuple(random.randint(1, 5) for _ in range(rank))
    summed = sorted(random.sample(range(rank), random.randint(0, rank - 1)))
    kept = [loop for loop in range(rank) if loop not in summed]
    random.shuffle(kept)
    bodies = random.choice((EACH, COUNTED_EACH) if not summed else (TWO, TWO, TWO, ONE, ONE, COUNTED))
    kind, lines, body, start = random.choice(bodies)
    counted = random.randrange(rank) if lines[0].startswith("%i") else None
    is_given = bool(summed) and random.random() < 0.3
    count = 1 if bodies is ONE else 2
    maps = [_draw_map(random, rank, bounds) for _ in range(count)]
    for loop in range(rank):
        # The size of every loop must follow from a tensor, as MLIR asks for.
        alone = {t[0][0] for at in maps for t, c in at if len(t) == 1 and t[0][1] == 1 and not c} | set(kept)
        if loop not in alone:
            maps[random.randrange(count)].append((((loop, 1),), 0))
    shapes = tuple(tuple(1 + c + sum(s * (bounds[d] - 1) for d, s in t) for t, c in at) for at in maps)
    result = tuple(bounds[loop] for loop in kept)
    # What moves neither side repeats results, which is no sum of products for the array.
    moving = {loop for at in maps for terms, _ in at for loop, _ in terms}
    is_sum = any(bounds[loop] > 1 for loop in summed) and all(d in moving for d in range(rank) if bounds[d] > 1)
    macs = prod(bounds) if kind == "mac" and is_sum else 0
    if lines[0].startswith("%z = arith.constant 3.0") and not macs:
        # On the lanes the zero point is taken away.
        body = _shifted
    lines = tuple(line.replace("{loop}", str(counted)) for line in lines)
    text = _text(number, rank, maps, kept, shapes, result, lines, start, summed, is_given)
    given = (*shapes, result) if is_given else shapes
    maps_ = tuple(map(tuple, maps))
    return Generic(text, given, maps_, bounds, result, tuple(kept), start, body, macs, counted, is_given)


def _shifted(a: float, b: float, o: float) -> float:
    return o + (a - 3.0) * b


def _draw_map(random: Random, rank: int, bounds: tuple[int, ...]) -> list[Terms]:
    loops = random.sample(range(rank), random.randint(1, rank))
    found: list[Terms] = []
    while loops:
        terms = [(loops.pop(), 1)]
        if loops and random.random() < 0.25:
            terms = [(terms[0][0], random.randint(1, 3)), (loops.pop(), random.randint(1, 2))]
        found.append((tuple(terms), random.choice((0, 0, 0, 0, 2))))
    if random.random() < 0.15:
        found.append(((), 0))
    return found


def _text(number: int, rank: int, maps: list[list[Terms]], kept: list[int], shapes: tuple[tuple[int, ...], ...],
          result: tuple[int, ...], lines: tuple[str, ...], start: float, summed: list[int],
          is_given: bool) -> str:  # fmt: skip
    dims = ", ".join(f"d{loop}" for loop in range(rank))
    sides = [", ".join(_expression(*each) for each in at) for at in [*maps, [(((loop, 1),), 0) for loop in kept]]]
    every = ", ".join(f"affine_map<({dims}) -> ({side})>" for side in sides)
    kinds = ", ".join('"reduction"' if loop in summed else '"parallel"' for loop in range(rank))
    types = [_type(shape) for shape in shapes]
    names = [f"%x{place}" for place in range(len(shapes))]
    out, arguments = _type(result), ("%a", "%b")[: len(shapes)]
    number_text = {inf: "0x7F800000", -inf: "0xFF800000"}.get(start, f"{start:.1f}")
    block = ", ".join(f"{each}: f32" for each in (*arguments, "%o"))
    body = "\n      ".join((*lines, "linalg.yield %r : f32"))
    arguments_ = [f"{name}: {kind}" for name, kind in zip(names, types, strict=True)] + [f"%g: {out}"] * is_given
    return f"""module {{
  func.func @g{number}({", ".join(arguments_)}) -> {out} {{
    %c = arith.constant {number_text} : f32
    %e = tensor.empty() : {out}
    %f = linalg.fill ins(%c : f32) outs(%e : {out}) -> {out}
    %y = linalg.generic {{indexing_maps = [{every}], iterator_types = [{kinds}]}}
      ins({", ".join(names)} : {", ".join(types)}) outs({"%g" if is_given else "%f"} : {out}) {{
    ^bb0({block}):
      {body}
    }} -> {out}
    return %y : {out}
  }}
}}
"""


def _expression(terms: tuple[tuple[int, int], ...], constant: int) -> str:
    parts = [f"d{loop} * {step}" if step != 1 else f"d{loop}" for loop, step in terms]
    return " + ".join([*parts, str(constant)] if constant or not parts else parts)


def _type(shape: tuple[int, ...]) -> str:
    return f"tensor<{'x'.join(map(str, shape))}xf32>" if shape else "tensor<f32>"
