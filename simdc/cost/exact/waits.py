"""Waits from one issue to the next: how often an instruction reads the vector that the issue before it wrote last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

from simdc.cost.axis import Axis, Numbers
from simdc.cost.grid import Grid
from simdc.cost.kernel import CodeBlock, LoopNest, Operand
from simdc.named import NamedTuple


class Along(NamedTuple):
    """Vector instructions issued along one loop: `full` in each of its `tiles` but the last, `last` in that one, each
    `step` elements further."""

    # 40 channels in tiles of 16, 16, 8 on 8 lanes: tiles 3, full 2, last 1, step 8; 5 issues in all.

    tiles: int
    full: int
    last: int
    step: int

    @property
    def total(self) -> int:
        return (self.tiles - 1) * self.full + self.last


def waits_between_issues(nest: LoopNest, grid: Grid, lanes_loop: str, lanes: int) -> int:
    """How often, over all tiles of the nest, an issue waits for the one before it: a count, to be multiplied by
    `raw_wait_cycles`. The order of issues is that of docs/architecture.md, section "A vector program", 4."""
    waits = 0
    pairs = handed_on(nest)
    if pairs:
        along = {axis.loop: _along(axis, lanes if axis.loop == lanes_loop else 1) for axis in grid.every}
        for first, second, written in pairs:
            if first == second:
                waits = waits + within(nest, nest.blocks[first], written, along, grid.numbers)
            else:
                waits = waits + _across(nest.blocks[first : second + 1], written, along, grid.numbers)
    return waits


def handed_on(nest: LoopNest) -> list[tuple[int, int, Operand]]:
    """Numbers of two blocks, and the operand that the last instruction of the one writes and the first of the other
    reads. A temporary is not among them: each issue writes its own."""
    # Blocks sum = add(sum, x) and y = div(sum, n): (0, 0, sum), the block after itself, and (0, 1, sum).
    found: list[tuple[int, int, Operand]] = []
    for first, block in enumerate(nest.blocks):
        name = block.instructions[-1].dest
        for second in range(first, len(nest.blocks)):
            if name in nest.blocks[second].instructions[0].sources:
                kept = (operand for operand in (*nest.outputs, *nest.scratch) if operand.name == name)
                found += [(first, second, operand) for operand in kept]
    return found


def _along(axis: Axis, step: int) -> Along:
    return Along(axis.count, -(-axis.tile // step), -(-axis.last // step), step)


def within(nest: LoopNest, block: CodeBlock, written: Operand, along: Mapping[str, Along], numbers: Numbers) -> int:
    """From each issue of a block to its next. Loops that move what is written stand inside: two issues in a row write
    one vector only in a tile that has no more than one, and there all do."""
    # sum[c] = add(sum[c], x[c, w]), 5 columns w: order w, c. 2 channels on 2 lanes are one vector of sums, and all but
    # the first of 5 issues wait: 4. 4 channels are two vectors by turns: no issue follows one of its own vector.
    moving = [loop for loop, _ in nest.loops if loop in written.loops]
    still = [loop for loop, _ in nest.loops if loop in block.loops and loop not in moving]
    if any(len(terms) > 1 for terms, _ in written.index):
        return _where_windows_meet(written, [*still, *moving], along, numbers)
    tiles = issues = ones = 1
    for loop in still:
        tiles, issues = tiles * along[loop].tiles, issues * along[loop].total
    for loop in moving:
        ones = ones * _number(along[loop], numbers, first=False, last=False, one=True)
    return ones * (issues - tiles)


def _where_windows_meet(written: Operand, order: Sequence[str], along: Mapping[str, Along], numbers: Numbers) -> int:
    """As `within` where several loops index a dimension: one loop may step on while those inside it go back to their
    beginning, and both together lead to the element that was written last."""
    # y[ow + kw], ow 0 .. 2, kw 0 .. 1 inside: elements 0 1 | 1 2 | 2 3. From (0, 1) to (1, 0) and from (1, 1) to (2, 0)
    # the element stays: 2 waits.
    waits = 0
    for kinds in product(*(_kinds(along[loop]) for loop in order)):
        many = outer = 1
        for tiles, _ in kinds:
            many = many * tiles
        sizes = dict(zip(order, (size for _, size in kinds), strict=True))
        for level, loop in enumerate(order):
            here = numbers.choose(_stays(written, loop, order[level + 1 :], sizes, along), outer * (sizes[loop] - 1), 0)
            waits, outer = waits + many * here, outer * sizes[loop]
    return waits


def _kinds(along: Along) -> Iterator[tuple[int, int]]:
    """(tiles, issues in each) of the full tiles and of the last one."""
    yield along.tiles - 1, along.full
    yield 1, along.last


def _stays(
    written: Operand, loop: str, inside: Sequence[str], sizes: Mapping[str, int], along: Mapping[str, Along]
) -> bool:
    """Whether one step of `loop`, while those inside it go back to their beginning, leads to the same element."""
    stays = True
    for terms, _ in written.index:
        steps = {name: step * along[name].step for name, step in terms}
        moved = steps.get(loop, 0)
        # ow one on: + 1; kw from its last place, 1, back to 0: - 1 * (2 - 1). Together 0.
        for name in inside:
            moved = moved - steps.get(name, 0) * (sizes[name] - 1)
        stays = stays & (moved == 0)
    return stays


def _across(blocks: Sequence[CodeBlock], written: Operand, along: Mapping[str, Along], numbers: Numbers) -> int:
    """Waits from the last issue of the first of `blocks` to the first issue of the last: one in each tile that runs
    both and none between, and has one vector of what is written. By inclusion and exclusion over those between."""
    # 12 tiles run both ends, 4 of them one block between, 6 another, 2 both of these: 12 - 4 - 6 + 2 = 4 run none.
    ends, between = (blocks[0], blocks[-1]), blocks[1:-1]
    found = 0
    for many in range(len(between) + 1):
        for others in combinations(between, many):
            tiles = 1
            for loop, each in along.items():
                missing = [one.at for one in (*ends, *others) if loop not in one.loops]
                first, last, one = "start" in missing, "end" in missing, loop in written.loops
                tiles = tiles * _number(each, numbers, first=first, last=last, one=one)
            found = found + (-1) ** many * tiles
    return found


def _number(along: Along, numbers: Numbers, *, first: bool, last: bool, one: bool) -> int:
    """Tiles along a loop that, where this is asked, are the `first`, are the `last`, have `one` issue only."""
    # Tiles of 2, 2, 1 issues: with one issue there is 1 tile; with one issue and first none, with one and last 1.
    in_full, in_last = (numbers.choose(size == 1, 1, 0) if one else 1 for size in (along.full, along.last))
    if not first:
        return in_last if last else (along.tiles - 1) * in_full + in_last
    return numbers.choose(along.tiles == 1, in_last, 0 if last else in_full)
