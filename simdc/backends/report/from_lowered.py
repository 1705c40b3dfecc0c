"""The report of a lowered network on a machine, without IR."""

from __future__ import annotations

from typing import Literal

from simdc.backends.lowered.network import LoweredNetwork
from simdc.backends.lowered.pricing import prices
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.ir.runs import CommandRun

from .assembled import PricedLayer, assembled
from .model import Report


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
    layers = (PricedLayer(layer, found.get(layer.name), layer) for layer in network.layers)
    report = assembled(network, layers, spec, hardware, (run,))
    if network.language is None:
        return report
    from .llm import llm_of

    return report._replace(llm=llm_of(report, network.language))
