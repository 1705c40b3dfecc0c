"""Counts what moves between DRAM and a buffer, element by element.

It knows a loop nest, how operands are indexed, and what a buffer holds: for each operand the set of elements of the
tile in use. Every point of the nest is walked in tiled order; boxes, sums that are incomplete and results that somebody
began before follow from the coordinates seen, not from formulas.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Affine, Contraction, LoopNest, Operand, VectorProgram
from simdc.cost.tiling import Tiling, loop_bounds

Element = tuple[int, ...]
Point = dict[str, int]
Slice = tuple[tuple[int, ...], ...]


@dataclass
class Traffic:
    """Elements that crossed the port for one operand.

    `needed` are elements that some point of the nest indexes, that lie inside the tensor, and that were not in the
    buffer when it came to this point: fewer cannot be loaded. `begun` are the loads that a partial result forces.
    """

    loads: int = 0
    stores: int = 0
    spills: int = 0
    needed: int = 0
    begun: int = 0


@dataclass
class Buffer:
    """Room for one tile. A machine does not compare contents: it loads when the loops that index the operand have
    moved on, whether or not the new tile overlaps with the old one."""

    operand: Operand
    clip: bool
    values: Slice | None = None
    held: set[Element] = field(default_factory=set)

    def turn_to(self, points: list[Point]) -> bool:
        """Make the tile of `points` the one in use; whether it is another tile."""
        loops = sorted({loop for expression in self.operand.index for loop, _ in expression.terms})
        values = tuple(tuple(sorted({point[loop] for point in points})) for loop in loops)
        if values == self.values:
            return False
        self.values = values
        seen = {element_at(self.operand, point) for point in points}
        axes = [range(min(places), max(places) + 1) for places in zip(*seen, strict=True)]
        self.held = {element for element in product(*axes) if not self.clip or inside(self.operand, element)}
        return True


def element_at(operand: Operand, point: Point) -> Element:
    """The coordinates that the operand is indexed with, inside the tensor or not."""
    return tuple(
        expression.constant + sum(step * point[loop] for loop, step in expression.terms)
        for expression in operand.index
    )  # fmt: skip


def inside(operand: Operand, element: Element) -> bool:
    return all(0 <= place < extent for place, extent in zip(element, operand.shape, strict=True))


def tiles(bounds: Mapping[str, int], own: Mapping[str, int], tiling: Tiling) -> Iterator[list[Point]]:
    """The points of each tile in the order of the nest. A size at or above a loop's own bound is the whole loop."""
    order = [loop for loop in tiling.order if loop in bounds]
    sizes = {
        loop: size if size < own[loop] else bounds[loop] for loop, size in zip(*tiling, strict=True) if loop in own
    }
    for starts in product(*(range(0, bounds[loop], sizes[loop]) for loop in order)):
        spans = [
            range(start, min(start + sizes[loop], bounds[loop])) for start, loop in zip(starts, order, strict=True)
        ]
        yield [dict(zip(order, values, strict=True)) for values in product(*spans)]


def groups_apart(operand: Operand, own: Mapping[str, int], bounds: Mapping[str, int]) -> Operand:
    """Where a machine rounds the channels of each group up, the next group begins after what was rounded up."""

    def spread(expression: Affine) -> Affine:
        if len(expression.terms) != 2 or expression.terms[0][0] != "g":
            return expression
        (_, step), (channel, one) = expression.terms
        return expression._replace(terms=(("g", step + bounds[channel] - own[channel]), (channel, one)))

    return operand._replace(index=tuple(map(spread, operand.index)))


def count_contraction(kernel: Contraction, tiling: Tiling, machine: Hardware) -> dict[str, Traffic]:
    """Traffic of each operand. A result's element is complete when every point that adds to it has run; until then
    leaving the buffer is a spill, and coming back loads it."""
    own = loop_bounds(kernel)
    bounds = dict(own)
    if machine.stores_padding:
        array = machine.systolic
        for loop, side in ((kernel.rows, array.rows), (kernel.columns, array.columns)):
            while bounds[loop] % side:
                bounds[loop] += 1
    clip = not machine.stores_padding
    operands = {operand.name: groups_apart(operand, own, bounds) for operand in kernel.operands}
    found = {name: Traffic() for name in operands}
    out = operands.pop(kernel.psum.name)
    inputs = {name: Buffer(operand, clip) for name, operand in operands.items()}
    result, psum = Buffer(out, clip), found[kernel.psum.name]
    nest = [dict(zip(bounds, values, strict=True)) for values in product(*map(range, bounds.values()))]
    wanted = Counter(element_at(out, point) for point in nest)
    added: Counter[Element] = Counter()

    def leave(elements: set[Element]) -> None:
        for element in elements:
            complete = added[element] == wanted[element]
            psum.stores += complete
            psum.spills += not complete

    for points in tiles(bounds, own, tiling):
        for name, buffer in inputs.items():
            _load(buffer, points, found[name])
        before = result.held
        if result.turn_to(points):
            leave(before)
            back = sum(added[element] > 0 for element in result.held)
            psum.loads += back
            psum.begun += back
        added.update(element_at(out, point) for point in points)
    leave(result.held)
    return found


def count_phase(phase: LoopNest, program: VectorProgram, tiling: Tiling, machine: Hardware) -> dict[str, Traffic]:
    """Traffic of each input and output. Whenever a result's tile leaves it is stored; a tile comes in with whatever of
    it somebody began before."""
    own = {loop.name: loop.bound for loop in phase.loops}
    bounds = dict(own)
    if machine.stores_padding and program.lanes == "c" and "c" in bounds:
        while bounds["c"] % machine.simd.lanes:
            bounds["c"] += 1
    clip = not machine.stores_padding
    inputs = [Buffer(operand, clip) for operand in phase.inputs]
    results = [Buffer(operand, clip) for operand in phase.outputs]
    found = {buffer.operand.name: Traffic() for buffer in (*inputs, *results)}
    begun: set[tuple[str, Element]] = set()
    for points in tiles(bounds, own, tiling):
        for buffer in inputs:
            _load(buffer, points, found[buffer.operand.name])
        for buffer in results:
            name = buffer.operand.name
            if buffer.turn_to(points):
                found[name].stores += len(buffer.held)
                back = {element for element in buffer.held if (name, element) in begun}
                found[name].begun += len(back)
                found[name].loads += len(buffer.held) if back else 0
                begun |= {(name, element) for element in buffer.held}
    return found


def _load(buffer: Buffer, points: list[Point], traffic: Traffic) -> None:
    old = buffer.held
    touched = {element_at(buffer.operand, point) for point in points}
    traffic.needed += sum(inside(buffer.operand, element) and element not in old for element in touched)
    if buffer.turn_to(points):
        traffic.loads += len(buffer.held)
