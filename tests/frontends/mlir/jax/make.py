"""Training steps as JAX writes them, with arguments by a formula, and all numbers of each result. Needs jax.

python tests/frontends/mlir/jax/make.py
"""

from __future__ import annotations

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, nn

FOLDER = Path(__file__).parent
LAYOUT = ("NHWC", "HWIO", "NHWC")


def draw(number, shape):
    """As tests/frontends/mlir/test_training_steps.py draws them."""
    return (np.sin(np.arange(np.prod(shape)) * 1.7 + number) * 0.5).reshape(shape).astype(np.float32)


def convolutions(weights, x, t):
    """A convolution, one that strides, one in groups, a pool whose windows overlap, and a product."""
    w1, w2, w3, w4 = weights
    y = nn.relu(lax.conv_general_dilated(x, w1, (1, 1), "SAME", dimension_numbers=LAYOUT))
    y = nn.relu(lax.conv_general_dilated(y, w2, (2, 2), "SAME", dimension_numbers=LAYOUT))
    y = lax.conv_general_dilated(y, w3, (1, 1), "SAME", dimension_numbers=LAYOUT, feature_group_count=4)
    y = lax.reduce_window(y, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), ((0, 0), (1, 1), (1, 1), (0, 0)))
    return loss(y.reshape(y.shape[0], -1) @ w4, t)


def language_model(weights, ids, t):
    """Words of a table, a norm, attention of two heads with a mask, GELU, and the table again."""
    table, q, k, v, out, norm = weights
    x = table[ids]
    y = x * lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * norm
    batch, length, width = y.shape

    def heads(w):
        return (y @ w).reshape(batch, length, 2, width // 2).transpose(0, 2, 1, 3)

    scores = jnp.einsum("bhqd,bhkd->bhqk", heads(q), heads(k)) / jnp.sqrt(width / 2)
    scores = jnp.where(jnp.tril(jnp.ones((length, length), bool)), scores, -1e9)
    mixed = jnp.einsum("bhqk,bhkd->bhqd", nn.softmax(scores, -1), heads(v)).transpose(0, 2, 1, 3)
    x = x + nn.gelu(mixed.reshape(batch, length, width) @ out)
    return loss(x @ table.T, t)


def loss(y, t):
    return -jnp.mean(jnp.sum(nn.log_softmax(y) * t, -1))


def step(network):
    """One of gradient descent."""

    def run(weights, x, t):
        value, gradients = jax.value_and_grad(network)(weights, x, t)
        return value, jax.tree.map(lambda a, b: a - 0.1 * b, weights, gradients)

    return run


def shaped(*shapes):
    return tuple(draw(number, shape) for number, shape in enumerate(shapes))


IDS = np.array([[1, 4, 4, 7], [0, 10, 3, 2]], np.int32)
CASES = {
    "convolutions": (
        convolutions,
        (shaped((3, 3, 3, 4), (3, 3, 4, 8), (3, 3, 2, 8), (32, 5)), draw(4, (2, 8, 8, 3)), np.abs(draw(5, (2, 5)))),
    ),
    "language_model": (
        language_model,
        (shaped((11, 8), (8, 8), (8, 8), (8, 8), (8, 8), (8,)), IDS, np.abs(draw(6, (2, 4, 11)))),
    ),
}

if __name__ == "__main__":
    for name, (network, arguments) in CASES.items():
        lowered = jax.jit(step(network)).lower(*arguments)
        text = lowered.compiler_ir().operation.get_asm(print_generic_op_form=True)
        (FOLDER / f"{name}.stablehlo").write_text(text, encoding="utf-8")
        results = [np.asarray(each).reshape(-1) for each in jax.tree.leaves(jax.jit(step(network))(*arguments))]
        shown = ",\n".join(json.dumps([float(f"{number:.8g}") for number in each]) for each in results)
        (FOLDER / f"{name}.json").write_text(f"[{shown}]\n", encoding="utf-8")
