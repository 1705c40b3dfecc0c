"""Operators on quantized tensors: what they compute in fractions, by their definition, and the widths that they set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from simdc.backends.execute import execute
from simdc.errors import SimdcError
from simdc.frontends.onnx import parse_onnx
from simdc.frontends.onnx.parameters import load_parameters
from simdc.ir.base import LayerOp
from simdc.ir.network import NetworkOp, network_of
from simdc.ir.notes import notes_of
from simdc.ir.ops.linear import LinearOp
from simdc.ir.stored_width import given_widths
from tests.frontends.onnx.models import kinds, model, node, random, saved
from tests.oracles import onnx_windows as windows

Array = np.ndarray
X_SCALE, Y_SCALE = np.float32(0.5), np.float32(0.25)
ZERO = np.array(0, np.uint8)


def whole(*shape: int, seed: int = 0, kind: Any = np.int8) -> Array:
    return np.random.default_rng([seed, *shape]).integers(-7, 8, shape).astype(kind)


def computed(proto: ModelProto, folder: Path, *inputs: Array) -> tuple[NetworkOp, list[Array]]:
    path = saved(proto, folder)
    module = parse_onnx(path, None)
    module.verify()
    return network_of(module), list(execute(module, inputs, load_parameters(path)).returned)


def around(
    inner: Any, shape: Sequence[int], weights: dict[str, Array], *, opset: int = 21, **options: Any
) -> ModelProto:
    """x - Q - the node - DQ - y. The node reads xq with scale xs and zero point z, and gives cq with cs and z."""
    given = {"xs": X_SCALE, "cs": Y_SCALE, "z": ZERO, **weights}
    nodes = [
        node("QuantizeLinear", ["x", "xs", "z"], ["xq"]),
        inner,
        node("DequantizeLinear", ["cq", "cs", "z"], ["y"]),
    ]
    return model(
        nodes, {"x": shape}, {name: np.asarray(value) for name, value in given.items()}, opset=opset, **options
    )


def widths(network: NetworkOp) -> dict[str, int]:
    return {str(value.name_hint): bits for value, bits in given_widths(network).items()}


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_convolution(*, per_channel: bool, bias: bool, tmp_path: Path) -> None:
    w, b = whole(6, 2, 3, 3), whole(6, kind=np.int32)
    ws = np.linspace(0.1, 0.6, 6, dtype=np.float32) if per_channel else np.float32(0.3)
    wz = np.full(6, 1, np.int8) if per_channel else np.int8(1)
    inputs = ["xq", "xs", "z", "w", "ws", "wz", "cs", "z", *(["b"] if bias else [])]
    inner = node("QLinearConv", inputs, ["cq"], pads=[1, 0, 1, 0], group=2, name="conv")
    weights = {"w": w, "ws": ws, "wz": wz, **({"b": b} if bias else {})}
    x = random(1, 4, 5, 5)
    network, (found,) = computed(around(inner, x.shape, weights), tmp_path, x)
    scale = np.broadcast_to(ws, 6)
    real = (w.astype(np.float64) - 1) * scale.reshape(-1, 1, 1, 1)
    offset = b * X_SCALE * scale if bias else None
    np.testing.assert_allclose(found, windows.conv(x, real, offset, {"pads": [1, 0, 1, 0], "group": 2}), atol=1e-5)
    assert kinds(network) == ["conv2d"]
    assert network.parameters.value.data == w.size + b.size * bias
    # The input and the result have the eight bits of their types, a bias the 32 of its own.
    assert sorted(widths(network).values()) == [8, 8, 8, *([32] if bias else [])]


def test_product(tmp_path: Path) -> None:
    w = whole(4, 3)
    inner = node("QLinearMatMul", ["xq", "xs", "z", "w", "ws", "wz", "cs", "z"], ["cq"])
    weights = {"w": w, "ws": np.array([0.1, 0.2, 0.3], np.float32), "wz": np.array([1, 0, 2], np.int8)}
    x = random(2, 4)
    network, (found,) = computed(around(inner, x.shape, weights), tmp_path, x)
    np.testing.assert_allclose(found, x @ ((w - [1, 0, 2]) * [0.1, 0.2, 0.3]), atol=1e-5)
    assert kinds(network) == ["linear"]


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("turned", [0, 1])
def test_fully_connected(turned: int, *, rounded: bool, tmp_path: Path) -> None:
    w, b = whole(3, 4) if turned else whole(4, 3), whole(3, kind=np.int32)
    ws = np.array([0.1, 0.2, 0.3], np.float32)
    inputs = ["xq", "xs", "z", "w", "ws", "wz", "b", *(["cs", "z"] if rounded else [])]
    inner = node("QGemm", inputs, ["cq" if rounded else "y"], domain="com.microsoft", transB=turned, alpha=2.0)
    weights = {"w": w, "ws": ws, "wz": np.zeros(3, np.int8), "b": b}
    x = random(2, 4)
    if rounded:
        proto = around(inner, x.shape, weights, domains={"com.microsoft": 1})
    else:
        given = {"xs": np.asarray(X_SCALE), "z": ZERO, **weights}
        nodes = [node("QuantizeLinear", ["x", "xs", "z"], ["xq"]), inner]
        proto = model(nodes, {"x": x.shape}, given, opset=21, domains={"com.microsoft": 1})
    _, (found,) = computed(proto, tmp_path, x)
    real = (w.T if turned else w) * ws
    np.testing.assert_allclose(found, 2 * (x @ real) + b * 2 * X_SCALE * ws, atol=1e-5)


@pytest.mark.parametrize(("operator", "function"), [("QLinearAdd", np.add), ("QLinearMul", np.multiply)])
def test_two_tensors(operator: str, function: Any, tmp_path: Path) -> None:
    inner = node(operator, ["xq", "xs", "z", "aq", "as", "z", "cs", "z"], ["cq"], domain="com.microsoft")
    given = {"xs": X_SCALE, "as": Y_SCALE, "cs": Y_SCALE, "z": ZERO}
    nodes = [
        node("QuantizeLinear", ["x", "xs", "z"], ["xq"]),
        node("QuantizeLinear", ["a", "as", "z"], ["aq"]),
        inner,
        node("DequantizeLinear", ["cq", "cs", "z"], ["y"]),
    ]
    weights = {name: np.asarray(value) for name, value in given.items()}
    proto = model(nodes, {"x": (2, 3), "a": (2, 3)}, weights, opset=21, domains={"com.microsoft": 1})
    x, a = random(2, 3), random(2, 3, seed=1)
    network, (found,) = computed(proto, tmp_path, x, a)
    np.testing.assert_allclose(found, function(x, a), atol=1e-6)
    assert sorted(widths(network).values()) == [8, 8, 8]


def test_functions(tmp_path: Path) -> None:
    x = random(2, 3)
    for operator, options, wanted in (
        ("QLinearSigmoid", {}, 1 / (1 + np.exp(-x))),
        ("QLinearLeakyRelu", {"alpha": 0.25}, np.where(x > 0, x, 0.25 * x)),
    ):
        inner = node(operator, ["xq", "xs", "z", "cs", "z"], ["cq"], domain="com.microsoft", **options)
        _, (found,) = computed(around(inner, x.shape, {}, domains={"com.microsoft": 1}), tmp_path, x)
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def dynamic(operator: str, x: Array, w: Array, wz: Array, **attributes: Any) -> ModelProto:
    """As ONNX Runtime writes it: the product of whole numbers, times both scales."""
    nodes = [
        node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"], name="round"),
        node(operator, ["xq", "w", "xz", "wz"], ["p"], name="product", **attributes),
        node("Cast", ["p"], ["f"], to=TensorProto.FLOAT),
        node("Mul", ["xs", "ws"], ["scale"]),
        node("Mul", ["f", "scale"], ["y"]),
    ]
    return model(nodes, {"x": x.shape}, {"w": w, "wz": wz, "ws": np.array(0.2, np.float32)}, opset=21)


def test_products_of_whole_numbers(tmp_path: Path) -> None:
    x, w = random(2, 5), whole(5, 3)
    network, (found,) = computed(dynamic("MatMulInteger", x, w, np.array(2, np.int8)), tmp_path, x)
    np.testing.assert_allclose(found, x @ ((w - 2.0) * 0.2), atol=1e-5)
    # Two passes find the range and one rounds: its result has eight bits.
    made = [op.name.removeprefix("simdc.") for op in network.layers() if op.UNIT is not None]
    assert made[:4] == ["reduce_max", "reduce_min", "scalar", "linear"]
    assert widths(network)["round"] == 8
    image, kernel = random(1, 2, 4, 4), whole(3, 2, 2, 2)
    _, (found,) = computed(dynamic("ConvInteger", image, kernel, np.array(0, np.int8)), tmp_path, image)
    np.testing.assert_allclose(found, windows.conv(image, kernel * 0.2, None, {}), atol=1e-5)


# Weights of few bits in blocks.


def packed(numbers: Array, bits: int) -> Array:
    """[n, blocks, block] as bytes: of two numbers of four bits the first is the low half."""
    if bits == 8:
        return numbers.astype(np.uint8)
    each = 8 // bits
    parts = numbers.reshape(*numbers.shape[:-1], -1, each)
    return sum(parts[..., place] << (bits * place) for place in range(each)).astype(np.uint8)


@pytest.mark.parametrize("zeros", ["none", "packed", "fractions"])
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("rank", [2, 3])
def test_weights_in_blocks(rank: int, bits: int, zeros: str, tmp_path: Path) -> None:
    """3 features from 40 by blocks of 16: three blocks a row, the last half empty."""
    n, k, block, count = 3, 40, 16, 3
    generator = np.random.default_rng(bits)
    numbers, zero = generator.integers(0, 1 << bits, (n, count, block)), generator.integers(0, 1 << bits, (n, count))
    scales = generator.uniform(0.1, 0.9, (n, count)).astype(np.float32)
    weights = {"b": packed(numbers, bits), "s": scales.reshape(-1)}
    offset = np.full((n, count), 1 << (bits - 1))
    inputs = ["x", "b", "s"]
    if zeros == "packed":
        # A row of three takes two bytes of four bits each.
        padded = np.pad(zero, ((0, 0), (0, 1))) if bits == 4 else zero
        weights["z"], offset = packed(padded, bits).reshape(-1), zero
        inputs.append("z")
    elif zeros == "fractions":
        weights["z"], offset = zero.astype(np.float32).reshape(-1), zero
        inputs.append("z")
    inner = node("MatMulNBits", inputs, ["y"], domain="com.microsoft", K=k, N=n, bits=bits, block_size=block, name="m")
    x = random(*(2, 5)[: rank - 1], k)
    proto = model([inner], {"x": x.shape}, weights, opset=21, domains={"com.microsoft": 1})
    network, (found,) = computed(proto, tmp_path, x)
    real = ((numbers - offset[..., None]) * scales[..., None]).reshape(n, -1)[:, :k]
    np.testing.assert_allclose(found, x @ real.T, atol=1e-4)
    assert network.parameters.value.data == n * k
    (linear,) = (op for op in network.layers() if isinstance(op, LinearOp))
    assert given_widths(network)[linear.weight] == bits
    # 9 scales of 32 bits; zero points in 6 or 9 bytes, or as 9 fractions of 32 bits.
    also = {"none": 0, "packed": 8 * (6 if bits == 4 else 9), "fractions": 9 * 32}[zeros]
    left_out, weight_bits = 9 * 32 + also, n * k * bits
    (note,) = (each for each in notes_of(network) if "MatMulNBits" in each)
    assert note.startswith(f"the scales{' and zero points' * (also > 0)} of MatMulNBits 'm' are not counted, neither")
    assert note.endswith(
        f"{left_out:,} bits beside {weight_bits:,} of its weights, {100 * left_out / weight_bits:.1f} %"
    )


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"K": 32}, "K is 32, N 3, bits 4 and block_size 16, and its input has shape [2, 40]"),
        ({"bits": 3}, "bits 3"),
        ({"block_size": 8}, "and not 60 bytes and 15 scales"),
    ],
)
def test_blocks_that_are_refused(attributes: dict[str, int], says: str, tmp_path: Path) -> None:
    weights = {"b": np.zeros((3, 3, 8), np.uint8), "s": np.ones(9, np.float32)}
    whole_node = {"K": 40, "N": 3, "bits": 4, "block_size": 16, **attributes}
    inner = node("MatMulNBits", ["x", "b", "s"], ["y"], domain="com.microsoft", **whole_node)
    with pytest.raises(SimdcError) as error:
        computed(model([inner], {"x": (2, 40)}, weights, domains={"com.microsoft": 1}), tmp_path, random(2, 40))
    assert says in " ".join(str(error.value).split())


def test_a_body_says_what_of_it_is_missing(tmp_path: Path) -> None:
    """A scale that depends on data."""
    inner = node("QLinearMatMul", ["xq", "t", "z", "w", "xs", "z", "cs", "z"], ["cq"])
    nodes = [
        node("QuantizeLinear", ["x", "xs", "z"], ["xq"]),
        inner,
        node("DequantizeLinear", ["cq", "cs", "z"], ["y"]),
    ]
    weights = {"xs": np.asarray(X_SCALE), "cs": np.asarray(Y_SCALE), "z": ZERO, "w": whole(4, 3)}
    proto = model(nodes, {"x": (2, 4), "t": (1,)}, weights, opset=21)
    with pytest.raises(SimdcError, match="DequantizeLinear, its scale depends on data"):
        computed(proto, tmp_path, random(2, 4), random(1))


def test_four_bits_of_the_file_stay_four(tmp_path: Path) -> None:
    """int4 weights of QLinearConv's kind come through DequantizeLinear; here with blocks of two along a row."""
    stored = helper.make_tensor("w", TensorProto.INT4, [4, 2], [-8, 7, 1, 2, 3, -1, 0, 5])
    proto = around(node("QLinearMatMul", ["xq", "xs", "z", "w", "xs", "wz", "cs", "z"], ["cq"]), (2, 4), {})
    proto.graph.initializer.extend([stored, helper.make_tensor("wz", TensorProto.INT4, [], [0])])
    x = random(2, 4)
    network, (found,) = computed(proto, tmp_path, x)
    np.testing.assert_allclose(found, x @ (np.array([[-8, 7], [1, 2], [3, -1], [0, 5]]) * 0.5), atol=1e-5)
    (linear,) = (op for op in network.layers() if isinstance(op, LayerOp) and op.UNIT is not None)
    assert given_widths(network)[linear.operands[1]] == 4
