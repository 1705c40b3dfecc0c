"""What plans for `cost/flat` have in common, of contractions and of vector programs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter

from simdc.cost.flat import tiles
from simdc.cost.flat.core import CoreForm
from simdc.cost.hardware import Hardware
from simdc.cost.structure import option_defaults


class FlatPlan:
    """A kernel on one machine: `plan` as `flat/tiles.py` numbers it, of `loops` with their bounds by the kernel and of
    so many `streams`."""

    def __init__(self, loops: Mapping[str, int], plan: list[int], streams: int):
        self.plan, self._loops, self._streams_count = plan, loops, streams
        self._numbers = {loop: number for number, loop in enumerate(loops)}
        self._forms: dict[str, list[int]] = {}

    def numbered(self, order: Sequence[str], sizes: Sequence[int]) -> tuple[list[int], int]:
        """The order by the numbers of loops, and how many of these are cut."""
        cut = sum(size < self._loops[loop] for loop, size in zip(order, sizes, strict=True))
        return [self._numbers[loop] for loop in order], cut

    def in_form(self, form: CoreForm) -> list[int]:
        """The plan. Raises OverflowError for numbers that the form has no room for."""
        found = self._forms.get(form.name)
        if found is None:
            found = self._forms[form.name] = form.row(self.plan)
        return found

    def room(self, form: CoreForm, cut: int) -> list[int]:
        """To price a tiling in, of which at most so many loops are cut."""
        return form.zeros(tiles.TABLES + (self._streams_count + 1 << cut))


def options_beside(
    known: Collection[str], other_array: str
) -> tuple[Callable[[Hardware], tuple[object, ...]], tuple[object, ...]]:
    """What reads the options of a machine that must be at their defaults, those that are yet to come among them, and
    these defaults. Those that are `known`, of the other array (`simd.`), and of channels, which a rule knows, may be
    anything."""
    found = {
        path: default
        for path, default in option_defaults().items()
        if path not in known and not path.startswith(other_array) and not path.endswith(("_channel", "_duplex"))
    }
    return attrgetter(*found), tuple(found.values())
