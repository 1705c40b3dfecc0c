"""The explanation of one layer: its cost taken apart by the model, and each change priced by the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

from simdc.cost.account import Account, CyclePart
from simdc.cost.forms import Chosen, Forms, cheapest
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Chain, Kernel
from simdc.cost.machine_fields import HardwareError
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel, Uncosted
from simdc.cost.numbers import ceil_div
from simdc.cost.result import Cost, Number
from simdc.cost.structure import with_field
from simdc.cost.tiling import Tiling, TilingError

from .explanation import Explanation, Remedy
from .growth import PLAYED, TIMES, able, growable, is_memory

FormsOn = Callable[[AnyMachine], Forms]
"""What the layer can be on a machine: some mappings are on some machines only."""
Tile = Callable[[Kernel, AnyMachine], Tiling]
"""How the layer is tiled on any machine. Raises TilingError, Uncosted as the model does."""
SEARCH_STEPS = 200_000
"""Of a search for one layer: a fraction of a second."""
HELPS = 0.01
"""A larger memory helps if it saves this share of the cycles."""


def explain(
    forms_on: FormsOn,
    form: str,
    tiling: Tiling,
    model: AnyModel,
    hardware: AnyMachine,
    tile: Tile,
    *,
    searched: bool = False,
    search_steps: int = SEARCH_STEPS,
    most_played: int | None = None,
) -> Explanation:
    """Why the layer that can be any of `forms_on` takes as long as it does, as `form` with `tiling`. On changed
    machines it is tiled by `tile`, and has the form that is the cheapest there. No search, where it is `searched`
    already. What has to be played tile by tile is left out for a layer of more than `most_played` tiles, if that is
    given. Raises TilingError, Uncosted as the model does for the layer as it is."""
    forms = forms_on(hardware)
    kernel = dict(forms)[form]
    cost = model.evaluate(kernel, tiling, hardware)
    account, remarks = _account(kernel, tiling, cost, model, hardware)
    tried = _Tried(forms_on, model, tile)
    plays = most_played is None or tiles_of(kernel, tiling) <= most_played
    remedies = [*tried.grown(hardware, cost.cycles.total, plays=plays)]
    refused: list[tuple[str, str]] = []
    own = tried.priced(kernel, hardware)
    if own is not None and own[1].cycles.total < cost.cycles.total:
        remedies.append(Remedy("tiling", "default", None, None, own[1], own[0], form))
    for name, other in forms if model.takes_forms else ():
        if name != form:
            try:
                found = tile(other, hardware)
                priced = model.evaluate(other, found, hardware)
            except (TilingError, Uncosted) as reason:
                refused.append((name, str(reason)))
            else:
                remedies.append(Remedy("form", name, None, None, priced, found, name))
    if model.searchable and not searched and isinstance(hardware, Hardware):
        remedies += _searched(forms if model.takes_forms else ((form, kernel),), model, hardware, search_steps)
    return Explanation(
        model=model.name,
        hardware=hardware,
        kernel=kernel,
        form=form,
        tiling=tiling,
        cost=cost,
        parts=account.parts,
        fills=account.fills,
        rooms=account.needs,
        least=model.least_cycles(kernel, hardware),
        remedies=tuple(sorted(remedies, key=lambda remedy: remedy.cost.cycles.total)),
        refused=tuple(refused),
        remarks=remarks,
    )


def _account(
    kernel: Kernel, tiling: Tiling, cost: Cost, model: AnyModel, hardware: AnyMachine
) -> tuple[Account, tuple[str, ...]]:
    """Of a model that takes nothing apart: what each of its levels adds, where it has some; else compute and stall."""
    account = model.account(kernel, tiling, hardware)
    if account is not None:
        return account, ()
    analysis = model.analyse(kernel, tiling, hardware)
    if analysis is not None and cost.cycles.total in analysis.levels:
        # Levels of 40, 40, 55, 60: 40 by the first, nothing, 15 and 5 more.
        last = len(analysis.levels) - analysis.levels[::-1].index(cost.cycles.total)
        levels = (0, *analysis.levels[:last])
        parts = [CyclePart(f"level {n}: {model.levels[n]}", levels[n + 1] - levels[n]) for n in range(last)]
        told = f"the model {model.name} refines its answer level by level: each part is what a level adds"
        return Account(tuple(part for part in parts if part.cycles)), (told, *analysis.remarks)
    parts = (CyclePart("compute", cost.cycles.compute), CyclePart("stall", cost.cycles.stall))
    told = f"the model {model.name} tells compute and stall, and no more"
    return Account(parts), (told,)


def tiles_of(kernel: Kernel, tiling: Tiling) -> int:
    """How many tiles there are."""
    # A loop of 100 in tiles of 64 and one of 9 in tiles of 3: 2 x 3.
    bounds = kernel.bounds
    return prod(ceil_div(bounds[name], size) for name, size in tiling.as_dict().items())


class _Tried:
    """A layer on one machine after the other."""

    def __init__(self, forms_on: FormsOn, model: AnyModel, tile: Tile):
        self._forms_on, self._model, self._tile = forms_on, model, tile

    def priced(self, kernel: Kernel, hardware: AnyMachine) -> tuple[Tiling, Cost] | None:
        try:
            tiling = self._tile(kernel, hardware)
            return tiling, self._model.evaluate(kernel, tiling, hardware)
        except (TilingError, Uncosted):
            return None

    def grown(self, hardware: AnyMachine, cycles: Number, *, plays: bool) -> Iterator[Remedy]:
        """Each field doubled; of a memory the first size that helps, twice as large, four or eight times. Then what the
        array may be able to do."""
        kernels = [kernel for _, kernel in self._forms_on(hardware)]
        for path, before in growable(kernels, hardware, self._model.rule).items():
            tried: list[Remedy] = []
            for times in TIMES if is_memory(path) else TIMES[:1]:
                remedy = self._with(hardware, path, before, before * times)
                if remedy is not None:
                    tried.append(remedy)
                    if cycles - remedy.cost.cycles.total >= HELPS * cycles:
                        break
            if tried:
                yield min(tried, key=lambda remedy: remedy.cost.cycles.total)
        for path, (word, other) in able(kernels, hardware, self._model).items():
            remedy = self._with(hardware, path, word, other) if plays or path not in PLAYED else None
            if remedy is not None:
                yield remedy

    def _with(self, hardware: AnyMachine, path: str, before: Number | str, value: Number | str) -> Remedy | None:
        """None where the machine may not have this value, or the layer does not fit it."""
        try:
            larger = with_field(hardware, path, value)
            chosen = self._cheapest(larger)
        except (HardwareError, TilingError, Uncosted):
            return None
        return Remedy("machine", path, value, before, chosen.cost, chosen.tiling, chosen.form)

    def _cheapest(self, hardware: AnyMachine) -> Chosen:
        def price(kernel: Kernel) -> tuple[Tiling, Cost]:
            tiling = self._tile(kernel, hardware)
            return tiling, self._model.evaluate(kernel, tiling, hardware)

        forms = self._forms_on(hardware)
        forms = forms if self._model.takes_forms else forms[:1]
        return cheapest(
            forms, price, lambda _, cost: cost.cycles.total, lambda kernel: self._model.least_cycles(kernel, hardware)
        )


def _searched(forms: Forms, model: AnyModel, hardware: Hardware, steps: int) -> Iterator[Remedy]:
    """The best schedule of all forms, that is within reach of so many steps."""
    from simdc.cost.search import objective_for, search

    found: list[Remedy] = []
    for name, kernel in forms:
        if isinstance(kernel, Chain):
            continue
        try:
            best = search(kernel, hardware, objective_for("cycles", kernel, hardware), steps, rule=model.rule)
        except (TilingError, Uncosted):
            continue
        sure = best.certificate.proven == "all"
        note = "no schedule takes fewer" if sure else f"the search proves none below {best.certificate.bound:,.0f}"
        found.append(Remedy("search", "cycles", None, None, best.cost, best.tiling, name, note))
    if found:
        yield min(found, key=lambda remedy: remedy.cost.cycles.total)
