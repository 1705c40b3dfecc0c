"""Modules written again with their costs: which op has which, and that nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FloatAttr, IntegerAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation

from simdc.cli import main
from simdc.frontends.mlir.module_text import name_of, parse_foreign

ROOT = Path(__file__).resolve().parents[3]
BLOCK = ROOT / "examples/mlir/block.mlir"
TWICE = """module {
  func.func private @half(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %y = "stablehlo.exponential"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    return %y : tensor<4x8xf32>
  }
  func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %a = func.call @half(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %b = func.call @half(%a) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    return %b : tensor<4x8xf32>
  }
}
"""


def annotated(source: Path, tmp_path: Path, *more: str) -> tuple[ModuleOp, dict[str, Any]]:
    """The module that is written, and the report."""
    written, report = tmp_path / "priced.mlir", tmp_path / "report.json"
    assert main([str(source), "--hw", "HI3", "-o", str(report), "--annotate", str(written), *more]) == 0
    return parse_foreign(written.read_text(), "priced.mlir"), json.loads(report.read_text())


def value(attribute: Attribute) -> int | float | str:
    match attribute:
        case StringAttr():
            return attribute.data
        case IntegerAttr():
            return attribute.value.data
        case _:
            return cast("FloatAttr[Any]", attribute).value.data


def cost(op: Operation) -> dict[str, int | float | str]:
    found = op.attributes["simdc.cost"]
    assert isinstance(found, DictionaryAttr)
    return {name: value(each) for name, each in found.data.items()}


def part_of(op: Operation) -> list[str]:
    found = op.attributes["simdc.in"]
    assert isinstance(found, ArrayAttr)
    return [each.data for each in cast("ArrayAttr[StringAttr]", found)]


def ops_with(module: ModuleOp, attribute: str) -> list[Operation]:
    return [op for op in module.walk() if attribute in op.attributes and op is not module]


def test_each_op_has_the_cost_of_its_layer_or_says_which_it_is_part_of(tmp_path: Path) -> None:
    module, report = annotated(BLOCK, tmp_path)
    priced = {op.results[0].name_hint: cost(op) for op in ops_with(module, "simdc.cost")}
    assert list(priced) == ["conv", "relu", "product", "own"]
    for layer in report["layers"]:
        told = priced[layer["name"]]
        assert told["layer"] == layer["name"]
        assert told["cycles"] == layer["cycles"]["compute"] + layer["cycles"]["stall"]
        assert told["stall_cycles"] == layer["cycles"]["stall"]
        assert told["dram_bits"] == layer["dram_bits"]["total"]
        assert told["sram_bits"] == layer["sram_bits"]["total"]
        assert told.get("utilization") == layer.get("utilization")
    assert {op.results[0].name_hint: part_of(op) for op in ops_with(module, "simdc.in")} == {
        "padded": ["conv"],
        "begin": ["conv"],
        "normal": ["conv"],
        "start": ["product"],
    }
    assert (cost(module)["machine"], cost(module)["model"]) == ("HI3", "exact")
    assert cost(module)["cycles"] == sum(int(each["cycles"]) for each in priced.values())


@pytest.mark.parametrize("name", ["convolutions", "language_model"])
def test_the_ops_of_a_step_have_all_its_cycles(name: str, tmp_path: Path) -> None:
    source = tmp_path / "step.mlir"
    source.write_text((ROOT / f"tests/frontends/mlir/jax/{name}.stablehlo").read_text())
    module, _ = annotated(source, tmp_path)
    cycles = [int(cost(op)["cycles"]) for op in ops_with(module, "simdc.cost")]
    assert sum(cycles) == cost(module)["cycles"]
    layers = [layer for op in ops_with(module, "simdc.cost") for layer in str(cost(op)["layer"]).split(", ")]
    assert len(layers) == len(set(layers))


def test_a_function_that_is_called_twice_has_the_sum_on_its_ops(tmp_path: Path) -> None:
    source = tmp_path / "twice.mlir"
    source.write_text(TWICE)
    module, report = annotated(source, tmp_path)
    (op,) = ops_with(module, "simdc.cost")
    assert name_of(op) == "stablehlo.exponential"
    one, two = (layer["cycles"]["compute"] + layer["cycles"]["stall"] for layer in report["layers"])
    assert cost(op)["cycles"] == one + two
    assert cost(op)["layer"] == "y, y.2"
    assert "bound_by" not in cost(op)


def test_what_is_written_is_the_module_and_is_read_again(tmp_path: Path) -> None:
    footer = '{-# dialect_resources: { builtin: { conv_weight: "0x0400000000000000" } } #-}'
    source = tmp_path / "block.mlir"
    source.write_text(f"{BLOCK.read_text()}\n{footer}\n")
    module, report = annotated(source, tmp_path)
    again = tmp_path / "again"
    again.mkdir()
    written = tmp_path / "priced.mlir"
    assert written.read_text().endswith(f"\n{footer}\n")
    module, second = annotated(written, again)
    assert (again / "priced.mlir").read_text() == written.read_text()
    assert [each["cycles"] for each in second["layers"]] == [each["cycles"] for each in report["layers"]]
    for op in module.walk():
        op.attributes.pop("simdc.cost", None)
        op.attributes.pop("simdc.in", None)
    assert module.is_structurally_equivalent(parse_foreign(source.read_text(), "block.mlir"))


def test_what_cannot_be_annotated_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.mlir"
    assert main(["lenet5", "--hw", "HI3", "--emit-ir", "-o", str(own)]) == 0
    for arguments, reason in {
        (str(own), "x.mlir"): "IR of simdc has its costs by --emit-ir",
        (str(BLOCK), "x.onnx"): "name it .mlir",
        (str(BLOCK), "x.mlir", "--train"): "goes without --train",
    }.items():
        network, target, *more = arguments
        assert main([network, "--hw", "HI3", "--annotate", str(tmp_path / target), *more]) == 2
        assert reason in capsys.readouterr().err


def test_products_have_three_counts(tmp_path: Path) -> None:
    # 32 x 32 pixels with a border of 1: a window of 3 misses one tap at each of both ends, 94 taps of 96 each way.
    module, _ = annotated(BLOCK, tmp_path)
    told = {str(cost(op)["layer"]): cost(op) for op in ops_with(module, "simdc.cost")}
    keys = ("macs_written", "macs", "macs_on_elements")
    assert [told["conv"][key] for key in keys] == [96 * 96 * 16 * 32, 96 * 96 * 16 * 32, 94 * 94 * 16 * 32]
    assert [told["product"][key] for key in keys] == [64 * 48 * 32] * 3
    assert not set(keys) & set(told["relu"])
    assert [cost(module)[key] for key in keys] == [told["conv"][key] + told["product"][key] for key in keys]
