"""The report of a training iteration: steps, and what stays in DRAM."""

import json
from pathlib import Path

import jsonschema
import pytest
from xdsl.dialects.builtin import ModuleOp

import simdc
from simdc.backends.report import Report, make_report
from simdc.backends.report.machine_text import as_data
from simdc.backends.report.memory import memory_of
from simdc.backends.report.table import render_table
from simdc.cli import main
from simdc.frontends.dsl import parse_dsl
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.passes.pipeline import default_passes, run_pipeline, training_passes

SCHEMA = json.loads((Path(simdc.__file__).parent / "backends/report/cost.schema.json").read_text())

TWO_LAYERS = (
    'network n(x: 4) { return fc(x, 8, bias=false, name="a") -> relu(name="r") -> fc(2, bias=false, name="b") }'
)


def trained(text: str, batch: int, optimizer: str = "sgd", *, master_weights: bool = False) -> ModuleOp:
    module = parse_dsl(text, "n.dsl", batch)
    set_hardware(module, simdc.load_hardware("HT1"))
    training = training_passes(optimizer, master_weights=master_weights)
    run_pipeline(module, (*training, *default_passes("exact")))
    return module


def report(optimizer: str = "momentum") -> Report:
    return make_report(trained(TWO_LAYERS, 3, optimizer))


def test_memory_of_two_layers_by_hand() -> None:
    memory = memory_of(network_of(trained(TWO_LAYERS, batch=3)))
    # Conv unit 16 bit, SIMD and partial sums 32 bit. Weights 4*8 and 8*2 elements of 2 byte; their gradients leave the
    # array at 4 byte.
    assert memory.weights == (32 + 16) * 2
    assert memory.gradients == (32 + 16) * 4
    assert memory.state == 0
    assert memory.statistics == 2 * 4  # the numbers of the two classes
    # The backward layers read, of forward results: r (16 bit, b reads it; its own gradient needs it, too) and the
    # probabilities of the loss (32 bit).
    assert memory.kept == 3 * 8 * 2 + 3 * 2 * 4


def test_inference_keeps_nothing() -> None:
    memory = memory_of(network_of(parse_dsl(TWO_LAYERS, "n.dsl", 3)))
    assert (memory.kept, memory.gradients, memory.state) == (0, 0, 0)


@pytest.mark.parametrize(
    ("optimizer", "master_weights", "state"),
    [
        ("sgd", False, 0),
        # Momentum keeps a velocity, Adam two moments, each a number of 4 byte for each of the 48 weights; a master
        # weight is a copy at 4 byte of what the array reads at 2.
        ("momentum", False, 48 * 4),
        ("adam", False, 2 * 48 * 4),
        ("adam", True, 3 * 48 * 4),
    ],
)
def test_peak_of_two_layers_by_hand(optimizer: str, master_weights: bool, state: int) -> None:
    memory = memory_of(network_of(trained(TWO_LAYERS, 3, optimizer, master_weights=master_weights)))
    # The weights at 16 bit, the numbers of the two classes at 32; what the optimizer keeps is there all the time, too.
    resident = (32 + 16) * 2 + 2 * 4 + state
    inputs_bytes = 3 * 4 * 2 + 3 * 4  # x at 16 bit, the targets, a class for each image, at 32
    a, r, b, probabilities, loss = 3 * 8 * 4, 3 * 8 * 2, 3 * 2 * 4, 3 * 2 * 4, 3 * 4
    upstream, grad_r = 3 * 2 * 2, 3 * 8 * 4  # 16 bit: the array reads it; 32 bit: the array wrote it
    grad_b_weight, grad_a_out, grad_a_weight = 16 * 4, 3 * 8 * 2, 32 * 4
    moments = {
        "r": inputs_bytes + a + r,
        "loss": inputs_bytes + r + b + probabilities + loss,
        # The target ends with the gradient of the loss, r with that of the relu.
        "b.grad_weight": 3 * 4 * 2 + r + loss + upstream + grad_r + grad_b_weight,
        "r.grad_input": 3 * 4 * 2 + r + loss + grad_r + grad_b_weight + grad_a_out,
        "a.grad_weight": 3 * 4 * 2 + loss + grad_b_weight + grad_a_out + grad_a_weight,
    }
    assert memory.peak == resident + max(moments.values())
    assert memory.peak_layer == max(moments, key=lambda name: moments[name])


@pytest.mark.parametrize(("optimizer", "copies"), [("sgd", 0), ("momentum", 1), ("adam", 2), ("adamw", 2)])
def test_optimizer_state(optimizer: str, copies: int) -> None:
    memory = memory_of(network_of(trained(TWO_LAYERS, 3, optimizer)))
    assert memory.state == copies * (32 + 16) * 4


@pytest.mark.parametrize(("optimizer", "copies"), [("sgd", 1), ("momentum", 2), ("adam", 3), ("adamw", 3)])
def test_master_weights_are_a_full_width_copy(optimizer: str, copies: int) -> None:
    module = trained(TWO_LAYERS, 3, optimizer, master_weights=True)
    memory = memory_of(network_of(module))
    assert memory.weights == (32 + 16) * 2
    assert memory.state == copies * (32 + 16) * 4
    update = next(op for op in network_of(module).layers() if op.layer.data == "a.weight.update")
    # Loads master, gradient and state, stores master and state at 32 bit, and the narrow weight at 16. The 8 output
    # channels lie at n; the 4 input channels lie across 16 lanes and are rounded up.
    stored = 16 * 8
    assert update.cost is not None
    assert update.cost.data.dram_bits.ofmap == stored * (copies * 32 + 16)
    assert update.cost.data.dram_bits.ifmap == stored * (copies + 1) * 32


def test_json_is_valid_and_steps_add_up() -> None:
    data = as_data(report())
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    totals = data["totals"]
    for measure in ("cycles", "dram_bits", "sram_bits", "energy_pj"):
        parts = [step[measure]["total"] for step in totals["steps"].values()]
        assert sum(parts) == pytest.approx(totals[measure]["total"])
    by_name = {layer["name"]: (layer["phase"], layer["step"]) for layer in data["layers"]}
    assert by_name["a"] == ("forward", "forward")
    assert by_name["b.grad_input"] == ("backward", "input_gradient")
    assert by_name["a.grad_weight"] == ("backward", "weight_gradient")
    assert by_name["a.weight.update"] == ("update", "update")


def test_macs_of_a_step() -> None:
    # Forward 3*4*8 + 3*8*2; each weight gradient as much; the input gradient of b, but nobody needs that of a.
    assert as_data(report())["totals"]["ops"]["mac"] == 2 * (96 + 48) + 48


def test_table_shows_steps_and_footprint() -> None:
    text = render_table(report())
    assert "input gradient" in text
    assert "kept from forward to backward" in text
    assert "optimizer state" in text


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lenet5", "--hw", "HT3", "--batch", "4", "--train", "--optimizer", "adam"]) == 0
    output = capsys.readouterr().out
    assert "lenet5: training, batch 4" in output
    assert "update" in output


def test_frozen_layer_is_not_trained() -> None:
    text = TWO_LAYERS.replace('bias=false, name="a"', 'bias=false, freeze=true, name="a"')
    names = {op.layer.data for op in network_of(trained(text, 3)).layers()}
    assert "b.weight.update" in names
    assert not {"a.grad_weight", "a.weight.update", "r.grad_input", "b.grad_input"} & names
