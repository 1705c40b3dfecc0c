"""Texts made to exhaust something end soon, with a message."""

from __future__ import annotations

import time
from importlib import import_module

import pytest

from simdc.errors import SimdcError
from simdc.frontends.dsl import limits, parse_dsl
from simdc.frontends.dsl.parser import parse
from simdc.ir.network import network_of


def network(body: str) -> str:
    return f"network n(x: 3x8x8) {{ {body} }}"


def chain_of_blocks(count: int) -> str:
    blocks = [f"block b{i}(x) {{ if true {{ x = x -> b{i + 1} }} return x }}" for i in range(count)]
    return network("return b0(x)") + "\n".join(blocks) + f"block b{count}(x) {{ return relu(x) }}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (network("repeat 1000000000 { } return x"), "repeat 1000000000 is beyond the limit of 1000000 steps"),
        (network("repeat 1000 { repeat 1000 { repeat 1000 { } } } return x"), "more than 1000000 steps"),
        (network("n = 0 repeat 999999 { n = n + 1 } return x"), "more than 1000000 steps"),
        (network("repeat 400 { repeat 400 { x = dropout(x) } } return x"), "more than 32000 layers"),
        (network("x = " + "(" * 100_000), "brackets are nested more than 64 deep"),
        (network("x = " + "(" * 100_000 + "x" + ")" * 100_000), "brackets are nested more than 64 deep"),
        (network("x = " + "relu(" * 100_000), "brackets are nested more than 64 deep"),
        (network("if true {" * 100_000), "brackets are nested more than 64 deep"),
        (network("x = " + "[" * 100_000), "brackets are nested more than 64 deep"),
        (network("x = " + "-" * 100_000 + "1 return x"), "found '-', expected a value"),
        (network("x = " + "not " * 100_000 + "1 return x"), "found 'not', expected a value"),
        (network('s = "a" repeat 99 { s = "{s}{s}" } return x'), "the string becomes longer than 200 characters"),
        (network("n = 9 repeat 99 { n = n * n } return x"), "more than 18 digits"),
        (network("return x # " + "x" * 5_000_000), "more than the limit of 4194304"),
        ("(" * 10_000_000, "more than the limit of 4194304"),
        ("a" * 4_000_000, "expected 'block', 'network' or the end of the file"),
        (network("y = x " * 200_000 + "return x"), "more than 500000 words and signs"),
        (network("x = " + "9" * 4_000_000), "at most 18 digits"),
        (network("x = " + "a" * 4_000_000 + " return x"), "has no value here"),
        (network('x = "' + "a" * 4_000_000), "the string does not end"),
        (chain_of_blocks(150), "blocks, braces and brackets are more than 200 deep here"),
        (chain_of_blocks(1000), "blocks, braces and brackets are more than 200 deep here"),
    ],
    ids=range(22),
)
def test_excess_is_refused_soon(text: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "layers" in message:
        monkeypatch.setattr(import_module("simdc.frontends.dsl.evaluate"), "MAX_LAYERS", 1000)
        message = message.replace("32000", "1000")
    start = time.process_time()
    with pytest.raises(SimdcError) as caught:
        parse_dsl(text, "n.dsl", 1)
    assert message in caught.value.message
    assert len(str(caught.value)) < 1000
    assert time.process_time() - start < 20


def test_blocks_may_nest_as_deep_as_any_network_needs() -> None:
    assert len(list(network_of(parse_dsl(chain_of_blocks(45), "n.dsl", 1)).layers())) == 1


@pytest.mark.parametrize("opening", ["-(", "not (", "1 + (", "min(1, ", "relu(x -> ", "[1 + (", '1 == (" " == ('])
def test_depth_never_exhausts_the_stack(opening: str) -> None:
    """Blocks whose results are nested as deep as the text may be."""
    depth = 60 // opening.count("(") // (1 + opening.count("["))
    nested = opening * depth + "b{}(x)" + ")" * (depth * (opening.count("(") + opening.count("[")))
    blocks = "".join(f"block b{i}(x) {{ return {nested.replace('{}', str(i + 1))} }}\n" for i in range(99))
    with pytest.raises(SimdcError):
        parse_dsl(network("return b0(x)") + blocks + "block b99(x) { return x }", "n.dsl", 1)


@pytest.mark.parametrize(
    "body",
    [
        "return x" + " -> relu" * 10_000,
        "n = 1" + " + 1" * 10_000 + " return x",
        "b = true" + " and true" * 10_000 + " return x",
        "n = 1 if n == 2 { }" + " else if n == 2 { }" * 10_000 + " return x",
        "x = relu(x)\n" * 10_000 + "return x",
    ],
)
def test_length_is_no_depth(body: str) -> None:
    parse_dsl(network(body), "n.dsl", 1)


def test_time_is_linear_in_the_length() -> None:
    def seconds(statements: int) -> float:
        text = network("y = x z = min(1, 2 + 3)\n" * statements + "return x")
        best = float("inf")
        for _ in range(2):
            start = time.process_time()
            parse(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(4000) < 3 * 4 * seconds(1000)


def test_limits_are_what_the_reference_says() -> None:
    assert (limits.MAX_CHARACTERS, limits.MAX_NESTING, limits.MAX_DEPTH) == (4 * 2**20, 64, 200)
    assert (limits.MAX_STEPS, limits.MAX_LAYERS, limits.MAX_DIGITS) == (1_000_000, 32_000, 18)
