"""The explanation of a layer of a report."""

from __future__ import annotations

from collections.abc import Callable

from simdc.cost.forms import Forms
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.cost.model_table import load_model
from simdc.cost.tiling import Tiling, TilingError
from simdc.diagnosis import Explanation, explain
from simdc.diagnosis.engine import SEARCH_STEPS
from simdc.errors import SimdcError, suggestion

from .model import LayerReport, Report


def layer_named(report: Report, name: str) -> LayerReport:
    """The layer that is called so, or has what is called so in it. Raises SimdcError for one that is not there, or
    costs nothing."""
    owners = owners_of(report)
    # A mask that is part of a softmax whose scale is part of a product: a step each.
    owner, steps = name, 0
    while owner in owners and steps < len(owners):
        owner, steps = owners[owner], steps + 1
    for layer in report.layers:
        if layer.name == owner:
            return layer
    for free, op in report.free:
        if free == name:
            raise SimdcError(f"layer '{name}' ({op}) costs nothing: it is another view of the same data")
    for uncosted, op, reason in report.uncosted:
        if uncosted == name:
            raise SimdcError(f"layer '{name}' ({op}) is not costed: {reason}")
    known = [*(layer.name for layer in report.layers), *owners, *(free for free, _ in report.free)]
    raise SimdcError(f"no layer '{name[:80]}' in {report.network}{suggestion(name, known)}")


def owners_of(report: Report) -> dict[str, str]:
    """By the name of a node that became part of a layer: that layer, or another such node."""
    owners = dict(report.merged)
    owners |= {name: layer.name for layer in report.layers for name in layer.folded}
    owners |= {name: layer.name for layer in report.layers for name, _ in layer.members}
    return {name: owner for name, owner in owners.items() if name != owner}


def longest(report: Report) -> LayerReport:
    """The layer that takes longest, the first of equals. Raises SimdcError where none is costed."""
    if not report.layers:
        raise SimdcError(f"no layer of {report.network} is costed")
    return max(report.layers, key=lambda layer: layer.cost.cycles.total)


def explanation_of(
    layer: LayerReport, report: Report, search_steps: int = SEARCH_STEPS, most_played: int | None = None
) -> Explanation:
    """As `simdc.diagnosis.explain`. Raises SimdcError for a model that is not here, as that of a plug-in which made IR
    elsewhere."""
    try:
        model = load_model(report.model, report.phase)
    except (KeyError, ValueError) as error:
        raise SimdcError(f"the layer was priced by a model that is not here: {error}") from None
    choices, hardware = layer.choices, report.hardware
    forms = choices.forms_on(hardware)
    form = layer.form if layer.form in dict(forms) else forms[0][0]
    # Given, or laid in a way that is none of its forms here: there is no choice.
    is_fixed = choices.has_given_form or dict(forms)[form] != layer.kernel

    def forms_on(machine: AnyMachine) -> Forms:
        return ((form, layer.kernel),) if is_fixed else choices.forms_on(machine)

    tile = _tiler(layer, model, hardware, search_steps)
    searched = layer.searched is not None
    return explain(
        forms_on,
        form,
        layer.tiling,
        model,
        hardware,
        tile,
        searched=searched,
        search_steps=search_steps,
        most_played=most_played,
    )


def _tiler(
    layer: LayerReport, model: AnyModel, hardware: AnyMachine, steps: int
) -> Callable[[Kernel, AnyMachine], Tiling]:
    """As the layer was tiled: by a search for the same objective, by the model's default or greedily. A tiling that was
    given is kept, whatever the machine, for as long as it fits."""
    if layer.searched is not None:
        from simdc.cost.search import objective_for, search

        objective = layer.searched.objective

        def searched(kernel: Kernel, hardware: AnyMachine) -> Tiling:
            assert isinstance(hardware, Hardware)
            return search(kernel, hardware, objective_for(objective, kernel, hardware), steps, rule=model.rule).tiling

        return searched
    if layer.choices.has_given_tiling:
        return _kept(layer, model)
    return model.default if model.default(layer.kernel, hardware) == layer.tiling else model.greedy


def _kept(layer: LayerReport, model: AnyModel) -> Callable[[Kernel, AnyMachine], Tiling]:
    def kept(kernel: Kernel, hardware: AnyMachine) -> Tiling:
        if kernel != layer.kernel:
            return model.default(kernel, hardware)
        try:
            model.evaluate(kernel, layer.tiling, hardware)
        except TilingError:
            return model.default(kernel, hardware)
        return layer.tiling

    return kept
