"""What a keyboard reaches and a screen reader is told, by the browser's own accessibility tree, and whether text can
be read: contrast in light and in dark."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.report.browser import Page, browser_path, open_browser
from tests.report.pages import page_of, report_of

pytestmark = pytest.mark.skipif(browser_path() is None, reason="needs Chromium: apt-get install chromium")
READABLE = 4.5
"""The least ratio of luminances that WCAG 2.2 asks for (1.4.3, AA)."""
CONTRAST = """
(() => {
  const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const rgba = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgba(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    const element = text.parentElement;
    if (!text.textContent.trim() || !element.checkVisibility() || element.closest('script, style, noscript')) continue;
    if (element.closest('button:disabled')) continue;
    const drawn = element.closest('svg');
    const ink = rgba(drawn ? getComputedStyle(element).fill : getComputedStyle(element).color);
    const paper = drawn && PAPER(element) || behind(element);
    const [low, high] = [luminance(ink), luminance(paper)].sort((one, other) => one - other);
    found.push([text.textContent.trim().slice(0, 30), (high + 0.05) / (low + 0.05)]);
  }
  return found;
})()
"""
PAPER = """((element) => {
  const text = element.getBoundingClientRect();
  const under = [...element.ownerSVGElement.querySelectorAll('rect')].filter((rect) => {
    const box = rect.getBoundingClientRect();
    const middle = [text.x + 2, text.y + text.height / 2];
    return getComputedStyle(rect).fill !== 'none' && rect.getAttribute('visibility') !== 'hidden' &&
      box.left <= middle[0] && middle[0] <= box.right && box.top <= middle[1] && middle[1] <= box.bottom;
  });
  return under.length ? rgba(getComputedStyle(under[under.length - 1]).fill) : null;
})"""
"""Text of a picture lies on the last bar that was drawn below it."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open_browser(Path(folder)) as page:
        yield page


def show(page: Page, folder: Path, text: str, *, dark: bool = False) -> None:
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    page.open(file, dark=dark)


def told(page: Page) -> list[tuple[str, str]]:
    """(role, name) of all that the browser tells a screen reader, in its order."""
    nodes: list[dict[str, Any]] = page.call("Accessibility.getFullAXTree")["nodes"]
    return [
        (node["role"]["value"], node.get("name", {}).get("value", "").strip())
        for node in nodes
        if not node.get("ignored") and "role" in node
    ]


def test_a_screen_reader_hears_of_everything(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, page_of("resnet18", "HI1", "HI3"))
    found = told(page)
    roles = {role for role, _ in found}
    assert {"main", "banner", "heading", "table", "columnheader", "rowheader", "button", "link", "searchbox"} <= roles
    for role, name in found:
        if role in ("button", "link", "searchbox", "heading", "region", "img", "columnheader", "rowheader"):
            assert name, role
    names = [name for role, name in found if role == "heading"]
    assert names[:2] == ["resnet18 on HI1, HI3", "Side by side"]
    for name in ("Where the time goes", "How busy array and ports are", "The chosen layer", "Layers"):
        assert name in names
    # The bars are said in numbers, the pictures are left to the table: nothing drawn is read letter by letter.
    bars = [name for role, name in found if role in ("img", "image") and name.startswith("resnet18 on HI3: ")]
    assert len(bars) == 1
    assert "conv computes" in bars[0]
    # What is written into bars is not read letter by letter.
    assert page.run("[...document.querySelectorAll('svg text')].some(text => text.textContent === 'resnet18 100 %')")
    assert ("StaticText", "resnet18 100 %") not in found


def test_the_tab_key_goes_from_top_to_bottom(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, page_of("resnet18", "HI1", "HI3"))
    where = "(e => e.id || e.textContent.trim().slice(0, 40))(document.activeElement)"
    at = "document.activeElement.getBoundingClientRect().top + scrollY"
    found: list[str] = []
    places: list[float] = []
    for _ in range(200):
        page.press("Tab")
        found.append(page.run(where))
        places.append(page.run(at))
        # Whatever has the focus shows it, and does nothing by itself.
        assert page.run("getComputedStyle(document.activeElement).outlineStyle") != "none", found[-1]
        if found[-1] == "conv1" and "filter" in found:
            break
    assert found[0] == "Skip to the table of layers"
    wanted = ["resnet18 on HI1", "icicle", "filter", "conv1"]
    assert [name for name in dict.fromkeys(found) if name in wanted] == wanted
    # No jump back up, but where heads stick to the window.
    assert all(later >= earlier - 60 for earlier, later in pairwise(places[1:]))


def test_what_is_chosen_is_said(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, page_of("resnet18", "HI1"))
    page.run("document.querySelector('#icicle').focus()")
    page.press("ArrowRight")
    nodes: list[dict[str, Any]] = page.call("Accessibility.getFullAXTree")["nodes"]
    live = [node for node in nodes if node.get("role", {}).get("value") == "status"]
    settings = {each["name"]: each["value"]["value"] for each in live[0]["properties"]}
    assert settings["live"] == "polite"
    chosen = page.run("document.querySelector('#layers tr[aria-current] th').textContent")
    assert page.run("document.querySelector('#said').textContent").startswith(f"{chosen}: ")
    assert any(role == "StaticText" and name.startswith(f"{chosen}: ") for role, name in told(page))
    # The other one counts the rows of the table.
    count = len(report_of("resnet18", "HI1").layers)
    assert any(name.startswith(f"{count} of {count} layers") for _, name in told(page))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "networks", [("resnet18", "HI1", "HI3"), ("alexnet_sheet", "nv_small")], ids=["arrays", "units"]
)
def test_text_can_be_read(page: Page, tmp_path: Path, networks: tuple[str, ...], dark: bool) -> None:
    model = "nvdla" if "nv_small" in networks else "exact"
    show(page, tmp_path, page_of(*networks, model=model), dark=dark)
    found = page.run(CONTRAST.replace("PAPER", PAPER))
    assert len(found) > 200
    poor = sorted({(text, round(ratio, 2)) for text, ratio in found if ratio < READABLE}, key=lambda each: each[1])
    assert poor == []
