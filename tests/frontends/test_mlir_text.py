"""IR text as a network: every stage, both forms, locations, and what is wrong with it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.printer import Printer

from simdc.backends.report import make_report
from simdc.backends.report.machine_text import render_json
from simdc.cost import Tiling
from simdc.errors import SimdcError
from simdc.frontends import load_network
from simdc.frontends.hardware_file import load_hardware
from simdc.frontends.mlir_text import parse_mlir
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of, place_of
from simdc.passes.pipeline import default_passes, run_pipeline, training_passes
from tests.conftest import without_places
from tests.ir.networks import SAME_SHORT, every_op, short_example, short_examples, written

DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> bn -> relu\n}\n"
CALL = 'simdc.relu "r" %x : (tensor<1x4xf32>) -> tensor<1x4xf32>'
NETWORK = "simdc.network @n(%x: tensor<1x4xf32>) inference batch 1 parameters 0 {{\n  %r = {}\n  simdc.return {}\n}}\n"


def printed(module: ModuleOp, *, generic: bool = False, locations: bool = False) -> str:
    stream = StringIO()
    Printer(stream, print_generic_format=generic, print_debuginfo=locations).print_op(module)
    return stream.getvalue()


def compiled(module: ModuleOp, machine: str = "HI2", *, train: bool = False) -> ModuleOp:
    set_hardware(module, load_hardware(machine))
    run_pipeline(module, (*(training_passes("adam") if train else ()), *default_passes("exact")))
    return module


def cost(module: ModuleOp) -> str:
    return without_places(render_json(make_report(module)))


@pytest.mark.parametrize("train", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("name", short_examples())
def test_priced_network_comes_back_with_the_same_report(name: str, train: bool) -> None:
    module = compiled(short_example(name), train=train)
    report = cost(module)
    again = parse_mlir(printed(module, locations=True), "net.mlir", None)
    assert cost(again) == report
    run_pipeline(again, default_passes("exact"))
    assert cost(again) == report


@pytest.mark.parametrize(("name", "same"), SAME_SHORT.items())
def test_an_example_that_is_left_out_is_another_by_a_name(name: str, same: str) -> None:
    left_out, tried = (printed(short_example(each)) for each in (name, same))
    assert left_out.replace(f"@{name}(", f"@{same}(") == tried


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize("stages", range(len(default_passes("exact")) + 1))
def test_any_stage_can_go_on_from_its_text(stages: int, generic: bool) -> None:
    passes = default_passes("exact")
    module = load_network("lenet5", None)
    set_hardware(module, load_hardware("HI1"))
    run_pipeline(module, passes[:stages])
    again = parse_mlir(printed(module, generic=generic), "net.mlir", None)
    assert again.is_structurally_equivalent(module)
    run_pipeline(again, passes)
    assert cost(again) == cost(compiled(load_network("lenet5", None), "HI1"))


def test_every_op_comes_back_in_both_forms_with_its_place() -> None:
    module = every_op()
    for generic in (False, True):
        text = printed(module, generic=generic, locations=True)
        again = parse_mlir(text, "net.mlir", None)
        assert printed(again, generic=generic) == printed(module, generic=generic)
        for old, new in zip(network_of(module).layers(), network_of(again).layers(), strict=True):
            assert place_of(new) == place_of(old) or old.name == "simdc.unmodelled"


def test_an_op_without_location_stands_where_the_text_has_it() -> None:
    text = NETWORK.format(CALL, "%r : tensor<1x4xf32>")
    (relu,) = network_of(parse_mlir(text, "net.mlir", None)).layers()
    assert place_of(relu) == ("net.mlir", 2, 3)


def test_given_tilings_stay_and_costs_follow_them() -> None:
    module = compiled(load_network("lenet5", None), "HI1")
    (first, *_) = network_of(module).layers()
    assert first.tiling is not None
    assert first.cost is not None
    sizes = first.tiling.data.as_dict() | {"oh": 4}
    text = printed(module).replace(str(first.tiling), str(type(first.tiling)(Tiling(tuple(sizes), (*sizes.values(),)))))
    again = parse_mlir(text, "net.mlir", None)
    run_pipeline(again, default_passes("exact"))
    (changed, *_) = network_of(again).layers()
    assert changed.tiling is not None
    assert changed.cost is not None
    assert changed.tiling.data.as_dict() == sizes
    # 24 rows in tiles of 4: six tiles fill the array where fewer did before.
    assert changed.cost.data.cycles.compute > first.cost.data.cycles.compute


def test_a_layer_without_price_gets_one_from_a_model_that_knows_it(tmp_path: Path) -> None:
    module = load_network(written(tmp_path, "network n(x: 4x8x8) {\n  return x -> lrn\n}\n"), None)
    set_hardware(module, load_hardware("HI1"))
    run_pipeline(module, default_passes("simdit"))
    assert [name for name, _, _ in make_report(module).uncosted] == ["lrn1"]
    again = parse_mlir(printed(module), "net.mlir", None)
    run_pipeline(again, default_passes("exact"))
    assert make_report(again).uncosted == ()
    assert make_report(again).total.cycles.total > 0


def test_batch_is_that_of_the_text() -> None:
    text = printed(load_network("lenet5", 4))
    assert network_of(parse_mlir(text, "net.mlir", 4)).batch.value.data == 4
    with pytest.raises(SimdcError, match="the IR is for a batch of 4 and cannot become one of 2"):
        parse_mlir(text, "net.mlir", 2)


def relu(call: str = CALL, *, result: str = "%r : tensor<1x4xf32>", phase: str = "inference") -> str:
    return NETWORK.replace("inference", phase).format(call, result)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        (relu(CALL.replace("relu", "rleu")), 2, 8, "simdc.rleu is not registered; did you mean 'simdc.relu'?"),
        (relu(CALL.replace("simdc", "plugged")), 2, 8, "plugged.relu is not registered"),
        (relu(CALL.replace("->", "- >")), 2, 46, "Expected '->'"),
        (relu(result="%s : tensor<1x4xf32>"), 5, 1, "values used but not defined: [%s]"),
        (relu(result="%r : tensor<1x5xf32>"), 3, 16, "operand is used with type"),
        (relu(CALL.replace("-> tensor<1x4", "-> tensor<1x5"), result="%r : tensor<1x5xf32>"), 2, 3, "expected [1, 4]"),
        (relu('"simdc.relu"(%x) : (tensor<1x4xf32>) -> tensor<1x4xf32>'), 2, 3, "property 'layer' expected"),
        (relu(CALL.replace(" :", " {a = array<i99: 2>} :")), 2, 43, "Format not implemented for i99"),
        (relu(phase="testing"), 1, 1, "phase must be inference"),
        (relu(phase="3"), 1, 39, "'inference' or 'training' expected"),
        (relu(CALL.replace(" :", ' {phase = "backwards"} :')), 2, 3, "phase must be one of"),
    ],
)
def test_a_fault_is_shown_at_its_place(text: str, line: int, column: int, says: str, tmp_path: Path) -> None:
    path = written(tmp_path, text, "net.mlir")
    with pytest.raises(SimdcError) as caught:
        load_network(path, None)
    assert says in caught.value.message
    assert (caught.value.file, caught.value.line, caught.value.column) == (path, line, column)
    # At the end of the file there is no line to show.
    assert line == 5 or f"\n  {text.splitlines()[line - 1]}\n" in str(caught.value)


def test_a_fault_is_shown_in_the_source_that_the_text_names(tmp_path: Path) -> None:
    source = written(tmp_path, DSL)
    text = printed(load_network(source, None), locations=True)
    path = written(tmp_path, text.replace("tensor<1x4x6x6xf32>", "tensor<1x4x6x7xf32>"), "net.mlir")
    with pytest.raises(SimdcError, match="expected") as caught:
        load_network(path, None)
    assert (caught.value.file, caught.value.line, caught.value.column) == (source, 2, 15)
    assert "\n    return x -> conv(4, 3) -> bn -> relu\n                ^" in str(caught.value)


@pytest.mark.parametrize("text", ["", "module {}", "builtin.module {\n}\n"])
def test_a_text_without_a_network(text: str) -> None:
    with pytest.raises(SimdcError) as caught:
        parse_mlir(text, "net.mlir", None)
    assert caught.value.file == "net.mlir"
