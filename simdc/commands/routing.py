"""What a network costs by how its mixtures of experts are routed: only experts are priced anew."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Hashable, Iterable, Sequence

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute

from simdc.backends.report import LayerReport, Report
from simdc.backends.report.from_module import layers_report
from simdc.backends.report.routing import GIVEN, RoutedRun, RoutedRuns
from simdc.cost.result import Number, add_up
from simdc.ir.base import LayerOp
from simdc.ir.network import network_of
from simdc.ir.ops.moe import ROUTINGS
from simdc.ir.routing import ExpertPlace, Routed, mixtures_of, module_of, places_of
from simdc.ir.stretch import DERIVED
from simdc.named import NamedTuple
from simdc.passes.pipeline import run_pipeline

from .compiled import priced

PRICING = (
    "simdc-choose-form",
    "simdc-split-units",
    "simdc-legalize-tiling",
    "simdc-search-tiling",
    "simdc-annotate-cost",
)
"""The passes that come once widths are known."""


class Amounts(NamedTuple):
    """What several layers take together."""

    cycles: Number
    dram_bits: Number
    energy_pj: Number


Prices = dict[ExpertPlace, Amounts]
"""What an expert takes by its place."""


def with_routing(report: Report, module: ModuleOp, arguments: Namespace) -> Report:
    """The report with what the network costs by each way to route, where it has experts all of whose layers have a
    price. Raises SimdcError for an expert with more tokens that has no tiling."""
    mixtures = mixtures_of(network_of(module))
    experts = {op.layer.data for mixture in mixtures for expert in mixture.experts for op in expert.layers}
    if not experts or not experts <= {layer.name for layer in report.layers}:
        return report
    still = _together(layer for layer in report.layers if layer.name not in experts)
    # Of 32 mixtures that are alike one is priced.
    prices: dict[Hashable, Prices] = {}
    found: dict[str, list[Amounts]] = {routing: [still] for routing in ROUTINGS}
    for mixture in mixtures:
        key = _key(mixture)
        if key not in prices:
            prices[key] = _prices(mixture, module, arguments, report.model)
        for routing in ROUTINGS:
            found[routing] += [prices[key][place] for place in places_of(mixture.mixture.counts(routing))]
    runs = tuple(RoutedRun(routing, *_sum(amounts)) for routing, amounts in found.items())
    return report._replace(routing=RoutedRuns(_stated(mixtures), runs))


def _prices(mixture: Routed, module: ModuleOp, arguments: Namespace, model: str) -> Prices:
    """What each expert takes that there is in any of the routings."""
    places = dict.fromkeys(place for each in ROUTINGS for place in places_of(mixture.mixture.counts(each)))
    layers = {place: mixture.layers_at(place) for place in places}
    made = module_of([op for of_place in layers.values() for op in of_place], module)
    # Forms that the command line gives by a layer's name stand on the layers already.
    unnamed = Namespace(**{**vars(arguments), "form": None})
    run_pipeline(made, tuple(each for each in priced(unnamed, model) if each.name in PRICING), verify=False)
    reports = iter(layers_report(made).layers)
    return {place: _together(next(reports) for _ in of_place) for place, of_place in layers.items()}


def _key(mixture: Routed) -> Hashable:
    """What the prices of its experts depend on."""
    layers = mixture.experts[0].layers
    types = tuple((op.operand_types, op.result_types, op.form) for op in layers)
    fields = tuple(frozenset(_settings(op)) for op in layers)
    return mixture.mixture, types, fields, mixture.experts[-1].layers[-1].result_types


def _settings(op: LayerOp) -> Iterable[tuple[str, Attribute]]:
    return ((name, value) for name, value in op.properties.items() if name not in ("layer", *DERIVED))


def _stated(mixtures: Sequence[Routed]) -> str:
    """The routing that all of them have."""
    for routing in ("balanced", *ROUTINGS):
        if all(each.counts == tuple(filter(None, each.mixture.counts(routing))) for each in mixtures):
            return routing
    return GIVEN


def _together(layers: Iterable[LayerReport]) -> Amounts:
    return _sum(Amounts(each.cost.cycles.total, each.cost.dram_bits.total, each.energy.total) for each in layers)


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    every = list(amounts)
    return Amounts(
        add_up(each.cycles for each in every),
        add_up(each.dram_bits for each in every),
        add_up(each.energy_pj for each in every),
    )
