"""How dimensions are split does not matter to what works by elements: of every layer there is."""

from __future__ import annotations

import pytest

import simdc
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.context import set_hardware
from simdc.ir.layer_table import layer_table
from simdc.ir.network import network_of
from simdc.passes.pipeline import default_passes, run_pipeline

BY_AXIS = {
    "argmax": "goes along dimension 1",
    "argmin": "goes along dimension 1",
    "bn": "has statistics for each position of dimension 1",
    "cumulative_sum": "goes along dimension 1",
    "log_softmax": "goes along dimension 1",
    "masked_softmax": "goes along the last dimension, with a mask of as many",
    "prelu": "has a slope for each position of dimension 1",
    "softmax": "goes along dimension 1",
}
"""Layers to which [1, 4096] and [1, 1, 4096] are not the same elements."""
LAYERS = [name for name, kind in layer_table().items() if not kind.required and kind.inputs in (1, 2)]


def cycles(layer: str, shape: str) -> int | None:
    """On HI3, which has 64 lanes and stores padding; None where the layer does not take the shape."""
    inputs = ["x", "y"][: layer_table()[layer].inputs]
    declared = ", ".join(f"{name}: {shape}" for name in inputs)
    text = f"network n({declared}) {{ return {layer}({', '.join(inputs)}) }}"
    try:
        module = parse_dsl(text, "n.dsl", 1)
        set_hardware(module, simdc.load_hardware("HI3"))
        run_pipeline(module, default_passes("exact"))
    except SimdcError:
        return None
    return sum(op.cost.data.cycles.total for op in network_of(module).layers() if op.cost is not None)


@pytest.mark.parametrize("layer", LAYERS)
def test_dimensions_of_one_element_cost_nothing(layer: str) -> None:
    flat, two, three = (cycles(layer, shape) for shape in ("192", "1x192", "1x1x192"))
    if two is not None and three is not None and layer not in ("global_avgpool", "global_maxpool", "rope"):
        assert two == three
    if flat is not None and two is not None and layer not in BY_AXIS:
        assert flat == two


@pytest.mark.parametrize("layer", ["add", "div", "gelu", "relu", "swiglu", "geglu", "sin", "round", "less", "tanh"])
def test_elements_cost_the_same_however_they_are_split(layer: str) -> None:
    """384 elements, in rows of whole vectors. An input of three sizes is an image: 2 x 3 x 64 are two channels."""
    assert {cycles(layer, shape) for shape in ("2x192", "3x128", "6x64", "1x6x64")} == {cycles(layer, "384")}
