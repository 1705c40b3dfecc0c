"""What a report says of language models: roles, useful products, caches, in prefill, decode and training."""

from __future__ import annotations

import json
from functools import cache

import pytest

import simdc
from simdc.backends.report import Report, make_report
from simdc.backends.report.language import Llm
from simdc.backends.report.machine_text import as_data, render_json
from simdc.backends.report.roles import roles_of
from simdc.backends.report.table import render_table
from simdc.frontends.dsl import parse_dsl
from simdc.ir.network import network_of
from simdc.ir.token_run import AS_WRITTEN, TokenRun, decode_step
from tests.frontends.test_token_runs import decoder


@cache
def priced(run: TokenRun = AS_WRITTEN, batch: int = 1, *, train: bool = False) -> Report:
    network = simdc.Network(parse_dsl(decoder(), "d.dsl", batch, run))
    network = network.training_step() if train else network
    return make_report(simdc.compile(network, simdc.load_hardware("HT3" if train else "HI1")))


def llm(report: Report) -> Llm:
    assert report.llm is not None
    return report.llm


def test_roles_of_a_decoder_layer() -> None:
    module = simdc.compile(simdc.Network(parse_dsl(decoder(), "d.dsl", 1, decode_step(5))), simdc.load_hardware("HI1"))
    found = roles_of(network_of(module))
    roles = {name.removeprefix("layer1."): role for name, role in found.items() if name.startswith("layer1.")}
    assert {role for name, role in roles.items() if name in ("q", "k", "v", "o")} == {"projections"}
    assert [roles[f"attention1.{part}"] for part in ("scores", "softmax", "context")] == [
        "scores",
        "softmax",
        "context",
    ]
    assert (roles["keys"], roles["values"], roles["layer_norm1"], roles["rope1"]) == (
        "cache",
        "cache",
        "norms",
        "other",
    )
    assert (roles["up"], roles["relu1"], roles["down"]) == ("mlp", "mlp", "mlp")
    assert (found["words"], found["head"]) == ("embedding", "head")


def test_rows_that_experts_get_are_not_embedded() -> None:
    text = "network n(tokens: 6) { return embed(tokens, 11, 8) -> moe(experts=4, active=2, hidden=16) -> fc(11) }"
    found = roles_of(network_of(parse_dsl(text, "n.dsl", 1)))
    assert [name for name, role in found.items() if role == "embedding"] == ["embed1"]


def test_the_parts_are_all_there_is() -> None:
    for report in (priced(), priced(decode_step(5)), priced(train=True)):
        parts = llm(report).parts
        assert sum(part.cycles for part in parts) == report.total.cycles.total
        assert sum(part.dram_bits for part in parts) == report.total.dram_bits.total
        assert sum(part.layers for part in parts) == len(report.layers)


def test_a_prefill_by_hand() -> None:
    """6 tokens, 8 features, 4 query and 2 key heads of 2. A layer: q, o 8 x 8, k, v 8 x 4, up, down 8 x 16, 448
    products a token; scores and context 6 * 6 * 4 * 2 each, of which 21 of 36 are useful; the head 8 x 11."""
    found = llm(priced())
    assert (found.phase, found.tokens, found.context) == ("prefill", 6, 6)
    still = 6 * (2 * 448 + 88)
    assert found.macs == still + 2 * 2 * 36 * 8
    assert found.useful_macs == still + 2 * 2 * 21 * 8


@pytest.mark.parametrize("batch", [1, 3])
def test_the_cache_by_hand(batch: int) -> None:
    """Keys and values of 2 heads of 2 features in 2 layers, 16 elements of 8 bits a token, in prefill and decode."""
    for run, length in ((AS_WRITTEN, 6), (decode_step(5), 5)):
        found = llm(priced(run, batch))
        assert found.cache is not None
        assert found.cache.token_bits == 16 * 8
        assert found.cache.bits == batch * length * 16 * 8
        # From 8 bits for each parameter to 32, which biases and norms have.
        least = priced(run).parameters * 8 // (batch * 16 * 8)
        assert least * 0.9 <= found.cache.outweighs <= 4 * least
        assert found.sequences == batch
        assert found.tokens_per_s == pytest.approx(found.tokens * batch / found.runtime_s)


def test_steps_are_wholly_useful() -> None:
    found = llm(priced(decode_step(5)))
    assert (found.phase, found.tokens, found.context) == ("decode", 1, 5)
    assert found.macs == found.useful_macs


def test_what_computing_attention_again_would_free() -> None:
    """Shares of 6 x 6 for 4 heads in 2 layers, 16 bits each on HT3: what the softmax's gradient and that of the context
    read. Scores themselves are read by no backward layer."""
    report = priced(train=True)
    found = llm(report)
    assert found.phase == "training"
    assert found.recomputed_bits == 2 * 4 * 36 * 16
    assert report.memory is not None
    assert found.recomputed_bits <= 8 * report.memory.kept


def test_the_table_and_json() -> None:
    text = render_table(priced(decode_step(5)))
    assert "decode: 1 token, context 5; TPOT" in text
    assert "cache: 16 bytes a token" in text
    assert "of what is kept" in " ".join(render_table(priced(train=True)).split())
    assert json.loads(render_json(priced()))["llm"] == as_data(priced())["llm"]


def test_networks_without_attention_have_none_of_it() -> None:
    report = make_report(simdc.compile(simdc.load("lenet5"), simdc.load_hardware("HI1")))
    assert report.llm is None
    assert "llm" not in as_data(report)
    bert = make_report(simdc.compile(simdc.load("bert_base"), simdc.load_hardware("HI3")))
    assert (llm(bert).phase, llm(bert).tokens, llm(bert).cache) == ("encode", 128, None)
    assert llm(bert).macs == llm(bert).useful_macs == 11_174_217_216
