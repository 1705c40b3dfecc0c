"""Rotary positions as frameworks write them: one layer that computes what PyTorch or JAX computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.execute import execute
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import shape_of
from simdc.ir.network import ParameterOp, network_of
from simdc.ir.ops.rope import RopeOp

IMAGES, TOKENS, HEADS = 2, 5, 3


def tables(pairs: int) -> list[np.ndarray]:
    """Cosines and sines [t, pairs]."""
    angles = np.outer(np.arange(TOKENS, dtype=np.float32), 100.0 ** (-np.arange(pairs, dtype=np.float32) / pairs))
    return [np.cos(angles), np.sin(angles)]


def check(module: ModuleOp, x: np.ndarray, wanted: np.ndarray, pairs: int) -> RopeOp:
    """The only rotation of a module that makes `wanted` of x; its cosines come before its sines."""
    (rope,) = [op for op in network_of(module).layers() if isinstance(op, RopeOp)]
    labels = [value.owner.label.data for value in (rope.cos, rope.sin) if isinstance(value.owner, ParameterOp)]
    shapes = [shape_of(value) for value in (rope.cos, rope.sin)]
    given = {name: each.reshape(s) for name, each, s in zip(labels, tables(pairs), shapes, strict=True)}
    (found,) = execute(module, [x], given).returned
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=0, atol=2e-6)
    return rope


def framework() -> Any:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_mlir.fx")
    return torch


def angles(torch: Any, pairs: int) -> Any:
    steps = torch.arange(pairs, dtype=torch.float32) / pairs
    return torch.outer(torch.arange(TOKENS, dtype=torch.float32), 100.0**-steps)


def neighbours(torch: Any, x: Any, pairs: int) -> Any:
    """As GPT-J: every other feature, with each angle twice."""
    cos, sin = (
        each.repeat_interleave(2, -1)[:, None] for each in (angles(torch, pairs).cos(), angles(torch, pairs).sin())
    )
    swapped = torch.stack((-x[..., 1::2], x[..., ::2]), -1).flatten(-2)
    return x * cos + swapped * sin


def neighbours_by_pairs(torch: Any, x: Any, pairs: int) -> Any:
    """As complex numbers: each element of a pair has a sum of its own."""
    cos, sin = angles(torch, pairs).cos()[:, None], angles(torch, pairs).sin()[:, None]
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)


def halves(torch: Any, x: Any, pairs: int) -> Any:
    """As Llama, Phi and GPT-NeoX have it."""
    both = torch.cat((angles(torch, pairs), angles(torch, pairs)), -1)[:, None]
    low, high = x.chunk(2, -1)
    return x * both.cos() + torch.cat((-high, low), -1) * both.sin()


WAYS: dict[str, Callable[[Any, Any, int], Any]] = {
    "neighbours": neighbours,
    "neighbours by pairs": neighbours_by_pairs,
    "halves": halves,
}


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("rest", [0, 6])
@pytest.mark.parametrize("way", WAYS)
def test_torch(way: str, rest: int, cut: bool) -> None:
    """All features or the first ones, of a tensor by itself or of queries, keys and values in one."""
    torch = framework()
    from tests.frontends.mlir.lowered import DIALECTS, exported, of_torch

    torch.manual_seed(0)
    pairs = 3 + rest // 3
    features = 2 * pairs + rest

    class Rotated(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            x = x[..., features : 2 * features] if cut else x
            y = WAYS[way](torch, x[..., : 2 * pairs], pairs)
            return torch.cat((y, x[..., 2 * pairs :]), -1) if rest else y

    network: Any = Rotated()
    x = torch.randn(IMAGES, TOKENS, HEADS, features * (3 if cut else 1))
    wanted = network(x).numpy()
    program = exported(network, (x,))
    # In TOSA every other feature is a gather by numbers that the printer leaves out.
    for dialect in DIALECTS if way == "halves" else DIALECTS[:2]:
        module = parse_foreign_module(of_torch(program, dialect), "m.mlir", None)
        rope = check(module, x.numpy(), wanted, pairs)
        kinds = [op.name.removeprefix("simdc.") for op in network_of(module).layers() if op.UNIT is not None]
        assert kinds == (["program", "rope"] if cut else ["rope"]), dialect
        assert (rope.interleaved is not None, rope.tokens_first is not None) == (way != "halves", True)
        assert rope.rotary.value.data == 2 * pairs


@pytest.mark.parametrize("rest", [0, 4])
def test_jax(rest: int) -> None:
    """Pairs as a dimension of their own, heads before tokens."""
    from tests.frontends.mlir.lowered import of_jax

    jax = pytest.importorskip("jax")
    jnp, pairs = jax.numpy, 4

    def rotated(x: Any) -> Any:
        cos, sin = map(jnp.asarray, tables(pairs))
        even, odd = jnp.moveaxis(x[..., : 2 * pairs].reshape(*x.shape[:-1], pairs, 2), -1, 0)
        turned = jnp.stack((even * cos - odd * sin, odd * cos + even * sin), -1).reshape(*x.shape[:-1], 2 * pairs)
        return jnp.concatenate((turned, x[..., 2 * pairs :]), -1) if rest else turned

    x = np.random.default_rng(0).normal(size=(IMAGES, HEADS, TOKENS, 2 * pairs + rest)).astype(np.float32)
    module = parse_foreign_module(of_jax(rotated, x), "m.mlir", None)
    rope = check(module, x, np.asarray(rotated(x)), pairs)
    assert (rope.interleaved is not None, rope.tokens_first is not None) == (True, False)
