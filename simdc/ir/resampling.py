"""The vector program that reads an image at the positions of runs along height and width."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine

from .base import shape_of, width_bits
from .sampling import SampledRun, whole

MAX_AT_ONCE, MAX_TAPS_AT_ONCE = 64, 16
"""Loop nests, and taps of a nest, up to which rows and columns are resized in one go."""
MAX_PHASES = 1024
AXES = ("h", "w")
COLUMN_AXES = ("oh", "ow")
"""Loops of the walk over columns, where it is apart: its rows are those of the result, all of them."""


def resample(
    kind: str, name: str, source: SSAValue, target: SSAValue, cut: Sequence[tuple[SampledRun, ...]], bits: int
) -> VectorProgram:
    """From `source`, which instructions call `name`, to `y`; `cut` has the runs along height and width. Partial results
    have `bits`. Raises VerifyException where positions repeat too rarely for a program of reasonable length."""
    start, end = shape_of(source), shape_of(target)
    first = Operand(name, width_bits(source), start, ())
    last = Operand("y", width_bits(target), end, ())
    nests, taps = prod(map(len, cut)), prod(max(len(run.taps) for run in axis) for axis in cut)
    if nests <= MAX_AT_ONCE and taps <= MAX_TAPS_AT_ONCE:
        return VectorProgram(kind, _walk(first, last, cut, AXES))
    if sum(map(len, cut)) > MAX_PHASES:
        raise VerifyException(
            f"resizing {start[2]} x {start[3]} to {end[2]} x {end[3]} reads nearly every position with weights of its "
            f"own, in {sum(map(len, cut))} ways, and at most {MAX_PHASES} are supported; use a size that is a simple "
            "multiple of the input's"
        )
    between = Operand("resized_rows", bits, (*start[:2], end[2], start[3]), ())
    rows = _walk(first, between, (cut[0], whole(start[3])), AXES)
    return VectorProgram(kind, (*rows, *_walk(between, last, (whole(end[2]), cut[1]), COLUMN_AXES)))


def _walk(
    source: Operand, target: Operand, cut: Sequence[tuple[SampledRun, ...]], axes: Sequence[str]
) -> tuple[LoopNest, ...]:
    """A nest for each run of rows and run of columns. The loop along the longest runs has the name that `axes` gives
    its axis, others have their length behind it."""
    longest = [(axis, max(run.length for run in runs)) for axis, runs in zip(axes, cut, strict=True)]
    return tuple(_nest(source, target, pair, longest) for pair in product(*cut))


def _nest(source: Operand, target: Operand, pair: Sequence[SampledRun], longest: Sequence[tuple[str, int]]) -> LoopNest:
    n, channels, *_ = target.shape
    bounds = {"c": channels, "n": n}
    read: list[Affine] = []
    made: list[Affine] = []
    starts: list[Affine] = []
    windows: dict[str, int] = {}
    for (axis, most), run in zip(longest, pair, strict=True):
        loop = axis if run.length == most else f"{axis}{run.length}"
        moving = run.length > 1
        if moving:
            bounds[loop] = run.length
        places = [place for place, _ in run.taps] or [0]
        low, extent = min(places), max(places) - min(places) + 1
        steps = ((loop, run.stride),) if moving else ()
        starts.append(affine(*steps))
        window = ()
        if extent > 1:
            windows[f"k{axis}{extent}"] = extent
            window = ((f"k{axis}{extent}", 1),)
        read.append(affine(*steps, *window, constant=low))
        made.append(affine(*(((loop, run.step),) if moving else ()), constant=run.first))
    lead = (affine("n"), affine("c"))
    taps = [((a, b), float(wa * wb)) for (a, wa), (b, wb) in product(*(run.taps for run in pair))]
    views: list[Operand] = []
    if windows:
        for number, (places, _) in enumerate(taps):
            index = [start._replace(constant=place) for start, place in zip(starts, places, strict=True)]
            views.append(source._replace(name=f"{source.name}.{number}", index=(*lead, *index)))
    names = [view.name for view in views] or [source.name] * len(taps)
    weighted = list(zip(names, [weight for _, weight in taps], strict=True))
    block = CodeBlock(tuple(bounds), _weighted_sum(target.name, weighted))
    loops = tuple(Loop(loop, bound) for loop, bound in (bounds | windows).items())
    loaded = (source._replace(index=(*lead, *read)),) if taps else ()
    return LoopNest(loops, loaded, (target._replace(index=(*lead, *made)),), (block,), views=tuple(views))


def _weighted_sum(target: str, taps: Sequence[tuple[str, float]]) -> tuple[Instruction, ...]:
    """All products, then their sum: an element that nothing was read from is zero."""
    if len(taps) < 2:
        name, weight = taps[0] if taps else (0.0, 1.0)
        return (Instruction("move", target, (name,)) if weight == 1.0 else Instruction("mul", target, (name, weight)),)
    code = [Instruction("mul", f"part{number}", tap) for number, tap in enumerate(taps)]
    total = "part0"
    for number in range(1, len(taps)):
        made = target if number == len(taps) - 1 else "sum"
        code.append(Instruction("add", made, (total, f"part{number}")))
        total = made
    return tuple(code)
