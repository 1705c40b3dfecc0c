"""The report of layers with their prices, wherever these come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from simdc.backends.lowered.network import LoweredLayer
from simdc.backends.lowered.pricing import LayerPrice
from simdc.cost.energy import Energy, energy_of
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import links_of
from simdc.cost.machines import AnyMachine
from simdc.ir.runs import CommandRun
from simdc.named import NamedTuple

from .analysed import analyst, foundation
from .model import Around, Choices, LayerReport, Report, operator_text, sums_of
from .searched import Searched

if TYPE_CHECKING:
    from simdc.ir.base import LayerOp

ARRAY = "conv"
"""What layers call the systolic array."""


class PricedLayer(NamedTuple):
    """A layer with its price: the reason where the model has none, None for a layer that costs nothing. The others are
    as in the report."""

    layer: LoweredLayer
    price: LayerPrice | str | None
    choices: Choices
    searched: Searched | None = None
    behind: LayerOp | None = None


def assembled(
    network: Around, layers: Iterable[PricedLayer], spec: str, hardware: AnyMachine, runs: tuple[CommandRun, ...]
) -> Report:
    """The report of `layers`, in program order, priced on `hardware` under the model `spec`; `runs` made them."""
    analyse = analyst(spec, network.phase, hardware)
    costed: list[LayerReport] = []
    free: list[tuple[str, str]] = []
    uncosted: list[tuple[str, str, str]] = []
    merged: list[tuple[str, str]] = []
    # By identity: layers alike share their costs.
    energies: dict[int, Energy] = {}
    for priced in layers:
        layer, price = priced.layer, priced.price
        merged += layer.merged
        if isinstance(price, str):
            uncosted.append((layer.name, layer.op, price))
        elif price is not None:
            if id(price.cost) not in energies:
                energies[id(price.cost)] = energy_of(price.cost, hardware, on_systolic=price.unit == ARRAY)
            made = _layer(priced, price, hardware, energies[id(price.cost)])
            costed.append(made if analyse is None else made._replace(analysis=analyse(made.kernel, made.tiling)))
        elif not layer.runs_on:
            free.append((layer.name, layer.op))
    by_unit, by_step, total = sums_of(costed, hardware, training=network.phase == "training")
    return Report(
        network=network.name,
        phase=network.phase,
        batch=network.batch,
        batch_text=network.batch_text,
        parameters=network.parameters,
        model=spec,
        hardware=hardware,
        layers=tuple(costed),
        free=tuple(free),
        uncosted=tuple(uncosted),
        merged=tuple(merged),
        by_unit=by_unit,
        by_step=by_step,
        total=total,
        memory=network.memory,
        around=network,
        notes=(*network.notes, *foundation(hardware)),
        runs=runs,
    )


def _layer(priced: PricedLayer, price: LayerPrice, hardware: AnyMachine, energy: Energy) -> LayerReport:
    layer, unit = priced.layer, price.unit
    if not isinstance(hardware, Hardware):
        unit = hardware.unit_of(links_of(price.kernel)[0].kind) or unit
    return LayerReport(
        name=layer.name,
        op=layer.op,
        unit=unit,
        step=layer.step,
        form=price.form,
        operator=operator_text(layer.op, price.form, layer.first_form, layer.computing),
        multiplies=price.unit == ARRAY,
        is_product=layer.multiplies,
        kernel=price.kernel,
        tiling=price.tiling,
        cost=price.cost,
        energy=energy,
        choices=priced.choices,
        folded=layer.folded,
        members=layer.members,
        artefacts=price.artefacts,
        searched=priced.searched,
        place=layer.place,
        behind=priced.behind,
    )
