"""Batch and parameters stand in the text for people; they are held to the shapes beside them."""

from __future__ import annotations

import re

import pytest
from xdsl.dialects.builtin import ModuleOp

import simdc
from simdc.backends.report import make_report
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.mlir_text import parse_mlir
from simdc.passes.pipeline import parse_pipeline, run_pipeline

# 4*3*3*3 weights of the convolution, 2*4 of the batch norm, and 2*144 + 2 of the layer behind it: 406.
DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> bn -> flatten -> fc(2)\n}\n"


def network(batch: int = 3) -> ModuleOp:
    return parse_dsl(DSL, "n.dsl", batch)


def refused(text: str) -> str:
    with pytest.raises(SimdcError) as caught:
        parse_mlir(text, "n.mlir", None)
    assert (caught.value.file, caught.value.line) == ("n.mlir", 2)
    return caught.value.message


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_the_batch_is_that_of_an_input(batch: int) -> None:
    text = str(network())
    changed = text.replace("batch 3 ", f"batch {batch} ")
    says = f"simdc.network: the batch is {batch}, and no input has that many images, but 3"
    assert refused(changed) == says
    assert parse_mlir(text, "n.mlir", 3)


@pytest.mark.parametrize("parameters", [0, 7, 405, 407])
def test_parameters_are_those_of_the_network(parameters: int) -> None:
    text = str(network())
    assert "parameters 406 {" in text
    assert refused(text.replace("parameters 406", f"parameters {parameters}")) == (
        f"simdc.network: it has {parameters} parameters, but its ops hold 406 trained values and 0 are elsewhere"
    )


def test_what_a_pass_took_away_is_counted_still() -> None:
    module = network()
    run_pipeline(module, parse_pipeline("simdc-fold-batch-norm"))
    text = str(module)
    # 8 of the batch norm are gone, the convolution has got a bias of 4.
    assert "batch 3 parameters 406 elsewhere 4 {" in text
    again = parse_mlir(text, "n.mlir", None)
    assert again.is_structurally_equivalent(module)
    assert refused(text.replace(" elsewhere 4", "")).endswith("hold 402 trained values and 0 are elsewhere")
    assert refused(text.replace(" elsewhere 4", " elsewhere -4")).endswith("402 trained values and -4 are elsewhere")
    assert make_report(simdc.compile(simdc.Network(again), simdc.load_hardware("HI1"))).parameters == 406


@pytest.mark.parametrize(
    ("pattern", "change", "says"),
    [
        ("406", "406 attributes {simdc.notes = 5}", "simdc.network: 'simdc.notes' must be a list of texts"),
        ("406", "406 attributes {simdc.notes = [5]}", "simdc.network: 'simdc.notes' must be a list of texts"),
    ],
)
def test_notes_are_texts(pattern: str, change: str, says: str) -> None:
    changed, count = re.subn(pattern, change, str(network()))
    assert count == 1
    assert refused(changed).endswith(says)


def test_a_phase_is_one_of_training() -> None:
    changed = re.sub(r'(conv2d "conv1" %x, \S+)', r'\1 {phase = "update"}', str(network()))
    with pytest.raises(SimdcError, match="conv1': has the phase update, and the network is for inference"):
        parse_mlir(changed, "n.mlir", None)


def test_inputs_of_one_dimension_have_a_batch_of_one() -> None:
    text = (
        "simdc.network @n(%x: tensor<5xf32>) inference batch 1 parameters 0 {\n  simdc.return %x : tensor<5xf32>\n}\n"
    )
    assert parse_mlir(text, "n.mlir", None)
    with pytest.raises(SimdcError, match="the batch is 3, and no input has that many images, but 5"):
        parse_mlir(text.replace("batch 1", "batch 3"), "n.mlir", None)


@pytest.mark.parametrize(
    ("attribute", "says"),
    [
        ('simdc.hardware = "HI3"', "'simdc.hardware' must be a machine, #simdc.hardware<...>, got \"HI3\""),
        ("simdc.provenance = 5 : i64", "'simdc.provenance' must be a list of runs, got 5 : i64"),
        ("simdc.provenance = [{}]", "a run of 'simdc.provenance' must have a list of inputs, got None"),
        (
            "simdc.provenance = [{inputs = []}]",
            "an entry of 'simdc.provenance' must have the texts simdc, command, got {inputs = []}",
        ),
    ],
)
def test_attributes_of_the_module_are_what_they_must_be(attribute: str, says: str) -> None:
    text = str(network()).replace("builtin.module {", f"builtin.module attributes {{{attribute}}} {{")
    with pytest.raises(SimdcError) as caught:
        parse_mlir(text, "n.mlir", None)
    assert str(caught.value) == f"n.mlir: {says}"
