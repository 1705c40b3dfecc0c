"""A contraction's ladder as a row of numbers, for `cost/flat`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from simdc.cost.flat import climb
from simdc.cost.flat import rungs as at
from simdc.cost.flat.core import CoreForm
from simdc.cost.tiling import Tiling

from .contraction import ArrayLadder, Walk
from .footprint import Elements


class LadderRows:
    """`plain` has the numbers of a ladder where `flat/rungs.py` says; networks on many machines share them."""

    def __init__(self, ladder: ArrayLadder):
        self.ladder = ladder
        # Cuts with the same window share one list of what the image touches of the ifmap.
        tables: dict[int, tuple[int, list[Elements]]] = {}
        walks: list[int] = []
        for cut, _, *of_walk in ladder.walks:
            table, _ = tables.setdefault(id(cut.ifmap_image), (len(tables), cut.ifmap_image))
            walks += (cut.tiles, cut.passes, cut.most_passes, cut.last_passes)
            walks += (*cut.weight, *cut.bias, *cut.ifmap, *cut.psum, table, *of_walk)
        images = [
            number
            for rung, results in zip(ladder.image, ladder.psum_image, strict=True)
            for number in (rung.tiles, rung.passes, rung.most_passes, rung.last_passes, *results)
        ]
        image_rows = at.WALK_ROWS + len(walks)
        self.plain = [
            *(len(ladder.walks), len(ladder.image), ladder.least_image_passes, ladder.least_psum_image),
            *(int(ladder.folds_are_passes), image_rows, image_rows + len(images)),
            *walks,
            *images,
            *(number for _, table in tables.values() for elements in table for number in elements),
        ]
        self._forms: dict[str, tuple[list[int], list[int]]] = {}

    @cached_property
    def ways(self) -> list[int]:
        """The schedules of the rungs, as `flat/best.py` has them."""
        loops = {loop: number for number, loop in enumerate(self.ladder.bounds)}
        found: list[int] = []
        for walk in self.ladder.walks:
            found += (loops[loop] for loop in self.order(walk))
            found += (walk.cut.sizes.get(loop, 0) for loop in loops)
        for rung in self.ladder.image:
            found += (rung.sizes.get(loop, 0) for loop in loops)
        return found

    def order(self, walk: Walk) -> list[str]:
        """Outermost first: the default order, but for what is innermost."""
        return sorted(self.ladder.bounds, key=lambda loop: loop in walk.innermost)

    def tiling(self, group: int, step: int) -> Tiling:
        """Of one rung."""
        walk = self.ladder.walks[group]
        sizes, order = walk.cut.sizes | self.ladder.image[step].sizes, self.order(walk)
        return Tiling(tuple(order), tuple([sizes[loop] for loop in order]))

    def in_form(self, form: CoreForm) -> tuple[list[int], list[int]]:
        """The ladder and `ways`. Raises OverflowError for numbers that the form has no room for."""
        found = self._forms.get(form.name)
        if found is None:
            found = self._forms[form.name] = form.row(self.plain), form.row(self.ways)
        return found


def with_more_room(waiting: Sequence[int], room: int) -> list[int]:
    """What waits, with room for twice as many entries."""
    heap = climb.HEAP + waiting[climb.WAITING]
    places = [entry + room for entry in waiting[climb.HEAP : heap]]
    entries = waiting[climb.HEAP + room : climb.HEAP + room + climb.ENTRY * waiting[climb.USED]]
    found = [0] * (climb.HEAP + (1 + climb.ENTRY) * 2 * room)
    found[:heap] = [*waiting[: climb.HEAP], *places]
    found[climb.HEAP + 2 * room : climb.HEAP + 2 * room + len(entries)] = entries
    return found
