"""Options of cost models: how they are written, and what is wrong with them."""

from __future__ import annotations

import pytest

from simdc.cost.model_options import ModelOption, chosen_options, split_spec
from simdc.cost.model_table import check_model, load_model

LEVEL, SHEET = ModelOption("level", ("5", "0")), ModelOption("sheet", ("none", "alexnet"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exact", ("exact", {})),
        ("one-channel{}", ("one-channel", {})),
        ("nvdla{level=3}", ("nvdla", {"level": "3"})),
        ("  m{ a=1, b=x  c=2 } ", ("m", {"a": "1", "b": "x", "c": "2"})),
    ],
)
def test_a_spec_is_a_name_and_options(text: str, expected: tuple[str, dict[str, str]]) -> None:
    assert split_spec(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m{a=1", "'m{a=1' is no model: a name, or name{option=value}"),
        ("m{a=1}}", "is no model"),
        ("m{a}", "'a' of 'm{a}' must be option=value"),
        ("m{a=}", "must be option=value"),
        ("m{=1}", "must be option=value"),
        ("m{a=1 a=2}", "gives a twice"),
    ],
)
def test_what_is_no_spec(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("{", r"\{").replace("}", r"\}")):
        split_spec(text)


def test_the_first_value_is_the_default() -> None:
    assert chosen_options("m", (LEVEL, SHEET), {"level": "0"}) == {"level": "0", "sheet": "none"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"depth": "1"}, "the cost model 'm' has no option 'depth'; it takes level, sheet"),
        ({"level": "6"}, "m: level must be one of 5, 0, got 6"),
    ],
)
def test_an_option_that_a_model_does_not_take(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chosen_options("m", (LEVEL, SHEET), given)
    with pytest.raises(ValueError, match="it takes none"):
        chosen_options("m", (), given)


def test_models_are_found_with_their_options() -> None:
    check_model("exact")
    assert load_model("nvdla{level=2}").name == "nvdla"
    for spec, message in (
        ("exactly", "there is no cost model 'exactly'; known models: exact, simdit"),
        ("exact{level=2}", "'exact' has no option 'level'; it takes none"),
        ("nvdla{level=x}", "level must be one of"),
    ):
        with pytest.raises(ValueError, match=message):
            check_model(spec)
    with pytest.raises(KeyError):
        load_model("exactly")
