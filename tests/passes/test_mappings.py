"""How layers lie on the systolic array, as forms: which is chosen, written, given and refused."""

from __future__ import annotations

from random import Random

import pytest

import simdc
from simdc.backends.report import make_report
from simdc.backends.verify.layer import verify_layer
from simdc.cost import ExactModel, Hardware, TilingError, with_field
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.mlir_text import parse_mlir
from tests.conftest import printed
from tests.oracles.random_fused import random_case
from tests.passes.test_choose_form import compiled, conv, cycles, form

ABLE = ["systolic.row_mapping=window", "systolic.group_mapping=packed"]
STEM = "network n(x: 3x20x20) { return x -> conv(32, 7, stride=2, pad=3) -> relu }"
DEPTHWISE = "network n(x: 32x14x14) { return x -> conv(32, 3, pad=1, groups=32) -> relu -> conv(8, 1) }"


def able(*more: str) -> Hardware:
    return simdc.load_hardware("HI1", [*ABLE, *more])


def test_the_cheapest_is_taken_and_written() -> None:
    """147 rows on 16 are 10 passes, 7 x 7 with 3 channels on the rows 49. 32 groups of one channel are 2 passes of 16
    on the array where they are 32; with the window of 9 beside the channel only one group at a time."""
    for text, chosen in ((STEM, "array+window"), (DEPTHWISE, "array+packed")):
        module = compiled(text, able())
        assert form(module) == chosen
        priced = {name: cycles(compiled(text, able(), "exact", f"conv1={name}")) for name in conv(module).form_names()}
        assert min(priced, key=priced.__getitem__) == chosen
        assert cycles(module) == priced[chosen]
        assert f'form = "{chosen}"' in printed(module)
        again = parse_mlir(printed(module), "n.mlir", None, given_tilings=True)
        assert (form(again), cycles(again)) == (chosen, cycles(module))
        layer = make_report(module).layers[0]
        assert verify_layer(layer.kernel, layer.tiling, able(), ExactModel()).difference is None


@pytest.mark.parametrize("rule", ["default", "greedy", "search"])
def test_whoever_tiles(rule: str) -> None:
    objective, tiling = ("cycles", "default") if rule == "search" else (None, rule)
    from simdc.ir.context import set_hardware
    from simdc.passes.pipeline import default_passes, run_pipeline

    module = parse_dsl(STEM, "n.dsl", 1)
    set_hardware(module, able())
    run_pipeline(module, default_passes("exact", objective, 2000, rule=tiling))  # pyright: ignore[reportArgumentType]
    assert form(module) == "array+window"


@pytest.mark.parametrize("dataflow", ["output_stationary", "input_stationary"])
def test_other_dataflows_run_whole_networks(dataflow: str) -> None:
    machine = able(f"systolic.dataflow={dataflow}")
    layers = "conv(20, 3, pad=1, bias=true) -> conv(20, 3, groups=20) -> flatten -> fc(30)"
    text = f"network n(x: 8x9x9) {{ return x -> {layers} }}"
    for layer in make_report(compiled(text, machine)).layers:
        assert verify_layer(layer.kernel, layer.tiling, machine, ExactModel()).difference is None
        assert "packed" not in layer.form


def test_attention_on_chip_needs_weights_that_stay() -> None:
    kernel, tiling, machine = random_case(Random(3))
    ExactModel().evaluate(kernel, tiling, machine)
    other = with_field(machine, "systolic.dataflow", "output_stationary")
    with pytest.raises(TilingError, match=r"needs systolic\.dataflow=weight_stationary; it is output_stationary"):
        ExactModel().evaluate(kernel, tiling, other)


def test_a_machine_that_cannot_do_it_has_no_such_form() -> None:
    usual = compiled(STEM, "HI1")
    assert form(usual) is None
    assert "form" not in printed(usual)
    with pytest.raises(SimdcError, match=r"which needs systolic\.row_mapping=window; it is channels"):
        compiled(STEM, "HI1", "exact", "conv1=array+window")
    with pytest.raises(SimdcError, match="layer 'conv1' has array, array\\+window"):
        compiled(STEM, able(), "exact", "conv1=array+packed")


def test_models_that_know_no_mappings_refuse_the_machine() -> None:
    with pytest.raises(SimdcError, match=r"'simdit' does not know systolic\.row_mapping"):
        compiled(STEM, simdc.load_hardware("HI1", ABLE[:1]), "simdit")
    assert make_report(compiled(STEM, able(), "roofline")).total.cycles.total <= cycles(compiled(STEM, able()))


def test_pricing_without_a_module_takes_the_same() -> None:
    network = simdc.Network(parse_dsl(STEM, "n.dsl", 1))
    for machine in (simdc.load_hardware("HI1"), able()):
        first = simdc.evaluate(network, machine)[0]
        assert first.cost is not None
        assert first.cost.cycles.total == make_report(simdc.compile(network, machine)).layers[0].cost.cycles.total
        assert first.form == ("array+window" if machine.systolic.mappings else "array")


def test_weight_gradients_of_small_batches_fill_the_array() -> None:
    """Of a batch of 2 images 2 rows of 16 work; the places of the gradient beside them fill all."""
    text = "network n(x: 16x16x16) { return x -> conv(16, 3, pad=1) -> conv(16, 3, pad=1) }"
    executed: dict[str, float] = {}
    for name, machine in (("usual", simdc.load_hardware("HT1")), ("able", simdc.load_hardware("HT1", ABLE))):
        step = simdc.Network(parse_dsl(text, "n.dsl", 2)).training_step(loss=["mse"])
        layers = [each for each in make_report(simdc.compile(step, machine)).layers if "grad_weight" in each.name]
        operations = [dict(each.cost.ops) for each in layers]
        executed[name] = sum(each["mac_executed"] for each in operations) / sum(each["mac"] for each in operations)
    rows = simdc.load_hardware("HT1").systolic.rows
    assert executed["usual"] == pytest.approx(rows / 2, rel=0.01)
    assert executed["able"] < 1.05


def test_a_product_costs_the_same_in_both_notations() -> None:
    """[64, 768] times [768, 96]: as a product, and as a convolution whose window is as large as its image. Without the
    window on the rows 48 x 16 places with one channel each are 768 passes and not 48."""
    product = "network n(x: 768) { return x -> fc(96, bias=false) }"
    convolution = "network n(x: 1x64x768) { return x -> conv(96, [1, 768], bias=false) }"
    for sets, most in (([], 20.0), (ABLE, 1.05)):
        machine = simdc.load_hardware("HI1", sets)
        one, other = (
            make_report(simdc.compile(simdc.Network(parse_dsl(text, "n.dsl", batch)), machine)).total.cycles.total
            for text, batch in ((product, 64), (convolution, 1))
        )
        assert 1 <= other / one <= most
        assert (other / one > 2) == (not sets)
