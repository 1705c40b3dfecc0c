"""Which elements an axis is resampled from, and with which weights: exact fractions, and runs of positions alike.

Input position of output position o, for sizes `count` (input) and `result` (output), after ONNX's Resize:

    asymmetric            o * count / result
    half_pixel            (o + 1/2) * count / result - 1/2
    pytorch_half_pixel    the same, 0 where result is 1
    align_corners         o * (count - 1) / (result - 1), 0 where result is 1
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, gcd

from simdc.named import NamedTuple

HALF = Fraction(1, 2)
Row = tuple[tuple[int, Fraction], ...]


def _asymmetric(o: int, count: int, result: int) -> Fraction:
    return Fraction(o * count, result)


def _half_pixel(o: int, count: int, result: int) -> Fraction:
    return (o + HALF) * count / result - HALF


def _pytorch_half_pixel(o: int, count: int, result: int) -> Fraction:
    return _half_pixel(o, count, result) if result > 1 else Fraction(0)


def _align_corners(o: int, count: int, result: int) -> Fraction:
    return Fraction(o * (count - 1), result - 1) if result > 1 else Fraction(0)


COORDINATES: dict[str, Callable[[int, int, int], Fraction]] = {
    "asymmetric": _asymmetric,
    "half_pixel": _half_pixel,
    "align_corners": _align_corners,
    "pytorch_half_pixel": _pytorch_half_pixel,
}
ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda x: ceil(x - HALF),
    "round_prefer_ceil": lambda x: floor(x + HALF),
}
MODES = ("nearest", "linear")


class Sampling(NamedTuple):
    """How positions are found and what is read there; `rounding` is for nearest only."""

    mode: str
    coordinates: str
    rounding: str


class SampledRun(NamedTuple):
    """Results `first`, `first + step`, ..., `length` of them; result number k is the sum over `taps` (position, weight)
    of `weight * source[position + stride * k]`."""

    first: int
    step: int
    length: int
    stride: int
    taps: Row


@lru_cache(maxsize=256)
def rows(sampling: Sampling, count: int, result: int) -> tuple[Row, ...]:
    """For each of the `result` positions the input positions it reads, with their weights. Positions beyond the border
    are the border's own."""
    return tuple(_row(sampling, o, count, result) for o in range(result))


def _row(sampling: Sampling, o: int, count: int, result: int) -> Row:
    place = COORDINATES[sampling.coordinates](o, count, result)
    if sampling.mode == "nearest":
        return ((min(max(ROUNDINGS[sampling.rounding](place), 0), count - 1), Fraction(1)),)
    low = floor(place)
    weights: dict[int, Fraction] = {}
    for position, weight in ((low, 1 - (place - low)), (low + 1, place - low)):
        inside = min(max(position, 0), count - 1)
        weights[inside] = weights.get(inside, Fraction(0)) + weight
    return tuple((position, weight) for position, weight in sorted(weights.items()) if weight)


@lru_cache(maxsize=256)
def transposed(forward: tuple[Row, ...], count: int) -> tuple[Row, ...]:
    """For each of the `count` input positions the outputs that read it, with their weights."""
    found: list[list[tuple[int, Fraction]]] = [[] for _ in range(count)]
    for o, row in enumerate(forward):
        for position, weight in row:
            found[position].append((o, weight))
    return tuple(tuple(row) for row in found)


def period(sampling: Sampling, count: int, result: int) -> tuple[int, int]:
    """After how many outputs the weights repeat, and how many inputs further that is."""
    ends = int(sampling.coordinates == "align_corners" and result > 1)
    shared = gcd(count - ends, result - ends) or 1
    return (result - ends) // shared, max(1, (count - ends) // shared)


@lru_cache(maxsize=256)
def runs(sampled: tuple[Row, ...], step: int, stride: int) -> tuple[SampledRun, ...]:
    """Results `step` apart that read alike, `stride` further each time; what the border bends stands alone."""
    found: list[SampledRun] = []
    for phase in range(min(step, len(sampled))):
        start = phase
        for position in range(phase, len(sampled), step):
            following = position + step
            moved = tuple((place + stride, weight) for place, weight in sampled[position])
            if following >= len(sampled) or sampled[following] != moved:
                found.append(SampledRun(start, step, (position - start) // step + 1, stride, sampled[start]))
                start = following
    return tuple(found)


def whole(count: int) -> tuple[SampledRun, ...]:
    """The one run of an axis that stays as it is."""
    return (SampledRun(0, 1, count, 1, ((0, Fraction(1)),)),)


def whole_factor(sampled: tuple[Row, ...], count: int) -> int:
    """How often each of the `count` input positions is copied in a row, 0 where that is not what happens."""
    factor = len(sampled) // count
    copied = all(row == ((o // factor, 1),) for o, row in enumerate(sampled)) if factor else False
    return factor if copied and factor * count == len(sampled) else 0
