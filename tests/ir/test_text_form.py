"""Every op printed and parsed back, in the dialect's own form and in MLIR's generic one, as it is described and when it
is priced; attributes, and what does not parse."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import ParseError

from simdc.backends.report import make_report
from simdc.backends.report.machine_text import render_json
from simdc.cost import Busy, Cost, Cycles, DramBits, SramBits, Tiling
from simdc.frontends import load_network
from simdc.frontends.hardware_file import load_hardware, load_machine
from simdc.ir.attributes import CostAttr, ExecutionUnitAttr, HardwareAttr, TilingAttr, Unit
from simdc.ir.context import set_hardware
from simdc.ir.dialect import Simdc
from simdc.ir.network import network_of
from simdc.passes.pipeline import default_passes, lowering_passes, make_context, run_pipeline
from tests.backends.execute.test_kernels_compute import STEPS
from tests.conftest import without_places
from tests.ir.networks import every_op


def fused() -> ModuleOp:
    """LeNet-5 on a machine that runs some of its layers as one."""
    module = load_network("lenet5", None)
    set_hardware(module, load_machine("nv_small"))
    run_pipeline(module, lowering_passes("exact"))
    return module


BLOCK = Path(__file__).resolve().parents[2] / "examples/mlir/block.mlir"
FOR_ARRAYS = {**dict(STEPS), "unmodelled": every_op(), "foreign": load_network(str(BLOCK), None)}
MODULES = {**FOR_ARRAYS, "fused": fused()}


def printed(op: Operation, *, generic: bool = False) -> str:
    stream = StringIO()
    Printer(stream, print_generic_format=generic).print_op(op)
    return stream.getvalue()


def parsed(text: str) -> ModuleOp:
    module = Parser(make_context(), text).parse_module()
    module.verify()
    return module


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_every_op_comes_back_from_its_text(module: ModuleOp, generic: bool) -> None:
    text = printed(module, generic=generic)
    again = parsed(text)
    assert again.is_structurally_equivalent(module)
    assert printed(again, generic=generic) == text


def test_these_are_all_ops() -> None:
    found = {type(op) for module in MODULES.values() for op in network_of(module).walk()}
    assert found == set(Simdc.operations)


@pytest.mark.parametrize("module", FOR_ARRAYS.values(), ids=FOR_ARRAYS)
def test_a_priced_network_has_the_same_report(module: ModuleOp) -> None:
    priced = module.clone()
    set_hardware(priced, load_hardware("HT3"))
    run_pipeline(priced, default_passes("exact"))
    again = parsed(printed(priced))
    assert again.is_structurally_equivalent(priced)
    reports = [without_places(render_json(make_report(module))) for module in (again, priced)]
    assert reports[0] == reports[1]


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize("network", ["every_op", "alexnet"])
def test_what_simdit_prices_comes_back(network: str, generic: bool) -> None:
    module = every_op() if network == "every_op" else load_network(network, 2)
    set_hardware(module, load_hardware("HI1"))
    run_pipeline(module, default_passes("simdit"))
    again = parsed(printed(module, generic=generic))
    assert module.is_structurally_equivalent(again)
    assert printed(again, generic=generic) == printed(module, generic=generic)


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "lenet5"])
def test_examples_parse_back(name: str) -> None:
    module = load_network(name, 1)
    assert module.is_structurally_equivalent(parsed(printed(module)))


def test_custom_form_without_defaults() -> None:
    text = printed(every_op())
    assert (
        '%dilated = simdc.conv2d "dilated" %x, %dilated.weight padding [3, 0, 2, 1] dilation [2, 3] : '
        "(tensor<3x4x19x17xf32>, tensor<4x4x3x3xf32>) -> tensor<3x4x20x12xf32>"
    ) in text
    assert '%relu1 = simdc.relu "relu1" %bn1 : (tensor<3x8x10x9xf32>) -> tensor<3x8x10x9xf32>' in text
    assert '%bn1.mean = simdc.parameter "bn1.mean" statistic : () -> tensor<8xf32>' in text
    assert 'simdc.unmodelled "loss" operation "cross_entropy_loss"\n' in text


COST = Cost(
    Cycles(12, 3.2857142857142856),
    DramBits(weight=1, ifmap=105636.5567867036, ofmap=2**70),
    SramBits(vmem=0.1, insmem=5),
    (("mac", 7), ("mac_executed", 1e22)),
    Busy(compute=12, simd_port=2.5e-7),
)
ATTRIBUTES = [
    (ExecutionUnitAttr(Unit.SYSTOLIC), "#simdc.unit<conv>"),
    (ExecutionUnitAttr(Unit.SIMD), "#simdc.unit<simd>"),
    (TilingAttr(Tiling(("oc", "ic", "oh"), (64, 3, 14))), "#simdc.tiling<oc = 64, ic = 3, oh = 14>"),
    (TilingAttr(Tiling((), ())), "#simdc.tiling<>"),
    (
        CostAttr(COST),
        "#simdc.cost<{cycles = {compute = 12, stall = 3.2857142857142856}, dram_bits = {weight = 1, "
        "ifmap = 105636.5567867036, ofmap = 1180591620717411303424}, sram_bits = {vmem = 0.1, insmem = 5}, "
        "busy = {compute = 12, simd_port = 2.5e-07}, ops = {mac = 7, mac_executed = 1.0e+22}}>",
    ),
    (HardwareAttr(load_hardware("HT2")), None),
    (HardwareAttr(load_hardware("HI3", ['name=a "quoted" \\ name', "prices.dram_pj_per_bit=0.00001"])), None),
]


@pytest.mark.parametrize(("attribute", "text"), ATTRIBUTES, ids=lambda value: getattr(value, "name", ""))
def test_attribute(attribute: ExecutionUnitAttr | TilingAttr | CostAttr | HardwareAttr, text: str | None) -> None:
    shown = str(attribute)
    if text is not None:
        assert shown == text
    again = Parser(make_context(), shown).parse_attribute()
    assert again == attribute
    assert str(again) == shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#simdc.unit<3>", "[Ee]xpected bare identifier|identifier"),
        ("#simdc.tiling<oc = x>", "[Ee]xpected integer"),
        ("#simdc.tiling<oc 4>", "Expected '='"),
        ("#simdc.cost<{cycles = {compute = 1}}>", "not a valid value: 'dram_bits'"),
        (
            "#simdc.cost<{cycles = {}, dram_bits = {wieght = 1}, sram_bits = {}, busy = {}, ops = {}}>",
            "not a valid value: .*unexpected keyword argument 'wieght'",
        ),
        ('#simdc.hardware<{name = "x"}>', r"not a valid value: clock_ns: missing \(ns\)"),
        ('#simdc.hardware<{nam = "x"}>', "not a valid value: nam: unknown field; did you mean 'name'"),
    ],
)
def test_attribute_that_does_not_parse(text: str, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        Parser(make_context(), text).parse_attribute()


def test_attributes_on_any_op_survive() -> None:
    text = printed(every_op())
    text = text.replace("parameters 837 {", 'parameters 837 attributes {note = "kept"} {')
    text = text.replace('"plain.weight" :', '"plain.weight" {note = 1 : i64} :')
    text = text.replace("%add1 : tensor<3x8x10x9xf32>,", '%add1 {note = "kept"} : tensor<3x8x10x9xf32>,')
    assert text.count("note") == 3
    module = parsed(text)
    assert str(network_of(module).attributes["note"]) == '"kept"'
    assert printed(module) == text


def test_flag_before_an_attribute_dictionary() -> None:
    text = (
        "simdc.network @n(%x: tensor<1x2xf32>) inference batch 1 parameters 0 {\n"
        '  %m = simdc.parameter "m" statistic frozen {note = "kept"} : () -> tensor<2xf32>\n'
        "  simdc.return %x : tensor<1x2xf32>\n"
        "}\n"
    )
    module = Parser(make_context(), text).parse_module()
    module.verify()
    assert Parser(make_context(), str(module)).parse_module().is_structurally_equivalent(module)
    assert 'statistic frozen {note = "kept"}' in str(module)
