"""The ladder of a contraction: ways to cut its loops and to order them.

Loops that move the same operands are a side: those of the columns move weight and psum, those that are summed over
weight and ifmap, those of the image ifmap and psum. A rung is a way to cut each side, and the side that is walked
innermost: this decides which operand stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import NamedTuple

from simdc.cost.axis import Axis
from simdc.cost.kernel import Contraction, Operand
from simdc.cost.spread import Spread, kinds

from .footprint import Dimensions, Elements
from .rungs import Rung, Sizes, in_turn, rungs, together

Moves = tuple[bool, bool, bool]
"""Whether a loop moves weight, ifmap and psum."""
IMAGE: Moves = (False, True, True)


class Side(NamedTuple):
    """The loops that move the same operands, and the ways to cut them."""

    moves: Moves
    loops: tuple[str, ...]
    rungs: list[Rung]


class ArrayCut(NamedTuple):
    """A way to cut all sides but the image: tile `sizes`, number of `tiles`, passes of the array in all, in the largest
    tile and in the last. `weight` and `bias` have the elements of their tiles, `ifmap` and `psum` those along the
    dimensions that the image does not move; `ifmap_image` has the others, for each rung of the image. They multiply."""

    # ifmap[ic, oh + kh], ic in tiles of 16, kh 3, rung of the image with oh in tiles of 8: 16 and 10, 160 elements.

    sizes: Sizes
    tiles: int
    passes: int
    most_passes: int
    last_passes: int
    weight: Elements
    bias: Elements
    ifmap: Elements
    psum: Elements
    ifmap_image: list[Elements]


class Walk(NamedTuple):
    """A cut and its loop order, of which only the innermost side matters: the image, or another. A weight tile comes
    into use once for each tile of the image (`weight_per_image`) or once in all, an ifmap tile `ifmap_reloads` times, a
    result `psum_reloads` times; an ifmap stays for `ifmap_stays` tiles, a psum for `psum_stays`."""

    cut: ArrayCut
    innermost: tuple[str, ...]
    image_inside: bool
    weight_per_image: bool
    ifmap_reloads: int
    psum_reloads: int
    ifmap_stays: int
    psum_stays: int


class ArrayLadder:
    """All schedules of the ladder, `walks` x `image`: each way to cut and order the other sides with each way to cut
    the image. `psum_image` has the elements of a psum tile along the dimensions that the image moves, for each of
    `image`. Widths of elements and sizes of memories have no say: networks on many machines share it."""

    def __init__(self, kernel: Contraction, bounds: Mapping[str, int], spread: Spread, clip: bool):
        self._kernel, self.bounds, self._spread, self._clip = kernel, bounds, spread, clip
        self._widths = spread.widths
        weight, ifmap, psum = (set(operand.loops) for operand in (kernel.weight, kernel.ifmap, kernel.psum))
        sides: dict[Moves, list[str]] = {}
        for loop in bounds:
            sides.setdefault((loop in weight, loop in ifmap, loop in psum), []).append(loop)
        # Passes along a side of the array with positions are those of the image's rungs, all others those of a cut.
        self._of_image = spread.along(sides.get(IMAGE, []))
        self._of_cut = spread.along(bounds.keys() - set(sides.get(IMAGE, [])))
        image = self._side(IMAGE, sides.pop(IMAGE, []))
        image = image._replace(rungs=[self._with_joint(rung) for rung in image.rungs])
        # A pass of the array over the image's positions is a fold, unless a loop moves the result alone.
        self.folds_are_passes = spread.stays == "weight" and (False, False, True) not in sides
        self.image, self._image_loops = image.rungs, image.loops
        others = [self._side(moves, loops) for moves, loops in sides.items()]
        psum_image = self._dimensions(kernel.psum, image=True)
        self.psum_image = [psum_image.of({**bounds, **rung.sizes}) for rung in self.image]
        self.least_image_passes = min(rung.passes for rung in self.image)
        self.least_psum_image = min(elements.total for elements in self.psum_image)
        cuts = self._cuts([side.rungs for side in others])
        self.walks = [walk for cut, ways in cuts for walk in self._walks(cut, others, ways)]

    def _side(self, moves: Moves, loops: list[str]) -> Side:
        """The ways to cut the loops of one side. Loops along the array are cut first. Beside one loop after the other,
        those that share a dimension of the ifmap with others are cut together, into as many parts each: squares have
        the smallest halo."""
        # 3x3 windows of 64 output pixels: a tile of 8 x 8 reads 10 * 10 = 100 positions, one of 1 x 64 3 * 66 = 198.
        ordered = sorted(loops, key=lambda loop: loop not in self._widths)
        ways = in_turn(ordered, self.bounds, self._widths)
        shared = {loop for terms, _ in self._kernel.ifmap.index if len(terms) > 1 for loop, _ in terms}
        square = [loop for loop in loops if loop in shared and loop not in self._widths]
        if len(square) > 1:
            # The last way has single arrays or iterations of every loop: what is not square stays so.
            ways += [ways[-1] | sizes for sizes in together(square, self.bounds)]
        return Side(moves, tuple(loops), rungs(ways, self.bounds, self._widths, self._spread.joint))

    def _dimensions(self, operand: Operand, *, image: bool) -> Dimensions:
        """Those of the operand that the image moves, or the others."""
        moved = [any(loop in self._image_loops for loop, _ in expression.terms) for expression in operand.index]
        return Dimensions(operand, [n for n, moves in enumerate(moved) if moves == image], self.bounds, self._clip)

    def _cuts(self, sides: list[list[Rung]]) -> Iterator[tuple[ArrayCut, tuple[Rung, ...]]]:
        """Every way to cut one side with every way to cut the others, the image left out, and the rungs it is of."""
        kernel = self._kernel
        weight, ifmap, psum = (self._dimensions(o, image=False) for o in (kernel.weight, kernel.ifmap, kernel.psum))
        bias = None if kernel.bias is None else self._dimensions(kernel.bias, image=False)
        ifmap_image = self._dimensions(kernel.ifmap, image=True)
        # A dimension that the image moves, oh + kh, has the window's tile in it, too: 8 rows of output touch 10 rows
        # with kh in a tile of 3 and 8 with kh in tiles of 1. Cuts with the same window share what the image touches.
        window = [loop for loop in ifmap_image.loops if loop not in self._image_loops]
        by_window: dict[tuple[int, ...], list[Elements]] = {}
        for ways in product(*sides):
            sizes = {loop: size for rung in ways for loop, size in rung.sizes.items()}
            key = tuple([sizes[loop] for loop in window])
            if key not in by_window:
                by_window[key] = [ifmap_image.of(sizes | rung.sizes) for rung in self.image]
            joint = self._joint(self._of_cut, sizes)
            cut = ArrayCut(
                sizes,
                prod([rung.tiles for rung in ways]),
                joint.passes * prod([rung.passes for rung in ways]),
                joint.most_passes * prod([rung.most_passes for rung in ways]),
                joint.last_passes * prod([rung.last_passes for rung in ways]),
                weight.of(sizes),
                Elements() if bias is None else bias.of(sizes),
                ifmap.of(sizes),
                psum.of(sizes),
                by_window[key],
            )
            yield cut, ways

    def _with_joint(self, rung: Rung) -> Rung:
        """A rung of the image with the passes along what of it shares a side of the array."""
        joint = self._joint(self._of_image, rung.sizes)
        return rung._replace(
            passes=rung.passes * joint.passes,
            most_passes=rung.most_passes * joint.most_passes,
            last_passes=rung.last_passes * joint.last_passes,
        )

    def _joint(self, spread: Spread, sizes: Mapping[str, int]) -> Rung:
        """The loops of `spread` that share a side of the array, as a rung of one tile: passes of all loops together."""
        if not spread.joint:
            return Rung({}, 1, 1, 1, 1)
        axes = [Axis(loop, self.bounds[loop], sizes[loop], clip=False) for loop in spread.joint]
        total = sum(many * spread.joint_passes(each) for many, each in kinds(axes))
        last = spread.joint_passes({axis.loop: axis.last for axis in axes})
        return Rung({}, 1, total, spread.joint_passes(sizes), last)

    def _walks(self, cut: ArrayCut, sides: list[Side], ways: tuple[Rung, ...]) -> Iterator[Walk]:
        """One walk with the image inside, and one for each other side that is cut. An operand that the innermost side
        moves comes into use as often as the sides that do not move it have tiles; one that it does not move stays."""
        # oc in 4 tiles, ic in 2. Image inside: weights come once, ifmap[ic, image] 4 times, psum[oc, image] 2 times.
        # ic inside: a psum stays for 2 tiles and never leaves as partial sum; the ifmap comes 4 times, weights for each
        # tile of the image. oc inside: the ifmap stays for 4 tiles and comes once, psums come 2 times.
        still = [
            prod([rung.tiles for side, rung in zip(sides, ways, strict=True) if not side.moves[operand]])
            for operand in range(3)
        ]
        yield Walk(cut, self._image_loops, True, False, still[1], still[2], 1, 1)
        for (moves, loops, _), rung in zip(sides, ways, strict=True):
            if rung.tiles > 1:
                weight, ifmap, psum = moves
                ifmap_reloads, ifmap_stays = (still[1], 1) if ifmap else (1, rung.tiles)
                psum_reloads, psum_stays = (still[2], 1) if psum else (1, rung.tiles)
                yield Walk(cut, loops, False, weight, ifmap_reloads, psum_reloads, ifmap_stays, psum_stays)
