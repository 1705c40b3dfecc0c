"""Attention as one operator: of the standard against its reference, of com.microsoft against numpy by definition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from simdc.errors import SimdcError
from simdc.ir.notes import notes_of
from tests.frontends.onnx.models import check_against_reference, imported, kinds, model, node, random
from tests.frontends.onnx.test_quantized import computed

Array = np.ndarray
PRODUCTS = ["matmul", "softmax", "matmul"]
HEADS = ["reshape", "transpose"]
BACK = ["transpose", "reshape"]


def standard(
    shapes: dict[str, tuple[int, ...]], outputs: int = 1, weights: dict[str, Array] | None = None, **attributes: Any
) -> onnx.ModelProto:
    """Names of inputs are those of the operator; one that is left out is empty."""
    weights = weights or {}
    order = ["q", "k", "v", "mask", "past_key", "past_value"]
    names = [name if name in shapes or name in weights else "" for name in order]
    while not names[-1]:
        names.pop()
    body = node("Attention", names, [f"y{number}" for number in range(outputs)], name="a", **attributes)
    return model([body], shapes, weights, opset=23)


PLAIN = {"q": (2, 4, 3, 8), "k": (2, 4, 5, 8), "v": (2, 4, 5, 6)}
SHARED = {"q": (2, 6, 5, 8), "k": (2, 2, 5, 8), "v": (2, 2, 5, 6)}
FLAT = {"q": (2, 5, 6 * 4), "k": (2, 5, 2 * 4), "v": (2, 5, 2 * 3)}


@pytest.mark.parametrize(
    ("shapes", "attributes", "layers"),
    [
        (PLAIN, {}, PRODUCTS),
        (PLAIN, {"scale": 0.3}, PRODUCTS),
        (SHARED, {"is_causal": 1}, PRODUCTS),
        (FLAT, {"q_num_heads": 6, "kv_num_heads": 2, "is_causal": 1}, [*3 * HEADS, *PRODUCTS, *BACK]),
        ({**PLAIN, "mask": (3, 5)}, {}, PRODUCTS),
        ({**PLAIN, "mask": (2, 1, 3, 5)}, {}, PRODUCTS),
    ],
)
def test_the_standard(
    shapes: dict[str, tuple[int, ...]], attributes: dict[str, Any], layers: list[str], tmp_path: Path
) -> None:
    inputs = {name: random(*shape, seed=number) for number, (name, shape) in enumerate(shapes.items())}
    network = check_against_reference(standard(shapes, **attributes), tmp_path, inputs)
    assert kinds(network) == layers


def test_a_mask_of_truth_values(tmp_path: Path) -> None:
    seen = np.tril(np.ones((3, 5), bool), 1)
    inputs = {name: random(*shape, seed=number) for number, (name, shape) in enumerate(PLAIN.items())}
    network = check_against_reference(standard(PLAIN, weights={"mask": seen}), tmp_path, inputs)
    assert kinds(network) == PRODUCTS
    assert network.parameters.value.data == 0


def test_a_cache_is_appended_to(tmp_path: Path) -> None:
    """Seven keys are there, one comes: the results are the attention and the cache of eight."""
    shapes = {
        "q": (1, 6, 1, 4),
        "k": (1, 2, 1, 4),
        "v": (1, 2, 1, 3),
        "past_key": (1, 2, 7, 4),
        "past_value": (1, 2, 7, 3),
    }
    inputs = {name: random(*shape, seed=number) for number, (name, shape) in enumerate(shapes.items())}
    network = check_against_reference(standard(shapes, outputs=3), tmp_path, inputs)
    assert kinds(network) == ["cache_append", "cache_append", *PRODUCTS]


def test_what_has_no_composition_is_its_body(tmp_path: Path) -> None:
    """A causal mask that does not end at the last key, and a softcap."""
    inputs = {name: random(*shape, seed=number) for number, (name, shape) in enumerate(PLAIN.items())}
    network = check_against_reference(standard(PLAIN, softcap=2.0), tmp_path, inputs)
    assert "tanh" in kinds(network)
    # The body adds zeros where there is no mask; nobody trains them, though the file has no weights.
    assert network.parameters.value.data == 0
    assert len(imported(standard(PLAIN, is_causal=1), tmp_path).body.block.ops) > 8


def heads(x: Array, count: int) -> Array:
    n, tokens, features = x.shape
    return x.reshape(n, tokens, count, features // count).transpose(0, 2, 1, 3)


def attended(q: Array, k: Array, v: Array, mask: Array | float = 0.0, *, causal: bool = False) -> Array:
    """Of heads, by the rule; the last query sees all keys. As [n, t, heads * d]."""
    k, v = (np.repeat(x, q.shape[1] // x.shape[1], axis=1) for x in (k, v))
    scores = q @ k.swapaxes(2, 3) / np.sqrt(q.shape[3]) + mask
    if causal:
        t, s = scores.shape[2:]
        scores = np.where(np.tril(np.ones((t, s), bool), s - t), scores, -np.inf)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    made = shares / shares.sum(-1, keepdims=True) @ v
    return made.transpose(0, 2, 1, 3).reshape(q.shape[0], q.shape[2], -1)


def microsoft(
    operator: str,
    names: list[str],
    values: dict[str, Array],
    folder: Path,
    weights: dict[str, Array] | None = None,
    outputs: int = 1,
    **attributes: Any,
) -> tuple[list[str], list[Array]]:
    """Layers and results, on inputs `values` and constants `weights`."""
    body = node(
        operator, names, [f"y{number}" for number in range(outputs)], domain="com.microsoft", name="a", **attributes
    )
    shapes = {name: value.shape for name, value in values.items()}
    proto = model([body], shapes, weights or {}, domains={"com.microsoft": 1})
    network, found = computed(proto, folder, *values.values())
    return kinds(network), list(found)


@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention(tmp_path: Path, *, causal: bool) -> None:
    q, k, v, bias = random(2, 4, 6), random(2, 4, 6, seed=1), random(2, 4, 10, seed=2), random(22)
    layers, (found,) = microsoft(
        "MultiHeadAttention",
        ["q", "k", "v", "bias"],
        {"q": q, "k": k, "v": v},
        tmp_path,
        {"bias": bias},
        num_heads=2,
        unidirectional=int(causal),
    )
    q, k, v = q + bias[:6], k + bias[6:12], v + bias[12:]
    np.testing.assert_allclose(found, attended(heads(q, 2), heads(k, 2), heads(v, 2), causal=causal), atol=1e-5)
    assert layers == [*3 * ["add", *HEADS], *PRODUCTS, *BACK]


def test_packed_sides(tmp_path: Path) -> None:
    packed = random(2, 4, 3, 3, 5)
    q, k, v = (packed[:, :, :, part].transpose(0, 2, 1, 3) for part in range(3))
    _, (found,) = microsoft("MultiHeadAttention", ["p"], {"p": packed}, tmp_path, num_heads=3)
    np.testing.assert_allclose(found, attended(q, k, v), atol=1e-5)
    pair, alone = random(2, 4, 3, 2, 5), random(2, 6, 15)
    _, (found,) = microsoft("MultiHeadAttention", ["q", "p"], {"q": alone, "p": pair}, tmp_path, num_heads=3)
    k, v = (pair[:, :, :, part].transpose(0, 2, 1, 3) for part in range(2))
    np.testing.assert_allclose(found, attended(heads(alone, 3), k, v), atol=1e-5)


def test_multi_head_attention_with_a_cache_and_a_bias_of_scores(tmp_path: Path) -> None:
    q, k, v = random(1, 2, 6), random(1, 2, 6, seed=1), random(1, 2, 6, seed=2)
    key, value, bias = random(1, 3, 5, 2), random(1, 3, 5, 2, seed=4), random(1, 1, 2, 7)
    layers, found = microsoft(
        "MultiHeadAttention",
        ["q", "k", "v", "", "", "b", "pk", "pv"],
        {"q": q, "k": k, "v": v, "b": bias, "pk": key, "pv": value},
        tmp_path,
        outputs=3,
        num_heads=3,
    )
    keys, values = (np.concatenate((past, heads(new, 3)), 2) for past, new in ((key, k), (value, v)))
    for each, wanted in zip(found, (attended(heads(q, 3), keys, values, bias), keys, values), strict=True):
        np.testing.assert_allclose(each, wanted, atol=1e-5)
    assert layers.count("cache_append") == 2


def test_attention_of_microsoft_has_the_weight_of_three_layers(tmp_path: Path) -> None:
    x, weight, bias = random(2, 4, 5), random(5, 18), random(18)
    layers, (found,) = microsoft(
        "Attention", ["x", "w", "b"], {"x": x}, tmp_path, {"w": weight, "b": bias}, num_heads=2, unidirectional=1
    )
    q, k, v = np.split(x @ weight + bias, 3, axis=2)
    np.testing.assert_allclose(found, attended(heads(q, 2), heads(k, 2), heads(v, 2), causal=True), atol=1e-4)
    assert layers == ["linear", *3 * ["slice", *HEADS], *PRODUCTS, *BACK]


def turned(x: Array, cos: Array, sin: Array) -> Array:
    low, high = np.split(x, 2, axis=3)
    return np.concatenate((low * cos - high * sin, high * cos + low * sin), 3)


@pytest.mark.parametrize("packed", [False, True])
def test_group_query_attention(tmp_path: Path, *, packed: bool) -> None:
    """Four query heads, two of keys, three cached tokens and two new ones, of which positions are turned."""
    q, k, v = random(1, 2, 16), random(1, 2, 8, seed=1), random(1, 2, 8, seed=2)
    key, value = random(1, 2, 3, 4), random(1, 2, 3, 4, seed=4)
    angles = np.outer(np.arange(9), [1.0, 0.1]).astype(np.float32)
    cos, sin = np.cos(angles), np.sin(angles)
    lengths = {"lengths": np.array([4], np.int32), "total": np.array(5, np.int32), "cos": cos, "sin": sin}
    sides = {"q": np.concatenate((q, k, v), 2)} if packed else {"q": q, "k": k, "v": v}
    names = ["q", "", ""] if packed else ["q", "k", "v"]
    _, found = microsoft(
        "GroupQueryAttention",
        [*names, "pk", "pv", "lengths", "total", "cos", "sin"],
        {**sides, "pk": key, "pv": value},
        tmp_path,
        lengths,
        outputs=3,
        num_heads=4,
        kv_num_heads=2,
        do_rotary=1,
    )
    keys = np.concatenate((key, turned(heads(k, 2), cos[3:5], sin[3:5])), 2)
    values = np.concatenate((value, heads(v, 2)), 2)
    wanted = attended(turned(heads(q, 4), cos[3:5], sin[3:5]), keys, values, causal=True)
    for each, expected in zip(found, (wanted, keys, values), strict=True):
        np.testing.assert_allclose(each, expected, atol=1e-5)


Q = {"q": (2, 4, 6)}


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "says"),
    [
        ("MultiHeadAttention", ["q", "q", "q", "", "q"], {"num_heads": 2}, "a mask by data for each key"),
        ("MultiHeadAttention", ["q", "q", "q"], {"num_heads": 4}, "which is not 4 heads"),
        ("MultiHeadAttention", ["q", "q", "q"], {}, "shape [2, 4, 6], and no attribute says how many heads that is"),
        ("Attention", ["q", "q"], {"num_heads": 2}, "its weight is data"),
        ("GroupQueryAttention", ["q", "q", "q"], {"num_heads": 2, "kv_num_heads": 1, "softcap": 3.0}, "a softcap"),
        ("GroupQueryAttention", ["q"], {"num_heads": 3, "kv_num_heads": 1}, "6 features are not 3 + 2 * 1 heads"),
    ],
)
def test_what_is_refused(
    operator: str, inputs: list[str], attributes: dict[str, Any], says: str, tmp_path: Path
) -> None:
    body = node(operator, inputs, ["y"], domain="com.microsoft", name="a", **attributes)
    with pytest.raises(SimdcError) as error:
        imported(model([body], Q, domains={"com.microsoft": 1}), tmp_path)
    assert says in " ".join(str(error.value).split())


def test_an_attribute_that_the_standard_has_not_is_named(tmp_path: Path) -> None:
    network = imported(standard(PLAIN, window=3), tmp_path)
    assert notes_of(network) == (
        "the standard knows no attribute 'window' of Attention: it is not looked at, in 1 node",
    )
