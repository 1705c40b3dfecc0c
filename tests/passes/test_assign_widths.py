"""Widths by what a value is: a parameter or an activation, whichever buffer of the systolic array it goes to."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.base import LayerOp, width_bits
from simdc.ir.context import set_hardware
from simdc.ir.network import NetworkOp, ParameterOp, network_of
from simdc.ir.ops.free import FlattenOp
from simdc.ir.ops.update import UpdateOp
from simdc.passes.pipeline import lowering_passes, run_pipeline, training_passes

PRODUCTS = """network n(x: 24) {
  q = x -> fc(24, bias=false)
  k = x -> fc(24, bias=false) -> relu
  return matmul(q, k) -> fc(5, bias=false)
}"""
"""At batch 24 the product is one of two matrices of 24 x 24."""
WIDTHS = [(weight, ifmap) for weight in (2, 4, 8) for ifmap in (4, 8, 16)]


def settings(weight: int, ifmap: int) -> list[str]:
    return [f"systolic.widths.weight_bits={weight}", f"systolic.widths.ifmap_bits={ifmap}"]


def lowered(weight: int, ifmap: int, *, training: bool) -> NetworkOp:
    module = parse_dsl(PRODUCTS, "n.dsl", 24)
    set_hardware(module, load_hardware("HT1", settings(weight, ifmap)))
    run_pipeline(module, (*(training_passes("adamw") if training else ()), *lowering_passes("exact")))
    return network_of(module)


@pytest.mark.parametrize(("weight", "ifmap"), WIDTHS)
@pytest.mark.parametrize("training", [False, True])
def test_operands_of_the_systolic_array(weight: int, ifmap: int, training: bool) -> None:
    """Every operand in the place of weights: stored parameters have their width, results and inputs of layers that of
    activations. Updates leave parameters as wide as they found them."""
    network = lowered(weight, ifmap, training=training)
    seen: set[bool] = set()
    for op in network.layers():
        if isinstance(op, UpdateOp):
            for new, old in zip(op.results, op.replaced, strict=True):
                assert width_bits(new) == width_bits(old)
        for value, role in zip(op.operands, op.ROLES, strict=False):
            is_parameter = isinstance(value.owner, ParameterOp)
            if role == "weight":
                seen.add(is_parameter)
                assert width_bits(value) == (weight if is_parameter else ifmap), op.layer.data
            elif role == "ifmap" and not is_parameter:
                assert width_bits(value) == ifmap, op.layer.data
    assert seen == {True, False}


def test_a_view_between_does_not_hide_the_reader() -> None:
    """The flatten hands on the data of the relu, which the fully connected layer reads at 8 bits."""
    module = parse_dsl("network n(x: 4x6x6) { return x -> relu -> flatten -> fc(3) }", "n.dsl", 1)
    set_hardware(module, load_hardware("HI1"))
    run_pipeline(module, lowering_passes("exact"))
    relu, view, *_ = network_of(module).layers()
    assert isinstance(view, FlattenOp)
    assert isinstance(relu, LayerOp)
    assert (width_bits(relu.results[0]), width_bits(view.results[0])) == (8, 8)


@pytest.mark.parametrize(("weight", "ifmap"), [(4, 8), (8, 4), (2, 16)])
def test_capacity_and_transfers_follow(
    weight: int, ifmap: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cost, simulator and execution agree, and the product's right side moves 24 x 24 x ifmap bits once."""
    path = tmp_path / "n.dsl"
    path.write_text(PRODUCTS)
    options = [option for setting in settings(weight, ifmap) for option in ("--set", setting)]
    command = [str(path), "--hw", "HI1", "--batch", "24", *options, "--set", "stores_padding=false"]
    assert main(["verify", *command]) == 0
    capsys.readouterr()
    assert main([*command, "--format", "csv"]) == 0
    rows = csv.DictReader(capsys.readouterr().out.splitlines())
    (product,) = (row for row in rows if row["op"] == "matmul")
    assert int(product["dram weight [bit]"]) == 24 * 24 * ifmap
