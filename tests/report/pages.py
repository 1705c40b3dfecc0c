"""Pages to look at, each made once."""

from __future__ import annotations

from functools import cache

import simdc
from simdc.api import Network
from simdc.backends.report import Report, make_report
from simdc.frontends.dsl import parse_dsl
from simdc.report import render_page

HOSTILE = """
network n(x: 4) {
  return fc(x, 8, bias=false, name="a") -> relu(name="r") -> fc(2, bias=false, name="b")
}
"""
NOTHING = "network n(x: 3x4x4) { return flatten(x) }"
"""A network whose only layer costs nothing."""
NAMES = {
    "a": "<script>alert(1)</script>",
    "r": '"><img src=x onerror=alert(2)>',
    "b": "</script><script>alert(3)</script>&amp;%2e%",
}


@cache
def report_of(network: str, machine: str, *, train: bool = False, batch: int = 1, model: str = "exact") -> Report:
    loaded = simdc.load(network, batch)
    if train:
        loaded = loaded.training_step("momentum")
    return make_report(simdc.compile(loaded, simdc.load_machine(machine), model))


@cache
def page_of(network: str, *machines: str, train: bool = False, batch: int = 1, model: str = "exact") -> str:
    return render_page([report_of(network, each, train=train, batch=batch, model=model) for each in machines])


@cache
def hostile_report() -> Report:
    """Layers whose names are meant to do harm in a page."""
    report = make_report(simdc.compile(Network(parse_dsl(HOSTILE, "n.dsl", 1)), simdc.load_hardware("HI1")))
    for layer in report.layers:
        layer.source.layer = type(layer.source.layer)(NAMES[layer.name])
    layers = tuple(layer._replace(name=NAMES[layer.name]) for layer in report.layers)
    return report._replace(layers=layers, network="<b>n</b>", notes=("<i>note</i>",))
