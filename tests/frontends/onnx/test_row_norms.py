"""Norms of com.microsoft, which the evaluator does not know, against numpy by their definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simdc.backends.execute import execute
from simdc.errors import SimdcError
from simdc.frontends.onnx import parse_onnx
from simdc.frontends.onnx.parameters import load_parameters
from simdc.ir.network import network_of
from tests.frontends.onnx.models import kinds, model, node, random, saved

SHAPE = (2, 3, 6)
X, SKIP = random(*SHAPE, seed=1).astype(np.float64), random(*SHAPE, seed=2).astype(np.float64)
WEIGHTS = {"scale": random(6, seed=3), "shift": random(6, seed=4), "bias": random(6, seed=5)}
EPSILON = 0.01


def rms(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + EPSILON) * WEIGHTS["scale"]


def layer(x: np.ndarray, shift: float | np.ndarray) -> np.ndarray:
    centered = x - x.mean(-1, keepdims=True)
    return centered / np.sqrt((centered**2).mean(-1, keepdims=True) + EPSILON) * WEIGHTS["scale"] + shift


BOTH = X + SKIP
CASES = [
    ("SimplifiedLayerNormalization", "", ["scale"], [rms(X)], "rms_norm"),
    ("SimplifiedLayerNormalization", "com.microsoft", ["scale"], [rms(X)], "rms_norm"),
    ("SkipSimplifiedLayerNormalization", "com.microsoft", ["scale"], [rms(BOTH), BOTH], "add rms_norm"),
    (
        "SkipSimplifiedLayerNormalization",
        "com.microsoft",
        ["scale", "bias"],
        [rms(BOTH + WEIGHTS["bias"]), BOTH + WEIGHTS["bias"]],
        "add add rms_norm",
    ),
    ("SkipLayerNormalization", "com.microsoft", ["scale"], [layer(BOTH, 0.0)], "add layer_norm"),
    (
        "SkipLayerNormalization",
        "com.microsoft",
        ["scale", "shift", "bias"],
        [layer(BOTH + WEIGHTS["bias"], WEIGHTS["shift"]), BOTH + WEIGHTS["bias"]],
        "add add layer_norm",
    ),
]


@pytest.mark.parametrize(("operator", "domain", "given", "expected", "layers"), CASES)
def test_norms_of_microsoft(
    operator: str, domain: str, given: list[str], expected: list[np.ndarray], layers: str, tmp_path: Path
) -> None:
    skips = operator.startswith("Skip")
    data = {"x": X, **({"skip": SKIP} if skips else {})}
    results = ["y"] if len(expected) == 1 else ["y", "", "", "sum"]
    inner = node(operator, [*data, *given], results, domain=domain, name="norm", epsilon=EPSILON)
    weights = {name: WEIGHTS[name] for name in given}
    proto = model([inner], dict.fromkeys(data, SHAPE), weights, domains={"com.microsoft": 1})
    path = saved(proto, tmp_path)
    module = parse_onnx(path, None)
    assert kinds(network_of(module)) == layers.split()
    run = execute(module, data, load_parameters(path))
    for found, wanted in zip(run.returned, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        (
            node("SkipLayerNormalization", ["x", "x", "scale"], ["y", "mean"], domain="com.microsoft"),
            "statistics are read",
        ),
        (
            node("SkipLayerNormalization", ["x", "x", "one"], ["y"], domain="com.microsoft"),
            "have shape [6], its parameters [1]",
        ),
        (
            node("SkipLayerNormalization", ["x", "x", "scale"], ["y"], domain="com.microsoft", epsilon=-1.0),
            "epsilon must not be negative, got -1",
        ),
    ],
)
def test_what_is_refused(inner: object, reason: str, tmp_path: Path) -> None:
    weights = {"scale": WEIGHTS["scale"], "one": np.ones(1, np.float32)}
    results = [name for name in inner.output if name]  # type: ignore[attr-defined]
    proto = model([inner], {"x": SHAPE}, weights, outputs=results, domains={"com.microsoft": 1})
    with pytest.raises(SimdcError) as error:
        parse_onnx(saved(proto, tmp_path), None)
    assert reason in str(error.value)
