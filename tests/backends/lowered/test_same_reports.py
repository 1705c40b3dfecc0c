"""A report of records that were kept is, byte for byte, the one that goes through the IR."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.lowered.data import from_bytes, to_bytes
from simdc.backends.report import Report, load_report
from simdc.backends.report.trace import render_trace
from simdc.cost.tiling import TilingError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_machine
from simdc.frontends.presets import presets
from simdc.ir.attributes import TilingAttr
from simdc.ir.network import network_of
from simdc.ir.token_run import decode_step
from simdc.passes.pipeline import default_passes, run_pipeline
from tests.backends.lowered.networks import again, both
from tests.ir.networks import SAME_SHORT, short_example

ROUTED = {"moe"}
"""Their routings are priced as networks of their own."""
EXAMPLES = sorted(name for name, path in presets("networks").items() if path.suffix == ".dsl")
TRAINED = ["alexnet", "bert_base", "gpt2", "lenet5", "resnet18", "vit_b16", "yolov3_tiny"]
"""The others have no layers that these and `NARROW` do not have, and take seconds."""
NARROW = """network n(x: 3x12x12) {
  x = conv(x, 8, 3, stride=2) -> bn -> silu
  y = conv(x, 8, 3, groups=8, pad=1) -> bn -> relu
  return concat(x, y) -> conv(4, 1) -> global_avgpool -> flatten -> fc(5)
}
"""


def texts(report: Report) -> list[str]:
    """The report in all formats that are texts."""
    whole = load_report("table")(report, every_layer=True, names=True)
    return [whole, *(load_report(name)(report) for name in ("table", "markdown", "json", "csv")), render_trace(report)]


def same(module: ModuleOp, machine: str, model: str = "exact", *, train: bool = False, greedy: bool = False) -> Report:
    """The report of a module, compared on the way."""
    found, rule = load_machine(machine), "greedy" if greedy else "default"
    kept, report = both(module, found, model, rule, train=train)
    assert kept is not None
    read = from_bytes(to_bytes(kept, "a"), "a")
    assert texts(again(read, found, model, rule)) == texts(report)
    return report


@pytest.mark.parametrize("name", sorted({*EXAMPLES} - ROUTED - SAME_SHORT.keys()))
def test_examples(name: str) -> None:
    assert same(short_example(name), "HI3").layers


@pytest.mark.parametrize("name", TRAINED)
def test_training_steps(name: str) -> None:
    assert same(short_example(name, 2), "HT1", train=True).memory is not None


def test_training_of_depthwise_layers_and_branches() -> None:
    assert len(same(parse_dsl(NARROW, "net.dsl", 2), "HT3", train=True).layers) > 20


@pytest.mark.parametrize("machine", ["GeneSys16", "TPUv1", "HI1"])
def test_machines_with_other_options(machine: str) -> None:
    for name in ("mobilenet_v2", "lenet5"):
        same(short_example(name), machine)
        same(short_example(name), machine, greedy=True)


@pytest.mark.parametrize(
    ("machine", "model", "train"),
    [("HI2", "simdit", False), ("HT2", "simdit", True), ("nv_small", "nvdla", False), ("nv_small", "roofline", False)],
)
def test_models(machine: str, model: str, train: bool) -> None:
    report = same(short_example("alexnet", 1), machine, model, train=train)
    assert report.model == model


def test_decode_steps_and_prompts() -> None:
    step = same(short_example("gpt2", 2, decode_step(300)), "HI3").llm
    prompt = same(short_example("gpt2", 2), "HI3").llm
    assert step is not None
    assert prompt is not None
    assert (step.phase, step.context, prompt.phase) == ("decode", 300, "prefill")


def test_layers_without_a_price_keep_their_reasons() -> None:
    report = same(short_example("gpt2"), "HI1", "simdit")
    assert {op for _, op, _ in report.uncosted} >= {"layer_norm"}


def test_a_layer_that_fits_nowhere_is_an_error_as_in_the_passes() -> None:
    module = short_example("lenet5")
    machine = load_machine("HI3")
    kept, _ = both(module, machine)
    assert kept is not None
    with pytest.raises(TilingError, match="bit"):
        again(kept, load_machine("HI3", ["systolic.buffers.weight_bits=8"]))


def test_what_somebody_gave_or_priced_is_not_kept() -> None:
    # simdc n.mlir of IR that --emit-ir printed: its tilings and model are in the text and not among the options.
    text, machine = "network n(x: 3x8x8) { return x -> conv(4, 3) -> relu }", load_machine("HI3")
    priced = parse_dsl(text, "net.dsl", 1)
    assert both(priced, machine)[0] is not None
    assert both(priced, machine)[0] is None
    tiled = parse_dsl(text, "net.dsl", 1)
    first = next(network_of(tiled).layers())
    run_pipeline(priced, default_passes("exact"), verify=False)
    tiling = next(network_of(priced).layers()).tiling
    assert isinstance(tiling, TilingAttr)
    first.tiling = tiling
    assert both(tiled, machine)[0] is None


def test_mixtures_of_experts_are_not_kept() -> None:
    assert both(short_example("moe"), load_machine("HI3"))[0] is None
