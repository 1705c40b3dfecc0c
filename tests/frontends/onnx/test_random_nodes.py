"""Random nodes against the text of ONNX's window operators and, for the others, its reference evaluator.

`python -m tests.frontends.onnx.node_differences 1500` runs more.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from simdc.errors import SimdcError
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.max_pool import GlobalMaxPoolOp, MaxPoolOp
from tests.frontends.onnx.models import imported, model, node, random
from tests.frontends.onnx.node_differences import difference
from tests.frontends.onnx.random_nodes import NODES, Case, conv, pool
from tests.oracles import onnx_windows as windows

EACH = 12


@pytest.mark.parametrize("draw", dict.fromkeys(NODES), ids=lambda draw: draw.__name__)
def test_random_nodes_compute_what_onnx_says(draw: Callable[[Random], Case], tmp_path: Path) -> None:
    generator, refused = Random(draw.__name__), 0
    count = EACH * NODES.count(draw)
    for _ in range(count):
        case = draw(generator)
        wrong = difference(case, tmp_path)
        assert wrong is None or wrong.startswith("refused"), (case.operator, case.x.shape, case.attributes, wrong)
        refused += wrong is not None
    assert refused <= count // 3


@pytest.mark.parametrize("draw", [conv, pool])
def test_the_oracle_is_what_the_evaluator_computes_where_it_is_right(draw: Callable[[Random], Case]) -> None:
    """Without padding, ceil mode and dilation there is nothing that the evaluator gets wrong."""
    generator, compared = Random(1), 0
    while compared < 10:
        case = draw(generator)
        if case.attributes.keys() & {"pads", "auto_pad", "ceil_mode", "dilations"} or case.x.ndim != 4:
            continue
        wanted = None if case.expected is None else case.expected()
        assert wanted is not None
        if wanted.size:
            (found,) = ReferenceEvaluator(case.proto).run(None, {"x": case.x})
            np.testing.assert_allclose(wanted, found, rtol=1e-4, atol=1e-4)
            compared += 1


def test_same_padding_spans_a_dilated_window(tmp_path: Path) -> None:
    """16 pixels, 3 taps 2 apart: a window spans (3 - 1) * 2 + 1 = 5, so 16 positions take 2 pixels of padding on each
    side. Three taps side by side would take one."""
    weight = {"w": random(1, 1, 3, 3)}
    body = node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER", dilations=[2, 2])
    network = imported(model([body], {"x": (1, 1, 16, 16)}, weight), tmp_path)
    (op,) = (op for op in network.layers() if isinstance(op, Conv2DOp))
    assert op.padding.get_values() == (2, 2, 2, 2)
    # The oracle knows it, too: 2 taps 4 apart span 5 of 5 pixels, and 5 positions take 4 more, half on each side.
    assert windows.sides((5,), (2,), {"auto_pad": "SAME_LOWER", "dilations": [4]}) == [windows.Side(2, 2, 5)]


@pytest.mark.parametrize("operator", ["Conv", "MaxPool"])
def test_valid_pads_nothing_whatever_pads_say(operator: str, tmp_path: Path) -> None:
    """8 pixels and 3 taps leave 6 positions; with the pads of 1 that stand beside VALID there would be 8."""
    inputs = ["x", "w"] if operator == "Conv" else ["x"]
    body = node(operator, inputs, ["y"], auto_pad="VALID", pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    weights = {"w": random(1, 1, 3, 3)} if operator == "Conv" else {}
    network = imported(model([body], {"x": (1, 1, 8, 8)}, weights), tmp_path)
    (op,) = network.layers()
    assert op.result_shapes() == ((1, 1, 6, 6),)


def test_a_padded_window_as_large_as_the_image_is_no_global_pool(tmp_path: Path) -> None:
    """4 pixels under a window of 4 with a border of 1 make (4 + 2 - 4) / 1 + 1 = 3 positions; without a border, one."""

    def layer(**pads: list[int]) -> MaxPoolOp | GlobalMaxPoolOp:
        body = node("MaxPool", ["x"], ["y"], kernel_shape=[4, 4], **pads)
        (op,) = imported(model([body], {"x": (1, 2, 4, 4)}), tmp_path).layers()
        assert isinstance(op, MaxPoolOp | GlobalMaxPoolOp)
        return op

    assert isinstance(layer(), GlobalMaxPoolOp)
    padded = layer(pads=[1, 1, 1, 1])
    assert isinstance(padded, MaxPoolOp)
    assert padded.result_shape() == (1, 2, 3, 3)
    # Four taps 2 apart span 7 pixels: on 4 there is no window, not one over the whole image.
    body = node("MaxPool", ["x"], ["y"], kernel_shape=[4, 4], dilations=[2, 2])
    with pytest.raises(SimdcError, match=r"does not fit|would be empty"):
        imported(model([body], {"x": (1, 2, 4, 4)}), tmp_path)
    # A border on one side is one, too: 4 + 1 - 4 leaves 2 positions along the height.
    assert layer(pads=[0, 0, 1, 0]).result_shape() == (1, 2, 2, 1)


def test_a_difference_is_found(tmp_path: Path) -> None:
    """Of the comparison itself: a node whose padding lies on the other side."""
    x, weight = random(1, 1, 4, 4), random(1, 1, 2, 2)
    other = {"pads": [0, 0, 1, 0]}
    case = Case("Conv", x, [weight], {"pads": [1, 0, 0, 0]}, lambda: windows.conv(x, weight, None, other))
    assert "values differ" in (difference(case, tmp_path) or "")
