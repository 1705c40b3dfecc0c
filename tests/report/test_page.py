"""The page as text: whole, self-contained, of a bearable size, and nobody's names are HTML."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest

from simdc.report import render_page
from simdc.report.markup import Markup, data_script, element
from tests.report.pages import NAMES, hostile_report, page_of, report_of

KB = 1000


class Elements(HTMLParser):
    """Tags and texts of a page, and whether each element ends."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "link", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def data_in(page: str) -> list[dict[str, Any]]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize("page", [page_of("lenet5", "HI1"), page_of("lenet5", "HI1", "HI3")], ids=["one", "two"])
def test_elements_end_and_nothing_is_fetched(page: str) -> None:
    found = Elements(page)
    assert found.open == []
    assert found.tags.count("h1") == 1
    fetching = [(tag, value) for tag, name, value in found.attributes if name in ("src", "srcset", "action", "data")]
    assert fetching == []
    assert {value for _, name, value in found.attributes if name == "href" and not value.startswith("#")} == {"data:,"}
    assert "http" not in re.sub(r"http-equiv|http://www.w3.org/2000/svg", "", page)


def test_the_page_allows_its_own_script_only() -> None:
    page = page_of("lenet5", "HI1")
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    rules = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    assert ("meta", "content", rules) in Elements(page).attributes


def test_pages_are_small() -> None:
    assert len(page_of("resnet50", "HI3").encode()) < 120 * KB
    assert len(page_of("resnet50", "HT3", train=True, batch=32).encode()) < 500 * KB


def test_the_same_runs_make_the_same_page() -> None:
    assert render_page([report_of("lenet5", "HI1")]) == page_of("lenet5", "HI1")


def test_no_run_is_no_page() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        render_page([])


def test_names_are_text() -> None:
    page = render_page([hostile_report(), report_of("lenet5", "HI1")])
    found = Elements(page)
    assert found.tags.count("script") == 2
    assert not {"img", "i"} & set(found.tags)
    assert [layer[0] for layer in data_in(page)[0]["layers"]] == list(NAMES.values())
    assert "<b>n</b> on HI1" in found.text
    assert "<i>note</i>" in found.text


def test_texts_are_escaped_and_markup_is_not() -> None:
    inner = element("b", "<&>", title='"')
    assert inner == '<b title="&quot;">&lt;&amp;&gt;</b>'
    assert element("p", inner, 3, hidden=True, lang=False) == f"<p hidden>{inner}3</p>"
    # What steers terminals, or turns text round, is shown, not done.
    assert element("p", "a\x1bb\u202e") == "<p>a\\x1bb\\u202e</p>"
    assert isinstance(inner, Markup)


def test_data_ends_no_script() -> None:
    text = data_script("d", {"a": "</script><!-- & \u2028"})
    assert (
        text
        == '<script type="application/json" id="d">{"a":"\\u003c/script\\u003e\\u003c!-- \\u0026 \\u2028"}</script>'
    )


@pytest.mark.parametrize(("name", "machine", "train"), [("resnet18", "HI1", False), ("lenet5", "HT1", True)])
def test_the_data_add_up_to_the_report(name: str, machine: str, train: bool) -> None:
    report = report_of(name, machine, train=train)
    (run,) = data_in(page_of(name, machine, train=train))
    kinds = [run["kinds"][layer[1]] for layer in run["layers"]]
    assert sum(kind["compute"] + kind["wait"] for kind in kinds) == report.total.cycles.total
    assert sum(sum(kind["dram"].values()) for kind in kinds) == pytest.approx(
        report.total.dram_bits.total / 8, rel=1e-6
    )
    assert sum(sum(kind["energy"]) for kind in kinds) == pytest.approx(report.total.energy.total, rel=1e-6)
    assert sum(kind["macs"] for kind in kinds) == sum(
        dict(layer.cost.ops)["mac"] for layer in report.layers if layer.multiplies
    )
    for kind in run["kinds"]:
        assert sum(part[1] for part in kind["parts"]) == kind["compute"] + kind["wait"]
    names = [layer[0] for layer in run["layers"]]
    assert names == [layer.name for layer in report.layers]
    # What is read was made before.
    assert all(read < number for number, layer in enumerate(run["layers"]) for read in layer[5])


def test_who_reads_whom_goes_on_through_what_costs_nothing() -> None:
    (run,) = data_in(page_of("lenet5", "HI1"))
    reads = {layer[0]: [run["layers"][read][0] for read in layer[5]] for layer in run["layers"]}
    report = report_of("lenet5", "HI1")
    assert report.free
    assert [name for name, read in reads.items() if not read] == [report.layers[0].name]


def contrast(one: str, other: str) -> float:
    """Of two colours, as WCAG counts it: 21 of black on white."""

    def brightness(colour: str) -> float:
        colour = colour.lstrip("#")
        colour = colour if len(colour) == 6 else "".join(2 * letter for letter in colour)
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((brightness(one), brightness(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_can_be_read(theme: str) -> None:
    css = (files("simdc.report") / "assets/page.css").read_text(encoding="utf-8")
    light, dark, *_ = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w+)", light if theme == "light" else dark))
    for ground in ("paper", "panel", "chosen-row"):
        for ink in ("ink", "soft", "link", "better", "worse"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def test_layers_name_what_became_part_of_them() -> None:
    # The batch norm is folded, as the report says; the bias was noted by a front end.
    report = report_of("resnet18", "HI1")
    layers = {
        layer[0]: layer[6]
        for layer in data_in(render_page([report._replace(merged=(("bias", "conv1"),))]))[0]["layers"]
    }
    assert layers["conv1"] == ["bn1", "bias"]
    assert layers["layer1.0.conv1"] == ["layer1.0.bn1"]
    assert layers["maxpool"] == []
