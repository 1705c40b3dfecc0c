"""Pipelines: by name and options, verified after each pass, shown on the way."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.cost import Tiling
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.attributes import TilingAttr
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.passes import PASSES, load_pass
from simdc.passes.pipeline import default_passes, parse_pipeline, run_pipeline

DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> bn -> relu -> lrn\n}"


def module(machine: str | None = "HI3") -> ModuleOp:
    found = parse_dsl(DSL, "net.dsl", 1)
    if machine is not None:
        set_hardware(found, load_hardware(machine))
    return found


def refusal(pipeline: str) -> str:
    with pytest.raises(SimdcError) as caught:
        parse_pipeline(pipeline)
    return str(caught.value)


def failure(pipeline: str, on: ModuleOp) -> str:
    with pytest.raises(SimdcError) as caught:
        run_pipeline(on, parse_pipeline(pipeline))
    return str(caught.value)


def test_every_pass_by_its_name() -> None:
    for name in PASSES:
        assert load_pass(name).name == name
        (found,) = parse_pipeline(name)
        assert (type(found), found.name) == (load_pass(name), name)


@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_default_passes_as_text(model: str) -> None:
    passes = default_passes(model)
    assert parse_pipeline(",".join(str(step.pipeline_pass_spec()) for step in passes)) == passes
    assert {step.name for step in passes} <= set(PASSES)


def test_options() -> None:
    (widths, tiling) = parse_pipeline("simdc-assign-widths{rule=program-order},simdc-legalize-tiling{model=simdit}")
    assert (getattr(widths, "rule", None), getattr(tiling, "model", None)) == ("program-order", "simdit")


@pytest.mark.parametrize(
    ("pipeline", "says"),
    [
        ("simdc-fold-batchnorm", "-p: there is no pass 'simdc-fold-batchnorm'; did you mean 'simdc-fold-batch-norm'?"),
        ("cse", f"-p: there is no pass 'cse'; known passes: {', '.join(PASSES)}"),
        ("simdc-split-units,,", "-p 'simdc-split-units,,': "),
        ("simdc-split-units{", "-p 'simdc-split-units{': "),
        ("simdc-split-units simdc-split-units", "-p"),
        ("simdc-split-units{array=2}", "-p: simdc-split-units: "),
        ("simdc-assign-widths{rule=widest}", "-p: simdc-assign-widths: "),
        ("simdc-legalize-tiling{model=3}", "-p: simdc-legalize-tiling: "),
        (
            "simdc-legalize-tiling{model=absent}",
            "-p: simdc-legalize-tiling: there is no cost model 'absent'; known models: exact, simdit",
        ),
        ("simdc-annotate-cost{model=x}", "-p: simdc-annotate-cost: there is no cost model 'x'; known models: exact, "),
    ],
)
def test_pipelines_that_are_none(pipeline: str, says: str) -> None:
    assert refusal(pipeline).startswith(says)


def test_passes_run_in_order_and_are_shown_when_they_are_done() -> None:
    network = module()
    seen: list[tuple[str, bool, bool]] = []

    def look(done: ModulePass) -> None:
        text = str(network)
        seen.append((done.name, "simdc.batch_norm" in text, "simdc.tiling" in text))

    run_pipeline(network, default_passes("exact"), after=look)
    assert seen == [
        ("simdc-tidy", False, False),
        ("simdc-fold-views", False, False),
        ("simdc-assign-layout", False, False),
        ("simdc-assign-widths", False, False),
        ("simdc-fuse-chains", False, False),
        ("simdc-fuse-attention", False, False),
        ("simdc-choose-form", False, False),
        ("simdc-split-units", False, False),
        ("simdc-legalize-tiling", False, True),
        ("simdc-annotate-cost", False, True),
    ]


@dataclass(frozen=True)
class BreakPass(ModulePass):
    """Gives two layers one name."""

    name = "test-break"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for layer in network_of(op).layers():
            layer.properties["layer"] = next(network_of(op).layers()).layer


@dataclass(frozen=True)
class MendPass(ModulePass):
    name = "test-mend"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for number, layer in enumerate(network_of(op).layers()):
            layer.properties["layer"] = type(layer.layer)(f"layer{number}")


def test_the_module_is_verified_after_each_pass() -> None:
    done: list[str] = []
    with pytest.raises(SimdcError, match="two layers are called 'conv1'"):
        run_pipeline(module(), (BreakPass(), MendPass()), after=lambda step: done.append(step.name))
    assert done == []
    # The passes of simdc itself need not be watched.
    run_pipeline(module(), (BreakPass(), MendPass()), verify=False)


def test_a_module_is_verified_before_the_first_pass() -> None:
    network = module()
    for layer in network_of(network).layers():
        layer.properties["layer"] = next(network_of(network).layers()).layer
    with pytest.raises(SimdcError, match="two layers are called 'conv1'"):
        run_pipeline(network, (MendPass(),))


def test_what_a_pass_needs() -> None:
    assert "the module has no 'simdc.hardware' attribute: choose a machine" in failure(
        "simdc-assign-widths", module(None)
    )
    assert "has no tiling: run simdc-legalize-tiling before simdc-annotate-cost" in failure(
        "simdc-annotate-cost", module()
    )
    assert failure("simdc-annotate-cost", module()).startswith("net.dsl:2:15: error: simdc.conv2d 'conv1': ")


def test_a_tiling_that_is_there_stays() -> None:
    network = module()
    (conv, *_) = network_of(network).layers()
    conv.tiling = TilingAttr(Tiling(("oc", "ic", "kh", "kw", "n", "oh", "ow"), (4, 3, 3, 3, 1, 2, 6)))
    run_pipeline(network, default_passes("exact"))
    assert conv.tiling.data.as_dict()["oh"] == 2
    assert conv.cost is not None


@pytest.mark.parametrize(
    ("order", "sizes", "says"),
    [
        ("oc ic kh kw n oh", (1,) * 6, "the tiling orders loops ['oc', 'ic', 'kh', 'kw', 'n', 'oh'], the layer has ["),
        ("oc ic kh kw n oh ow", (1, 1, 1, 1, 1, 1, 0), "tile size of loop 'ow' must be a positive whole number, got 0"),
    ],
)
def test_a_tiling_that_does_not_belong(order: str, sizes: tuple[int, ...], says: str) -> None:
    network = module()
    (conv, *_) = network_of(network).layers()
    conv.tiling = TilingAttr(Tiling(tuple(order.split()), sizes))
    assert failure("simdc-annotate-cost", network).startswith(f"net.dsl:2:15: error: simdc.conv2d 'conv1': {says}")


def test_a_tiling_that_does_not_fit() -> None:
    network = parse_dsl("network n(x: 3x900x900) { return conv(x, 64, 3) }", "net.dsl", 1)
    set_hardware(network, load_hardware("HI3"))
    (conv,) = network_of(network).layers()
    loops = ("oc", "ic", "kh", "kw", "n", "oh", "ow")
    conv.tiling = TilingAttr(Tiling(loops, (64, 3, 3, 3, 1, 898, 898)))
    text = failure("simdc-assign-widths,simdc-annotate-cost", network)
    # 64 (3 channels, stored padded) x 900 x 900 values of 8 bits; half of 256 KiB.
    assert text.startswith("net.dsl:1:34: error: simdc.conv2d 'conv1': the ifmap buffer needs 414,720,000 bits")
    assert "it can hold 1,048,576 bits at a time" in text


def test_layers_without_a_price_are_named() -> None:
    network = module()
    run_pipeline(network, default_passes("simdit"))
    (lrn,) = (layer for layer in network_of(network).layers() if layer.name == "simdc.local_response_norm")
    assert lrn.uncosted is not None
    assert lrn.uncosted.data.startswith("the released SimDIT has no layer 'local_response_norm'")
    assert lrn.cost is None
    others = [layer for layer in network_of(network).layers() if layer is not lrn]
    assert all(layer.cost is not None and layer.uncosted is None for layer in others)
