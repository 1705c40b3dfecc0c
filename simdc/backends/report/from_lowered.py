"""The report of a lowered network on a machine, without IR."""

from __future__ import annotations

from typing import Literal

from simdc.backends.lowered.network import LoweredLayer, LoweredNetwork
from simdc.backends.lowered.pricing import LayerPrice, prices
from simdc.cost.energy import Energy, energy_of
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import links_of
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.ir.runs import CommandRun

from .analysed import analyst, foundation
from .model import LayerReport, Report, operator_text, sums_of

ARRAY = "conv"
"""What layers call the systolic array."""


def lowered_report(
    network: LoweredNetwork,
    model: AnyModel,
    spec: str,
    hardware: AnyMachine,
    run: CommandRun,
    rule: Literal["default", "greedy"] = "default",
) -> Report:
    """As `make_report` of the module that was lowered, priced under `model`, which `spec` names, by a rule for tilings.
    `run` says what made it. Raises as `prices`."""
    found = {layer.name: price for layer, price in prices(network, model, hardware, rule)}
    analyse = analyst(spec, network.phase, hardware)
    costed: list[LayerReport] = []
    energies: dict[int, Energy] = {}
    for layer in network.layers:
        price = found.get(layer.name)
        if not isinstance(price, LayerPrice):
            continue
        if id(price.cost) not in energies:
            energies[id(price.cost)] = energy_of(price.cost, hardware, on_systolic=price.unit == ARRAY)
        made = _layer(layer, price, hardware, energies[id(price.cost)])
        costed.append(made if analyse is None else made._replace(analysis=analyse(made.kernel, made.tiling)))
    by_unit, by_step, total = sums_of(costed, hardware, training=network.phase == "training")
    report = Report(
        network=network.name,
        phase=network.phase,
        batch=network.batch,
        batch_text=network.batch_text,
        parameters=network.parameters,
        model=spec,
        hardware=hardware,
        layers=tuple(costed),
        free=tuple((layer.name, layer.op) for layer in network.layers if not layer.runs_on),
        uncosted=tuple(
            (layer.name, layer.op, price) for layer in network.layers if isinstance(price := found.get(layer.name), str)
        ),
        merged=tuple(node for layer in network.layers for node in layer.merged),
        by_unit=by_unit,
        by_step=by_step,
        total=total,
        memory=network.memory,
        around=network,
        notes=(*network.notes, *foundation(hardware)),
        runs=(run,),
    )
    if network.language is None:
        return report
    from .llm import llm_of

    return report._replace(llm=llm_of(report, network.language))


def _layer(layer: LoweredLayer, price: LayerPrice, hardware: AnyMachine, energy: Energy) -> LayerReport:
    unit = price.unit
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
        choices=layer,
        folded=layer.folded,
        members=layer.members,
        artefacts=price.artefacts,
        place=layer.place,
    )
