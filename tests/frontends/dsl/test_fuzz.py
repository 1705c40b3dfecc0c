"""Whatever the text, the answer is a module or a SimdcError."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from tests.ir.networks import shortened

NETWORKS = [shortened(path.read_text()) for path in sorted(Path("examples/networks").glob("*.dsl"))]
VOCABULARY = """
network block repeat if else as return true false and or not -> == != < <= > >= + - * // / % ( ) { } [ ] , : =
x y c b conv bn relu add maxpool avgpool global_avgpool lrn fc flatten dropout softmax concat channels height features
min max name= stride= kernel= pad=1 groups= bias= 0 1 2 3 7 64 0.5 1e-4 3x8x8 10 "a" "{c}" "{x}" "{" # ; @ é
99999999999 999999999999999999 1000000
"""
WORDS = VOCABULARY.split()
TOKENS = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)
QUICK = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def attempt(text: str) -> None:
    try:
        parse_dsl(text, "fuzz.dsl", 1).verify()
        return
    except SimdcError as caught:
        error = caught
    assert str(error).startswith("fuzz.dsl:")
    assert error.line is not None
    assert error.column is not None
    assert error.source_line == text.removeprefix("\ufeff").split("\n")[error.line - 1].rstrip("\r")
    assert 1 <= error.column <= len(error.source_line) + 2


@QUICK
@given(st.text(max_size=60))
@example("\r")
@example('"\ud800')
@example("\u2028")
def test_any_text(text: str) -> None:
    attempt(text)


@QUICK
@given(TOKENS)
def test_token_soup(soup: str) -> None:
    attempt(soup)


@QUICK
@given(TOKENS, TOKENS)
def test_token_soup_in_bodies(soup: str, inner: str) -> None:
    attempt(f"network n(x: 3x8x8, y: 10) {{ c = 4 {soup} return x }} block b(x, c=2) {{ {inner} return x }}")


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(["x", "y", "z", "1", "3", "0", "2.5", "true", '"s"', "[1, 2]", "c", "10000000000"]))
    inner = expressions(depth=depth - 1)
    form = draw(st.integers(0, 4))
    if form == 0:
        operator = draw(st.sampled_from(["+", "-", "*", "/", "//", "%", "==", "<", "and", "or", "->"]))
        return f"{draw(inner)} {operator} {draw(inner)}"
    if form == 1:
        return f"({draw(inner)})"
    callee = draw(st.sampled_from([word for word in WORDS if word.isidentifier()]))
    options = st.sampled_from(["", "stride=", "kernel=", "name=", "pad=", "channels=", "bias=", "rate=", "groups="])
    arguments = [draw(options) + draw(inner) for _ in range(draw(st.integers(0, 4)))]
    call = f"{callee}({', '.join(arguments)})"
    return f"{draw(inner)} -> {call}" if form == 2 else call


@QUICK
@given(st.lists(expressions(), min_size=1, max_size=4))
def test_well_formed_nonsense(values: list[str]) -> None:
    statements = " ".join(f"x = {value}" for value in values)
    block = "block b(x, c=3) { return conv(x, c, 1) }"
    attempt(f"network n(x: 3x8x8, y: 10, z: 4x5) {{ c = 4 {statements} return x }} {block}")


@QUICK
@given(st.data())
def test_mutated_networks(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(NETWORKS))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(["", " ", *WORDS])) + text[end:]
    attempt(text)
