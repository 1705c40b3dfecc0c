"""The ladder of a contraction: ways to cut its loops and to order them.

Loops that move the same operands are a side: those of the columns move weight and psum, those that are summed over
weight and ifmap, those of the image ifmap and psum. A rung is a way to cut each side, and the side that is walked
innermost: this decides which operand stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simdc.cost.axis import Axis
from simdc.cost.kernel import Contraction, Operand
from simdc.cost.spread import Spread, kinds
from simdc.named import NamedTuple

from .footprint import Dimensions
from .rungs import Rung, in_turn, rungs, together

Moves = tuple[bool, bool, bool]
"""Whether a loop moves weight, ifmap and psum."""
IMAGE: Moves = (False, True, True)


class Side(NamedTuple):
    """The loops that move the same operands, and the ways to cut them."""

    moves: Moves
    loops: tuple[str, ...]
    rungs: list[Rung]


class ArrayLadder:
    """All schedules of the ladder: each way to cut the `sides`, whichever of them is innermost, with each way to cut
    the image (`image`). `psum_image` has the elements of a psum tile along the dimensions that the image moves, for
    each of `image`. Widths of elements and sizes of memories have no say: networks on many machines share it."""

    def __init__(self, kernel: Contraction, bounds: Mapping[str, int], spread: Spread, clip: bool):
        self.kernel, self.bounds, self._spread, self._clip = kernel, bounds, spread, clip
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
        self.image, self.image_loops = image.rungs, image.loops
        self.sides = [self._side(moves, loops) for moves, loops in sides.items()]
        psum_image = self.dimensions(kernel.psum, self.of_image(kernel.psum, moved=True))
        self.psum_image = [psum_image.of({**bounds, **rung.sizes}) for rung in self.image]
        self.least_image_passes = min(rung.passes for rung in self.image)
        self.least_psum_image = min(elements.total for elements in self.psum_image)

    def _side(self, moves: Moves, loops: list[str]) -> Side:
        """The ways to cut the loops of one side. Loops along the array are cut first. Beside one loop after the other,
        those that share a dimension of the ifmap with others are cut together, into as many parts each: squares have
        the smallest halo."""
        # 3x3 windows of 64 output pixels: a tile of 8 x 8 reads 10 * 10 = 100 positions, one of 1 x 64 3 * 66 = 198.
        ordered = sorted(loops, key=lambda loop: loop not in self._widths)
        ways = in_turn(ordered, self.bounds, self._widths)
        shared = {loop for terms, _ in self.kernel.ifmap.index if len(terms) > 1 for loop, _ in terms}
        square = [loop for loop in loops if loop in shared and loop not in self._widths]
        if len(square) > 1:
            # The last way has single arrays or iterations of every loop: what is not square stays so.
            ways += [ways[-1] | sizes for sizes in together(square, self.bounds)]
        return Side(moves, tuple(loops), rungs(ways, self.bounds, self._widths, self._spread.joint))

    def of_image(self, operand: Operand, *, moved: bool) -> list[int]:
        """The dimensions of the operand that the image moves, or the others."""
        return [
            number
            for number, (terms, _) in enumerate(operand.index)
            if any(loop in self.image_loops for loop, _ in terms) == moved
        ]

    def dimensions(self, operand: Operand, numbers: Sequence[int]) -> Dimensions:
        return Dimensions(operand, numbers, self.bounds, self._clip)

    @property
    def window(self) -> tuple[Dimensions, list[str]]:
        """What the image moves of the ifmap, and the loops beside the image's that do."""
        # A dimension that the image moves, oh + kh, has the window's tile in it, too: 8 rows of output touch 10 rows
        # with kh in a tile of 3 and 8 with kh in tiles of 1. Cuts with the same window share what the image touches.
        moved = self.dimensions(self.kernel.ifmap, self.of_image(self.kernel.ifmap, moved=True))
        return moved, [loop for loop in moved.loops if loop not in self.image_loops]

    @property
    def joint_of_cut(self) -> tuple[str, ...]:
        return self._of_cut.joint

    def joint_passes(self, sizes: Mapping[str, int]) -> Rung:
        """Passes of a cut along what shares a side of the array."""
        return self._joint(self._of_cut, sizes)

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
