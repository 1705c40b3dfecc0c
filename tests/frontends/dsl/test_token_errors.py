"""Mistakes in layers on tokens, each with one message at the place that « marks."""

from __future__ import annotations

import inspect
import sys

import pytest

from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.layer_table import layer_table

# Tokens with features, words, heads of queries, of fewer keys, of keys for fewer tokens and with fewer features.
HEAD = "network n(x: 8x16, w: 7, q: 4x8x16, k: 2x8x16, s: 4x6x16, d: 4x8x12, m: 4x8x8) { return "
MISTAKES = [
    ("softmax(x, «axis=5)", "softmax: axis must be a dimension from -3 to 2, got 5"),
    ("softmax(x, axis=-1, «causal=3)", "softmax: causal must be true or false, got 3"),
    ("«layer_norm(x, axis=0)", "layer_norm: a row begins behind the batch, at dimension 1 or later, not at 0"),
    ("layer_norm(x, «epsilon=-1)", "layer_norm: epsilon must not be negative, got -1"),
    ("rms_norm(x, «epsilon=-1)", "rms_norm: epsilon must not be negative, got -1"),
    ("group_norm(x, 2, «epsilon=-0.5)", "group_norm: epsilon must not be negative, got -0.5"),
    ("group_norm(x, «3)", "group_norm: 8 channels do not make 3 groups"),
    ("«top_k(x, 17)", "top_k: cannot take 17 of 16"),
    ("heads(x, «3)", "heads: 16 features cannot be cut into 3 heads"),
    ("«heads(q, 2)", "heads: needs [n, tokens, features], its input has shape [1, 4, 8, 16]"),
    ("«merge_heads(x)", "merge_heads: needs [n, heads, tokens, features], its input has shape [1, 8, 16]"),
    ("«cls_token(q)", "cls_token: needs [n, tokens, features], its input has shape [1, 4, 8, 16]"),
    ("«cache(x)", "cache: keeps [n, heads, tokens, features], got shape [1, 8, 16]"),
    ("rope(q, «rotary=3)", "rope: rotary must be even and at most 16, got 3"),
    ("rope(q, «base=0)", "rope: base must be a number above 0, got 0"),
    ("learned_positions(x, «rows=3)", "learned_positions: rows must be at least 8, the number of tokens, got 3"),
    ("embed(w, «-5, 8)", "embed: vocabulary must be a positive whole number, got -5"),
    ("embed(w, 10, «0)", "embed: features must be a positive whole number, got 0"),
    ('embed(w, 10, 8, name="t") -> fc(11, «weight="t")', "fc: needs a weight [11, 8], that of 't' is [10, 8]"),
    ('embed(w, 10, 8) -> fc(10, «weight="t")', "fc: no layer before this one is called 't' and has a weight"),
    ("moe(x, 4, «5, 8)", "moe: active must be at most 4, the number of experts, got 5"),
    ("moe(x, «513, 2, 8)", "moe: experts must be at most 512, got 513"),
    ('moe(x, 4, 2, 8, «routing="odd")', "moe: routing must be one of balanced, best, worst, got 'odd'"),
    ("moe(x, 4, 2, 8, «tokens_per_expert=[9, 9])", "must be at most 4 numbers up to 8 with the sum 16, got 2 up to 9"),
    ("moe(x, 4, 2, 8, «tokens_per_expert=[-1, 9])", "must be a list of whole numbers, none negative, got [-1, 9]"),
    (
        'moe(x, 4, 2, 8, «routing="best", tokens_per_expert=[8, 8])',
        "moe: tokens_per_expert says how tokens are routed, and so does routing='best'",
    ),
    ("«attention(q, q, s)", "key [1, 4, 8, 16] and value [1, 4, 6, 16] do not go together"),
    ("«attention(q, d, q)", "attention: query [1, 4, 8, 16], key [1, 4, 8, 12]"),
    ("«attention(k, q, q)", "attention: 2 query heads cannot share 4 heads of keys and values evenly"),
    ("«attention(x, x, x)", "attention: the query has shape [1, 8, 16], not [n, heads, tokens, features]: use heads"),
    ("«attention(q, s, s, causal=true)", "attention: causal has 8 queries and only 6 keys"),
    ("«masked_attention(q, q, q, d)", "a mask of shape [1, 4, 8, 12] does not broadcast to [1, 4, 8, 8]"),
    ("«masked_softmax(m, d)", "a mask of shape [1, 4, 8, 12] does not broadcast to [1, 4, 8, 8]"),
    ("«cache_append(q, k)", "cache_append: cannot append [1, 2, 8, 16] to [1, 4, 8, 16] along dimension 2"),
    ("«swiglu(q, d)", "swiglu: the operands have shapes [1, 4, 8, 16] and [1, 4, 8, 12]"),
    ("«lstm(w, 4)", "lstm: needs a sequence [n, t, features], its input has shape [1, 7]"),
]


@pytest.mark.parametrize(("marked", "message"), MISTAKES)
def test_a_mistake_has_one_message_at_its_place(marked: str, message: str) -> None:
    text = HEAD + marked.replace("«", "") + " }"
    with pytest.raises(SimdcError) as caught:
        parse_dsl(text, "n.dsl", 1)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (1, len(HEAD) + marked.index("«") + 1)


def test_no_message_says_the_layer_twice() -> None:
    """Whoever shows it puts the layer in front: `heads: needs ...`, not `heads: heads needs ...`."""
    for name, kind in layer_table().items():
        source = inspect.getsource(sys.modules[kind.build.__module__])
        assert not [start for start in ("", "f") if f'LayerError({start}"{name} ' in source], name
