"""Mixtures of experts: how tokens are given out, what is computed and counted, gradients, refusals."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from simdc.api import Network, evaluate
from simdc.backends.execute import execute, initial_parameters
from simdc.cost.kernel import Contraction
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.network import network_of
from simdc.ir.notes import notes_of
from simdc.ir.ops.moe import Mixture
from tests.backends.execute.training import check_gradients

PRODUCTS = (".gate", ".up", ".down")
TEXT = 'network n(x: 6x3) { return moe(x, experts=4, active=2, hidden=5, tokens_per_expert=COUNTS, name="m") }'


def test_tokens_are_given_out_by_hand() -> None:
    """128 tokens, two of eight experts each: 256 in all."""
    mixture = Mixture(128, 8, 2)
    assert mixture.counts("balanced") == (32,) * 8
    assert mixture.counts("best") == (128, 128, 0, 0, 0, 0, 0, 0)
    assert mixture.counts("worst") == (125, 125, 1, 1, 1, 1, 1, 1)
    # One token reaches two experts.
    assert Mixture(1, 8, 2).counts("balanced") == Mixture(1, 8, 2).counts("worst") == (1, 1, 0, 0, 0, 0, 0, 0)


def test_every_routing_is_one() -> None:
    random = Random(1)
    for _ in range(300):
        experts = random.randint(1, 12)
        mixture = Mixture(random.randint(1, 40), experts, random.randint(1, experts))
        for routing in ("balanced", "best", "worst"):
            counts = mixture.counts(routing)
            assert len(counts) == experts
            mixture.check(counts)


@pytest.mark.parametrize("counts", [(3, 3, 3, 3), (6, 6), (0, 5, 1, 6)])
def test_what_it_computes(counts: tuple[int, ...]) -> None:
    """The rule, token by token: turns 0, 1, ... are tokens 0 to 5 with their first choice, then with their second;
    experts have as many turns as they have tokens."""
    module = parse_dsl(TEXT.replace("COUNTS", str(list(counts))), "n.dsl", 1)
    values, x = initial_parameters(module, 3), np.random.default_rng(2).normal(size=(6, 3))
    (found,) = execute(module, {"x": x[None]}, values).returned
    scores = np.sort(x @ values["m.router.weight"].T, axis=1)[:, ::-1][:, :2]
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    expected, turn = np.zeros((6, 3)), 0
    for expert, count in enumerate(counts):
        gate, up, down = (values[f"m.expert{expert}.{part}.weight"] for part in ("gate", "up", "down"))
        for _ in range(count):
            choice, token = divmod(turn, 6)
            inner = x[token] @ gate.T
            inner = inner / (1 + np.exp(-inner)) * (x[token] @ up.T)
            expected[token] += shares[token, choice] * (inner @ down.T)
            turn += 1
    assert turn == 12
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)


def test_gradients_are_differences() -> None:
    text = "network n(x: 4x3) { return moe(x, experts=3, active=2, hidden=4) -> flatten -> fc(3) }"
    check_gradients(parse_dsl(text, "n.dsl", 2), 4, entries=3)


@pytest.mark.parametrize("routing", ["balanced", "best", "worst"])
def test_products_and_parameters_do_not_depend_on_the_routing(routing: str) -> None:
    """Of 16 tokens of 8 features each has two of four experts, 24 * 8 * 3 products each; the router has 16 * 8 * 4."""
    text = f'network n(x: 16x8) {{ return moe(x, experts=4, active=2, hidden=24, routing="{routing}") }}'
    network = Network(parse_dsl(text, "n.dsl", 1))
    assert network_of(network.module).parameters.value.data == 4 * 3 * 24 * 8 + 4 * 8
    kernels = [op.kernel() for op in network_of(network.module).layers()]
    made = sum(one.useful_macs for one in kernels if isinstance(one, Contraction))
    assert made == 16 * 2 * 3 * 24 * 8 + 16 * 8 * 4
    (note,) = notes_of(network_of(network.module))
    # 576 weights an expert.
    assert "best 1,152, balanced 2,304, worst 2,304" in note


def test_the_best_routing_is_the_cheapest_and_the_worst_the_dearest() -> None:
    """What an expert costs is about max(a * tokens, b), b to read its weights: convex, so uneven shares cost more."""
    cycles: dict[str, int] = {}
    machine = load_hardware("HI3")
    for routing in ("best", "balanced", "worst"):
        text = f'network n(x: 128x64) {{ return moe(x, experts=8, active=2, hidden=256, routing="{routing}") }}'
        layers = evaluate(Network(parse_dsl(text, "n.dsl", 1)), machine)
        cycles[routing] = sum(sum(layer.cost.cycles) for layer in layers if layer.name.endswith(PRODUCTS))
    assert cycles["best"] < cycles["balanced"] < cycles["worst"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace("COUNTS", "[3, 3, 3, 2]"), "with the sum 12, got 4 up to 3 with the sum 11"),
        (TEXT.replace("COUNTS", "[7, 5]"), "at most 4 numbers up to 6"),
        (TEXT.replace("COUNTS", "[3, 3, 2, 2, 2]"), "at most 4 numbers"),
        (TEXT.replace("COUNTS", "[-1, 7]"), "none negative"),
        (
            TEXT.replace("active=2", "active=5").replace("COUNTS", "[6, 6]"),
            "active must be at most 4, the number of",
        ),
        (
            "network n(x: 4) { return moe(x, experts=1000, active=1, hidden=2) }",
            "experts must be at most 512",
        ),
    ],
)
def test_refusals(text: str, said: str) -> None:
    with pytest.raises(SimdcError, match=said):
        parse_dsl(text, "n.dsl", 1)
