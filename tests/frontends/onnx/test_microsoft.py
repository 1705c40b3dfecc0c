"""Operators of com.microsoft that are several of the standard's, against numpy by their definition."""

from __future__ import annotations

from math import erf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simdc.errors import SimdcError
from tests.frontends.onnx.models import kinds, model, node, random
from tests.frontends.onnx.test_quantized import computed
from tests.oracles import onnx_windows as windows

Array = np.ndarray


def gelu(x: Array) -> Array:
    return x * (1 + np.vectorize(erf)(x / np.sqrt(2))) / 2


def fast_gelu(x: Array) -> Array:
    return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2


def run(operator: str, x: Array, folder: Path, weights: dict[str, Array] | None = None, **attributes: Any) -> Any:
    weights = weights or {}
    inner = node(operator, ["x", *weights], ["y"], domain="com.microsoft", name="n", **attributes)
    proto = model([inner], {"x": x.shape}, {k: v for k, v in weights.items() if k}, domains={"com.microsoft": 1})
    network, (found,) = computed(proto, folder, x)
    return network, found


X, BIAS = random(2, 6), random(6, seed=1)


@pytest.mark.parametrize(
    ("operator", "weights", "attributes", "wanted"),
    [
        ("Gelu", {}, {}, gelu(X)),
        ("BiasGelu", {"b": BIAS}, {}, gelu(X + BIAS)),
        ("FastGelu", {}, {}, fast_gelu(X)),
        ("FastGelu", {"b": BIAS}, {}, fast_gelu(X + BIAS)),
        ("QuickGelu", {}, {}, X / (1 + np.exp(-1.702 * X))),
        ("QuickGelu", {}, {"alpha": 0.5}, X / (1 + np.exp(-0.5 * X))),
    ],
)
def test_gelu_in_all_its_forms(
    operator: str, weights: dict[str, Array], attributes: dict[str, Any], wanted: Array, tmp_path: Path
) -> None:
    _, found = run(operator, X, tmp_path, weights, **attributes)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("turned", [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("alpha", [1.0, 0.125])
def test_product(turned: tuple[int, int], alpha: float, tmp_path: Path) -> None:
    x = random(*((4, 2) if turned[0] else (2, 4)))
    w = random(*((3, 4) if turned[1] else (4, 3)), seed=1)
    network, found = run("FusedMatMul", x, tmp_path, {"w": w}, transA=turned[0], transB=turned[1], alpha=alpha)
    np.testing.assert_allclose(found, alpha * (x.T if turned[0] else x) @ (w.T if turned[1] else w), atol=1e-5)
    assert "linear" in kinds(network)


CONV = {"pads": [1, 1, 1, 1], "strides": [2, 1]}


@pytest.mark.parametrize(
    ("activation", "numbers", "function"),
    [
        ("", [], lambda x: x),
        ("Relu", [], lambda x: np.maximum(x, 0)),
        ("Tanh", [], np.tanh),
        ("LeakyRelu", [0.25], lambda x: np.where(x > 0, x, 0.25 * x)),
        ("Clip", [0.0, 1.5], lambda x: np.clip(x, 0, 1.5)),
        ("HardSigmoid", [0.2, 0.5], lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    ],
)
def test_convolution(activation: str, numbers: list[float], function: Any, tmp_path: Path) -> None:
    x, w, b = random(1, 2, 5, 5), random(3, 2, 3, 3), random(3)
    attributes = {**CONV, **({"activation": activation} if activation else {})}
    attributes |= {"activation_params": numbers} if numbers else {}
    _, found = run("FusedConv", x, tmp_path, {"w": w, "b": b}, **attributes)
    np.testing.assert_allclose(found, function(windows.conv(x, w, b, CONV)), atol=1e-4)


def test_convolution_and_a_sum(tmp_path: Path) -> None:
    x, w = random(1, 3, 5, 5), random(3, 3, 1, 1)
    inner = node("FusedConv", ["x", "w", "", "x"], ["y"], domain="com.microsoft", activation="Relu")
    proto = model([inner], {"x": x.shape}, {"w": w}, domains={"com.microsoft": 1})
    network, (found,) = computed(proto, tmp_path, x)
    np.testing.assert_allclose(found, np.maximum(windows.conv(x, w, None, {}) + x, 0), atol=1e-5)
    assert kinds(network) == ["conv2d", "add", "relu"]


@pytest.mark.parametrize(
    ("operator", "attributes", "says"),
    [
        ("FusedMatMul", {"transBatchA": 1}, "its attribute transBatchA is not modelled"),
        ("FusedConv", {"activation": "Softplus"}, "its activation is Softplus with 0 numbers"),
    ],
)
def test_what_is_refused(operator: str, attributes: dict[str, Any], says: str, tmp_path: Path) -> None:
    x, w = (random(2, 4), random(4, 3)) if operator == "FusedMatMul" else (random(1, 1, 3, 3), random(1, 1, 1, 1))
    with pytest.raises(SimdcError) as error:
        run(operator, x, tmp_path, {"w": w}, **attributes)
    assert says in " ".join(str(error.value).split())
