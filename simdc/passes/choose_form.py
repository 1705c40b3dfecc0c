"""Choose how each layer is carried out, where it can be in several ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.choices import DEFAULT_MODEL, Objective
from simdc.cost.forms import Forms, Least, Value, cheapest, least_for, value_for
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel, guard_of
from simdc.cost.model_table import check_model
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling
from simdc.errors import SimdcError, suggestion
from simdc.ir.attributes import OriginAttr
from simdc.ir.base import LayerOp
from simdc.ir.context import forms_of, hardware_of, has_choice, machine_of, take_form
from simdc.ir.derived import Setting, form_holds, given_form, given_tiling, setting_of
from simdc.ir.network import network_of

from .distinct import ask_once, model_of
from .tilers import Tiled, Tiler, by_rule, by_search

Question = tuple[Kernel, Forms, Tiling | None]
"""A layer's first kernel, all of its forms, and the tiling that somebody gave it."""


@dataclass(frozen=True)
class ChooseFormPass(ModulePass):
    """Gives each layer the cheapest of its forms, the first of equals. Each is priced with its best tiling, or with the
    one that the layer was given; the tiling of the cheapest stays. A form that a person gave stays, and so does one
    that a pass chose for this machine and model. A model that looks at first forms only gets these (`takes_forms`)."""

    name = "simdc-choose-form"

    model: str = DEFAULT_MODEL
    """The cost model that prices."""
    rule: Literal["default", "greedy", "search"] = "default"
    """How each form is tiled to be priced."""
    objective: Objective = "cycles"
    """Of what the cheapest form has the least, and what a search makes small."""
    steps: int | None = None
    """How much work a search may do for each form, as for `simdc-search-tiling`."""
    forms: tuple[str, ...] = ()
    """Given by a person: `lanes` for every layer that has such a form, `conv1=lanes` for one; later ones count more."""

    def __post_init__(self) -> None:
        check_model(self.model)
        if self.rule == "search":
            from .search_tiling import check_search

            check_search(self.model, self.objective)
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"steps must be positive, got {self.steps}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        hardware, setting = machine_of(op), setting_of(op, self.model)
        give_forms(op, self.forms, hardware)
        model = model_of(op, self.model)
        tile = (
            by_search(self.objective, self.steps, hardware_of(op), setting)
            if self.rule == "search"
            else by_rule(model, self.rule, hardware, setting)
        )
        value, least = value_for(self.objective, hardware), least_for(self.objective, model, hardware)
        ask = partial(_choose, model, hardware, tile, value, least)
        questions = _questions(op, hardware, setting, every=model.takes_forms)
        for layer, (form, tiled) in ask_once(questions, ask, setting):
            take_form(layer, form, hardware)
            layer.formed = OriginAttr(setting.formed(forms_of(layer, hardware), form))
            if tiled is not None:
                tiled.write(layer)


def give_forms(module: ModuleOp, given: Sequence[str], hardware: AnyMachine) -> None:
    """Write forms that a person chose, as `ChooseFormPass.forms`. Raises SimdcError for one that no layer has."""
    layers = {layer.layer.data: layer for layer in network_of(module).layers()}
    # `lanes`, then `conv1=array`: every layer that can goes to the lanes, and conv1 back to the array.
    for text in given:
        name, _, form = text.rpartition("=")
        if name and name not in layers:
            raise SimdcError(f"form '{text[:80]}': there is no layer '{name[:80]}'{suggestion(name, [*layers])}")
        asked = [layers[name]] if name else list(layers.values())
        having = [layer for layer in asked if form in layer.form_names()]
        if not having:
            known = {each: None for layer in asked for each, _ in forms_of(layer, hardware) if each}
            whose = f"layer '{name[:80]}'" if name else "any layer"
            raise SimdcError(f"form '{text[:80]}': {whose} has {', '.join(known) or 'one form only'}")
        for layer in having:
            layer.drop_price()
            take_form(layer, form, hardware)
            layer.formed = None


def _questions(
    module: ModuleOp, hardware: AnyMachine, setting: Setting, *, every: bool
) -> Iterator[tuple[LayerOp, Question]]:
    """Drop what passes chose for another setting. Give the layers that have a choice to make, none unless `every` form
    counts."""
    for layer in network_of(module).layers():
        if not has_choice(layer, hardware):
            continue
        if given_form(layer) is not None:
            layer.formed = None
            continue
        forms = forms_of(layer, hardware)
        if len(forms) < 2 or form_holds(layer, forms, setting):
            continue
        given = given_tiling(layer)
        layer.drop_price()
        # Back to the first form, so that a model which takes no forms prices the op that it knows.
        take_form(layer, None, hardware)
        layer.formed = None
        if every:
            yield layer, (forms[0][1], forms, given)


def _choose(
    model: AnyModel,
    hardware: AnyMachine,
    tile: Tiler,
    value: Value,
    least: Least,
    _: Kernel,
    forms: Forms,
    given: Tiling | None,
) -> tuple[str, Tiled | None]:
    """The cheapest form, and its tiling unless it was given."""
    made: dict[Kernel, Tiled] = {}

    def price(kernel: Kernel) -> tuple[Tiling, Cost]:
        tiling = given
        if tiling is None:
            # Forms differ in their kernels, so each has a tiling of its own; only the winner's is written.
            made[kernel] = tile(kernel)
            tiling = made[kernel].tiling.data
        cost = model.evaluate(kernel, tiling, hardware)
        guard_of(model, kernel)(cost, hardware)
        return tiling, cost

    chosen = cheapest(forms, price, value, least)
    return chosen.form, made.get(chosen.kernel)
