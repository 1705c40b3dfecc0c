"""Networks run one token at a time: what they compute, count and cost, and who cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simdc
from simdc.backends.execute import execute, initial_parameters
from simdc.cost.kernel import Contraction
from simdc.errors import SimdcError
from simdc.frontends import load_network
from simdc.frontends.dsl import parse_dsl
from simdc.ir.network import network_of
from simdc.ir.token_run import AS_WRITTEN, TokenRun, decode_step
from tests.ir.networks import short_example, written

DECODER = """
network decoder(tokens: 6) {
  x = embed(tokens, 11, 8, name="words") -> learned_positions(rows=9)
  repeat 2 as i { x = layer(x, 4, KV, name="layer{i}") }
  return layer_norm(x) -> fc(11, bias=false, weight="words", name="head")
}
block layer(x, count, kv) {
  y = layer_norm(x)
  q = fc(y, 8, name="q") -> heads(count) -> TURN
  k = fc(y, 2 * kv, name="k") -> heads(kv) -> TURN -> cache(name="keys")
  v = fc(y, 2 * kv, name="v") -> heads(kv) -> cache(name="values")
  x = add(x, attention(q, k, v, causal=true) -> merge_heads -> fc(8, name="o"))
  return add(x, layer_norm(x) -> fc(16, name="up") -> relu -> fc(8, name="down"))
}
"""


def decoder(run: TokenRun = AS_WRITTEN, kv: int = 2, turn: str = "rope") -> str:
    return DECODER.replace("KV", str(kv)).replace("TURN", turn)


@pytest.mark.parametrize("kv", [1, 2, 4])
def test_the_last_token_is_what_a_decode_step_computes(kv: int) -> None:
    """Of six tokens the last, behind a cache of what the others left there."""
    text = decoder(kv=kv)
    whole, step = parse_dsl(text, "d.dsl", 2), parse_dsl(text, "d.dsl", 2, decode_step(6))
    tokens, parameters = np.random.default_rng(1).integers(0, 11, (2, 6)), initial_parameters(whole)
    parameters["learned_positions1.positions"] = np.random.default_rng(2).normal(size=(6, 8))
    run = execute(whole, {"tokens": tokens.astype(float)}, parameters)
    last = {
        name: value[-1:] if name.endswith((".cos", ".sin", ".positions")) else value
        for name, value in parameters.items()
    }
    inputs = {"tokens": tokens[:, -1:].astype(float)}
    for op in network_of(whole).layers():
        if op.name == "simdc.cache":
            inputs[f"{op.layer.data}.past"] = run.results[op.layer.data][0][:, :, :-1]
    (logits,) = execute(step, inputs, last).returned
    np.testing.assert_allclose(logits[:, 0], run.returned[0][:, -1], rtol=1e-12)
    assert network_of(step).parameters.value.data == network_of(whole).parameters.value.data


def products(text: str, run: TokenRun) -> int:
    layers = network_of(parse_dsl(text, "d.dsl", 1, run)).layers()
    kernels = [op.kernel() for op in layers]
    return sum(kernel.useful_macs for kernel in kernels if isinstance(kernel, Contraction))


def test_steps_add_up_to_the_causal_products_of_a_prefill() -> None:
    """A step at length L executes L scores, so T steps execute T(T+1)/2: those of the T*T of a prefill that are useful.
    Each score is 2 features of 4 heads, twice over, in 2 layers: 6 * 6 - 21 = 15 scores of 32 products are not."""
    steps = sum(products(decoder(), decode_step(length)) for length in range(1, 7))
    assert products(decoder(), AS_WRITTEN) - steps == 15 * 2 * 2 * 4 * 2


def test_gpt2_by_the_law_that_others_counted() -> None:
    """123,532,032 + 18,432 L products a token."""
    for length in (2, 128, 1000):
        layers = network_of(load_network("gpt2", None, run=decode_step(length))).layers()
        kernels = [op.kernel() for op in layers]
        macs = sum(kernel.useful_macs for kernel in kernels if isinstance(kernel, Contraction))
        assert macs == 123_532_032 + 18_432 * length


@pytest.mark.parametrize("machine", ["HI1", "HI3"])
def test_a_longer_cache_costs_more(machine: str) -> None:
    """Or as much, between multiples of the lanes; primes, and one more than what lanes share evenly, among them."""
    hardware, cycles = simdc.load_hardware(machine), list[float]()
    for length in (2, 17, 64, 65, 128, 192, 256, 511, 512, 513, 777, 1024):
        layers = simdc.evaluate(simdc.Network(short_example("gpt2", run=decode_step(length))), hardware)
        cycles.append(sum(layer.cost.cycles.total for layer in layers if layer.cost is not None))
    assert cycles == sorted(cycles)
    assert cycles[-1] > cycles[0]


def test_a_head_of_keys_for_each_query_head_is_plain_attention() -> None:
    """The loops over groups and over heads in a group count the same."""
    plain = decoder(kv=4).replace("heads(kv)", "heads(count)")
    assert products(plain, decode_step(5)) == products(decoder(kv=4), decode_step(5))
    hardware = simdc.load_hardware("HI1")
    costs = [
        [layer.cost for layer in simdc.evaluate(simdc.Network(parse_dsl(text, "d.dsl", 1, decode_step(5))), hardware)]
        for text in (plain, decoder(kv=4))
    ]
    assert costs[0] == costs[1]


@pytest.mark.parametrize("batch", [1, 3])
def test_a_batch_multiplies_tokens_and_caches(batch: int) -> None:
    module = parse_dsl(decoder(), "d.dsl", batch, decode_step(5))
    shapes = [argument.type.get_shape() for argument in network_of(module).body.block.args]
    assert shapes == [(batch, 1), *[(batch, 2, 4, 2)] * 4]


def test_a_prefill_of_another_length() -> None:
    module = parse_dsl(decoder(), "d.dsl", 1, TokenRun(9))
    assert [argument.type.get_shape() for argument in network_of(module).body.block.args] == [(1, 9)]


@pytest.mark.parametrize(
    ("text", "run", "message"),
    [
        ("network n(x: 3x8x8) { return relu(x) }", TokenRun(4), "the network has no input of tokens"),
        ("network n(x: 7) { return fc(x, 3) }", TokenRun(4), "the network has no input of tokens"),
        ("network n(x: 7) { return embed(x, 9, 4) }", decode_step(4), "has no cache: put '-> cache' behind"),
        ("network n(x: 7) { return embed(x, 9, 4) }", TokenRun(0), "the context must be 1 to 16777216 tokens, got 0"),
        (decoder(), TokenRun(10), "rows must be at least 10, the number of tokens, got 9"),
        (decoder(), decode_step(10), "rows must be at least 10, the number of tokens, got 9"),
    ],
)
def test_runs_that_there_are_not(text: str, run: TokenRun, message: str, tmp_path: Path) -> None:
    with pytest.raises(SimdcError, match=message):
        load_network(written(tmp_path, text), None, run=run)


def test_other_formats_have_their_own_length(tmp_path: Path) -> None:
    with pytest.raises(SimdcError, match="a context is for network text"):
        load_network(written(tmp_path, "", "net.csv"), None, run=decode_step(4))
