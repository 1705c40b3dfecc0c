"""docs/dsl.md tells the truth: its networks compile and its tables agree with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simdc.frontends.dsl import limits, parse_dsl
from simdc.frontends.dsl.functions import FUNCTIONS
from simdc.frontends.dsl.syntax_errors import RESERVED
from simdc.ir.network import network_of

REFERENCE = Path("docs/dsl.md").read_text()
NETWORKS = re.findall(r"```dsl\n(.*?)```", REFERENCE, re.DOTALL)


@pytest.mark.parametrize("text", NETWORKS, ids=range(len(NETWORKS)))
def test_network_of_the_reference_compiles(text: str) -> None:
    parse_dsl(text, "docs/dsl.md", 1).verify()


def test_chained_and_nested_are_the_same() -> None:
    chained, nested = (text for text in NETWORKS if "network chained" in text or "network nested" in text)
    one, other = str(parse_dsl(chained, "a.dsl", 1)), str(parse_dsl(nested, "a.dsl", 1))
    assert one.replace("chained", "nested") == other


def test_names_of_the_reference() -> None:
    (text,) = (text for text in NETWORKS if "small_resnet" in text)
    assert "stage2.0.conv1" in [op.layer.data for op in network_of(parse_dsl(text, "a.dsl", 1)).layers()]


def test_functions_words_and_limits_are_documented() -> None:
    for function in FUNCTIONS:
        assert f"`{function}(" in REFERENCE
    assert len(RESERVED) - 1 + len({"true", "false", "and", "or", "not"}) == 12
    (line,) = (
        line
        for line in REFERENCE.splitlines()
        if line.endswith("A variable may be called like a layer; a block may not.")
    )
    assert line.startswith("`network block repeat as if else return and or not true false`")
    for limit in (limits.MAX_CHARACTERS, limits.MAX_WORDS, limits.MAX_LAYERS, limits.MAX_STEPS):
        assert f"{limit:,}" in REFERENCE
    for limit, words in (
        (limits.MAX_NESTING, "deep"),
        (limits.MAX_DEPTH, "deep"),
        (limits.MAX_STRING, "characters a string"),
    ):
        assert f"{limit} {words}" in REFERENCE
