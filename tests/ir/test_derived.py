"""A price, a tiling or a proof that belongs to something else is not used."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr

import simdc
from simdc.backends.report import make_report
from simdc.backends.report.machine_text import render_json
from simdc.cost import Cost, Cycles, Tiling
from simdc.cost.structure import leaf_paths, unstructure, with_field
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.attributes import CostAttr, TilingAttr
from simdc.ir.base import LayerOp
from simdc.ir.context import HARDWARE, make_context, set_cost_model, set_hardware
from simdc.ir.derived import leave_unpriced, setting_of, write_price
from simdc.ir.network import network_of
from simdc.ir.origin import machine_digest
from simdc.ir.text import parse_ir
from simdc.passes.pipeline import default_passes, parse_pipeline, run_pipeline

DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> relu\n}"
TEXTS = {"name", "prices.source"}


def priced(machine: str = "HI3", model: str = "exact", objective: str | None = None) -> ModuleOp:
    module = parse_dsl(DSL, "net.dsl", 1)
    set_hardware(module, simdc.load_hardware(machine))
    run_pipeline(module, default_passes(model, objective))
    return module


def layer(module: ModuleOp, name: str = "conv1") -> LayerOp:
    return next(op for op in network_of(module).layers() if op.layer.data == name)


def refusal(module: ModuleOp) -> str:
    with pytest.raises(SimdcError) as caught:
        make_report(module)
    return caught.value.message


def test_the_machine_is_all_its_numbers() -> None:
    machine = simdc.load_hardware("HI3")
    data = unstructure(machine)
    seen = {machine_digest(machine, "inference"), machine_digest(machine, "training")}
    for path in leaf_paths(data):
        value: object = data
        for step in path.split("."):
            assert isinstance(value, dict)
            value = value[step]
        other = f"{value}x" if isinstance(value, str) else not value if isinstance(value, bool) else float(value) + 1
        if isinstance(value, int) and not isinstance(value, bool):
            other = value + 1
        found = machine_digest(with_field(machine, path, other), "inference")
        assert (found in seen) == (path in TEXTS), path
        seen.add(found)


def other_machine(module: ModuleOp) -> None:
    set_hardware(module, simdc.load_hardware("HI1"))


def other_machine_unannounced(module: ModuleOp) -> None:
    module.attributes[HARDWARE] = priced("HI1").attributes[HARDWARE]


def other_model(module: ModuleOp) -> None:
    set_cost_model(module, "simdit")


def other_phase(module: ModuleOp) -> None:
    network_of(module).phase = StringAttr("training")


def other_widths(module: ModuleOp) -> None:
    run_pipeline(module, parse_pipeline("simdc-assign-widths{rule=program-order}"))
    assert layer(module).cost is None


def other_tiling(module: ModuleOp) -> None:
    op = layer(module)
    assert op.tiling is not None
    op.tiling = TilingAttr(Tiling(op.tiling.data.order, (1,) * len(op.tiling.data.order)))


def other_artefacts(module: ModuleOp) -> None:
    layer(module).artefacts = ArrayAttr([StringAttr("no count")])


def no_origin(module: ModuleOp) -> None:
    layer(module).priced = None


def left_out(module: ModuleOp) -> None:
    layer(module).uncosted = StringAttr("skip me")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (other_machine, "has no cost: it was priced for another machine or phase; "),
        (other_machine_unannounced, "was priced for another machine or phase; "),
        (other_model, "was priced under the model exact, not simdit; "),
        (other_phase, "was priced for another machine or phase; "),
        (other_widths, "has no cost: it was priced for other shapes or widths; "),
        (other_tiling, "was priced for another tiling; "),
        (other_artefacts, "was priced with another answer, which was changed afterwards; "),
        (no_origin, "was priced by somebody who does not say for what "),
        (left_out, "was left without a price with another answer, which was changed afterwards; "),
    ],
)
def test_a_price_of_something_else_is_refused(change: Callable[[ModuleOp], None], says: str) -> None:
    module = priced()
    make_report(module)
    change(module)
    found = refusal(module)
    assert f"': {says}" in found
    assert found.endswith("the pipeline must end with simdc-annotate-cost (without -p it does)")
    # The remedy it names.
    run_pipeline(module, default_passes("exact"))
    make_report(module)


def test_every_number_of_a_cost_is_held() -> None:
    module = priced("HI1")
    for op in network_of(module).layers():
        assert op.cost is not None
        cost = op.cost.data
        for record in ("cycles", "dram_bits", "sram_bits", "busy"):
            counts = getattr(cost, record)
            for name, count in counts._asdict().items():
                op.cost = CostAttr(cost._replace(**{record: counts._replace(**{name: count + 1})}))
                assert "was priced with another answer" in refusal(module), name
        for number, (name, count) in enumerate(cost.ops):
            changed = (*cost.ops[:number], (name, count + 1), *cost.ops[number + 1 :])
            op.cost = CostAttr(cost._replace(ops=changed))
            assert "was priced with another answer" in refusal(module), name
        op.cost = CostAttr(cost)
    make_report(module)


@pytest.mark.parametrize("model", ["exact", "simdit"])
@pytest.mark.parametrize("machine", ["HI1", "HT2"])
def test_tilings_of_a_pass_are_made_anew_for_another_machine(machine: str, model: str) -> None:
    module = priced()
    set_hardware(module, simdc.load_hardware(machine))
    run_pipeline(module, default_passes(model))
    assert render_json(make_report(module)) == render_json(make_report(priced(machine, model)))


@pytest.mark.parametrize("objective", [None, "cycles"])
def test_given_tilings_stay(objective: str | None) -> None:
    module = priced()
    other_tiling(module)
    given = layer(module).tiling
    set_hardware(module, simdc.load_hardware("HI1"))
    run_pipeline(module, default_passes("exact", objective))
    assert layer(module).tiling == given
    assert layer(module).tiled is None
    # A second pass over it finds a tiling without an origin.
    run_pipeline(module, default_passes("exact", objective))
    assert layer(module).tiling == given
    make_report(module)


def test_a_proof_holds_where_it_was_made() -> None:
    module = priced(objective="cycles")
    assert all(each.searched is not None for each in make_report(module).layers)
    run_pipeline(module, default_passes("exact"))
    assert all(each.searched is not None for each in make_report(module).layers)
    set_hardware(module, simdc.load_hardware("HI1"))
    run_pipeline(module, parse_pipeline("simdc-annotate-cost"))
    assert "has a tiling that was searched for another machine or phase; search again" in refusal(module)
    run_pipeline(module, default_passes("exact"))
    assert all(each.searched is None for each in make_report(module).layers)


def test_a_proof_holds_under_the_model_that_was_searched() -> None:
    module = priced(objective="cycles")
    run_pipeline(module, parse_pipeline("simdc-annotate-cost{model=simdit}"))
    assert "has a tiling that was searched under the model exact, not simdit; search again" in refusal(module)


def test_a_proof_that_was_changed_is_refused() -> None:
    module = priced(objective="cycles")
    op = layer(module)
    assert op.search is not None
    op.search = DictionaryAttr({**op.search.data, "bound": StringAttr("1")})
    assert "searched with another answer, which was changed afterwards" in refusal(module)
    op.tiled = None
    assert "has the proof of a search beside a tiling that none has found" in refusal(module)


def test_the_model_is_asked_again_for_what_somebody_left_out() -> None:
    module = priced()
    left_out(module)
    run_pipeline(module, parse_pipeline("simdc-annotate-cost"))
    assert make_report(module).uncosted == ()
    kernel = layer(module).kernel()
    assert kernel is not None
    leave_unpriced(layer(module), kernel, "not on this array", setting_of(module, "exact"))
    assert make_report(module).uncosted == (("conv1", "conv2d", "not on this array"),)


def test_a_pass_writes_prices_of_its_own() -> None:
    module = priced()
    op = layer(module)
    assert op.cost is not None
    measured: Cost = op.cost.data._replace(cycles=Cycles(11, 7))
    set_cost_model(module, "measured")
    setting = setting_of(module, "measured")
    for each in network_of(module).layers():
        write_price(each, measured, setting, ["measured once"])
    report = make_report(parse_ir(make_context(), str(module), "n.mlir"))
    assert (report.model, report.total.cycles) == ("measured", (22, 14))
    assert report.warnings() == {"measured once": ["conv1", "relu1"]}
    op.tiling = None
    with pytest.raises(ValueError, match=re.escape("the layer 'conv1' has no tiling to price")):
        write_price(op, measured, setting)
