"""Networks in JAX as people write them there: a dictionary of weights, images [n, h, w, c], a loss and its gradient.

Beside each the same network in simdc's own language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

jax = pytest.importorskip("jax")
jnp, nn, lax = jax.numpy, jax.nn, jax.lax
LAYOUT = ("NHWC", "HWIO", "NHWC")
Weights = dict[str, Any]


class Network(NamedTuple):
    """`forward` makes logits of weights and `data`, shapes by their names; `own` is the same in our language."""

    forward: Callable[[Weights, Any], Any]
    weights: dict[str, tuple[int, ...]]
    data: tuple[int, ...]
    classes: int
    own: str


def conv(x: Any, weights: Weights, name: str, stride: int = 1, groups: int = 1) -> Any:
    w = weights[name]
    pads = ((w.shape[0] // 2,) * 2,) * 2
    with jax.named_scope(name):
        return lax.conv_general_dilated(x, w, (stride,) * 2, pads, dimension_numbers=LAYOUT, feature_group_count=groups)


def dense(x: Any, weights: Weights, name: str) -> Any:
    with jax.named_scope(name):
        return x @ weights[name]


def batch_norm(x: Any, weights: Weights, name: str) -> Any:
    """With the statistics of the batch."""
    mean = x.mean((0, 1, 2))
    variance = ((x - mean) ** 2).mean((0, 1, 2))
    return (x - mean) * lax.rsqrt(variance + 1e-5) * weights[f"{name}.scale"] + weights[f"{name}.shift"]


class Shapes(dict[str, tuple[int, ...]]):
    """Of weights, by their names."""

    def convolution(self, name: str, inputs: int, outputs: int, window: int) -> None:
        self[name] = (window, window, inputs, outputs)
        self.norm(name, outputs)

    def norm(self, name: str, width: int) -> None:
        self[f"{name}.scale"] = self[f"{name}.shift"] = (width,)


def resnet18(width: int, classes: int, size: int, batch: int) -> Network:
    shapes = Shapes()
    shapes.convolution("stem", 3, width, 7)
    widths = [width << number // 2 for number in range(8)]
    for number, (inputs, outputs) in enumerate(zip([width, *widths], widths, strict=False)):
        shapes.convolution(f"{number}.first", inputs, outputs, 3)
        shapes.convolution(f"{number}.second", outputs, outputs, 3)
        if inputs != outputs:
            shapes.convolution(f"{number}.short", inputs, outputs, 1)
    shapes |= {"fc": (widths[-1], classes), "fc.bias": (classes,)}

    def forward(w: Weights, x: Any) -> Any:
        def normed(x: Any, name: str, stride: int = 1) -> Any:
            return batch_norm(conv(x, w, name, stride), w, name)

        x = nn.relu(normed(x, "stem", 2))
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), ((0, 0), (1, 1), (1, 1), (0, 0)))
        for number in range(8):
            stride = 2 if number in (2, 4, 6) else 1
            y = normed(nn.relu(normed(x, f"{number}.first", stride)), f"{number}.second")
            x = nn.relu(y + (normed(x, f"{number}.short", stride) if stride == 2 else x))
        return dense(x.mean((1, 2)), w, "fc") + w["fc.bias"]

    own = f"""network own(x: 3x{size}x{size}) {{
      x = conv(x, {width}, 7, stride=2, pad=3) -> bn -> relu -> maxpool(3, stride=2, pad=1)
      x = basic(x, {width}) -> basic({width}) -> basic({2 * width}, 2) -> basic({2 * width})
      x = basic(x, {4 * width}, 2) -> basic({4 * width}) -> basic({8 * width}, 2) -> basic({8 * width})
      return x -> global_avgpool -> flatten -> fc({classes})
    }}
    block basic(x, c, stride=1) {{
      y = conv(x, c, 3, stride=stride, pad=1) -> bn -> relu -> conv(c, 3, pad=1) -> bn
      shortcut = x
      if stride != 1 {{ shortcut = conv(x, c, 1, stride=stride) -> bn }}
      return add(y, shortcut) -> relu
    }}"""
    return Network(forward, shapes, (batch, size, size, 3), classes, own)


def mobile(width: int, classes: int, size: int, batch: int) -> Network:
    """Two inverted residuals, the first of which strides: their middle has a filter for each channel."""
    shapes = Shapes()
    shapes.convolution("stem", 3, width, 3)
    for name in ("down", "same"):
        shapes.convolution(f"{name}.wide", width, 4 * width, 1)
        shapes.convolution(f"{name}.each", 1, 4 * width, 3)
        shapes.convolution(f"{name}.narrow", 4 * width, width, 1)
    shapes |= {"fc": (width, classes), "fc.bias": (classes,)}

    def forward(w: Weights, x: Any) -> Any:
        def inverted(x: Any, name: str, stride: int) -> Any:
            y = jnp.clip(batch_norm(conv(x, w, f"{name}.wide"), w, f"{name}.wide"), 0, 6)
            y = conv(y, w, f"{name}.each", stride, 4 * width)
            y = jnp.clip(batch_norm(y, w, f"{name}.each"), 0, 6)
            return batch_norm(conv(y, w, f"{name}.narrow"), w, f"{name}.narrow")

        x = jnp.clip(batch_norm(conv(x, w, "stem", 2), w, "stem"), 0, 6)
        x = inverted(x, "down", 2)
        x = x + inverted(x, "same", 1)
        return dense(x.mean((1, 2)), w, "fc") + w["fc.bias"]

    own = f"""network own(x: 3x{size}x{size}) {{
      x = conv(x, {width}, 3, stride=2, pad=1) -> bn -> relu6
      x = inverted(x, 2)
      x = add(x, inverted(x, 1))
      return x -> global_avgpool -> flatten -> fc({classes})
    }}
    block inverted(x, stride) {{
      y = conv(x, {4 * width}, 1) -> bn -> relu6
      y = conv(y, {4 * width}, 3, stride=stride, pad=1, groups={4 * width}) -> bn -> relu6
      return conv(y, {width}, 1) -> bn
    }}"""
    return Network(forward, shapes, (batch, size, size, 3), classes, own)


def layer_norm(x: Any, weights: Weights, name: str) -> Any:
    x = x - x.mean(-1, keepdims=True)
    return x * lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weights[f"{name}.scale"] + weights[f"{name}.shift"]


def transformer(words: int, width: int, heads: int, hidden: int, layers: int, length: int, batch: int) -> Network:
    """Words and positions, then layers with norms in front, a mask of what comes later, and a head of its own."""
    shapes = Shapes({"words": (words, width), "places": (length, width), "head": (width, words)})
    shapes.norm("last", width)
    for number in range(layers):
        shapes |= {f"{number}.{name}": (width, width) for name in "qkvo"}
        shapes |= {f"{number}.up": (width, hidden), f"{number}.down": (hidden, width)}
        shapes.norm(f"{number}.first", width)
        shapes.norm(f"{number}.second", width)

    def forward(w: Weights, ids: Any) -> Any:
        x = w["words"][ids] + w["places"]
        for number in range(layers):
            y = layer_norm(x, w, f"{number}.first")
            q, k, v = (dense(y, w, f"{number}.{name}").reshape(*y.shape[:2], heads, -1) for name in "qkv")
            with jax.named_scope(f"{number}.scores"):
                scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * (width / heads) ** -0.5
            scores = jnp.where(jnp.tril(jnp.ones((length, length), bool)), scores, -1e9)
            with jax.named_scope(f"{number}.context"):
                mixed = jnp.einsum("bhqk,bkhd->bqhd", nn.softmax(scores), v).reshape(y.shape)
            x = x + dense(mixed, w, f"{number}.o")
            y = layer_norm(x, w, f"{number}.second")
            x = x + dense(nn.gelu(dense(y, w, f"{number}.up")), w, f"{number}.down")
        return dense(layer_norm(x, w, "last"), w, "head")

    own = f"""network own(tokens: {length}) {{
      x = embed(tokens, {words}, {width}) -> learned_positions(rows={length})
      repeat {layers} {{ x = layer(x) }}
      return layer_norm(x) -> fc({words}, bias=false)
    }}
    block layer(x) {{
      y = layer_norm(x)
      q = fc(y, {width}, bias=false) -> heads({heads})
      k = fc(y, {width}, bias=false) -> heads({heads})
      v = fc(y, {width}, bias=false) -> heads({heads})
      y = attention(q, k, v, causal=true) -> merge_heads -> fc({width}, bias=false)
      x = add(x, y)
      y = layer_norm(x) -> fc({hidden}, bias=false) -> gelu("tanh") -> fc({width}, bias=false)
      return add(x, y)
    }}"""
    return Network(forward, shapes, (batch, length), words, own)


def step(network: Network) -> Callable[[Weights, Weights, Any, Any], Any]:
    """One of gradient descent with momentum: the loss, the new weights and velocities."""

    def loss(weights: Weights, data: Any, targets: Any) -> Any:
        wanted = nn.one_hot(targets, network.classes)
        return -jnp.mean(jnp.sum(nn.log_softmax(network.forward(weights, data)) * wanted, -1))

    def run(weights: Weights, velocities: Weights, data: Any, targets: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, data, targets)
        velocities = jax.tree.map(lambda velocity, gradient: 0.9 * velocity + gradient, velocities, gradients)
        return value, jax.tree.map(lambda w, velocity: w - 0.1 * velocity, weights, velocities), velocities

    return run


STEPS: dict[str, Network] = {
    "resnet18": resnet18(width=4, classes=10, size=32, batch=2),
    "mobile": mobile(width=4, classes=5, size=12, batch=3),
    "transformer": transformer(words=11, width=12, heads=3, hidden=20, layers=2, length=5, batch=2),
}
