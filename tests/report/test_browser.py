"""The page in a browser: it draws, and one selection lights up everywhere. Skipped where there is no Chromium."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

import simdc
from simdc.api import Network
from simdc.backends.report import make_report
from simdc.frontends.dsl import parse_dsl
from simdc.report import render_page
from simdc.report.findings import findings_of
from simdc.report.shown_run import shown_run
from tests.report.browser import Page, browser_path, open_browser
from tests.report.pages import NAMES, NOTHING, hostile_report, page_of, report_of

pytestmark = pytest.mark.skipif(browser_path() is None, reason="needs Chromium: apt-get install chromium")
CLICK = "new MouseEvent('click', {bubbles: true})"
CHOSEN = "document.querySelector('#layers tr[aria-current] th').textContent"
SHOWN = "document.querySelectorAll('#layers tbody tr').length"
LIT = "[...document.querySelectorAll('svg rect.chosen')].map(rect => rect.getAttribute('visibility'))"
AXIS = "[...document.querySelectorAll('#timeline text.axis')].map(text => text.textContent)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open_browser(Path(folder)) as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Iterator[Page]:
    """Whatever a test does, nothing went wrong in the page."""
    browser.problems.clear()
    yield browser
    assert browser.problems == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


def show(page: Page, folder: Path, text: str, address: str = "", **window: int | bool) -> None:
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    page.open(file, address, **window)


def middle(page: Page, selector: str) -> tuple[float, float]:
    """Where the first element that fits is in the window, which scrolls there."""
    x, y = page.run(
        f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView({{block: 'center'}});"
        " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
    )
    return x, y


def type_into(page: Page, text: str) -> None:
    """The filter of the table."""
    page.run(f"document.querySelector('#filter').value = {text!r}")
    page.run("document.querySelector('#filter').dispatchEvent(new Event('input'))")


@pytest.mark.parametrize(
    "text",
    [
        partial(page_of, "resnet50", "HI3"),
        partial(page_of, "resnet50", "HT3", train=True, batch=32),
        partial(page_of, "gpt2", "HI3"),
        partial(page_of, "alexnet", "nv_small", model="nvdla"),
        partial(page_of, "lenet5", "HI1", model="simdit"),
    ],
    ids=["cnn", "training", "transformer", "units", "simdit"],
)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_picture_is_drawn(page: Page, folder: Path, text: Callable[[], str], dark: bool) -> None:
    show(page, folder, text(), dark=dark)
    for name in ("icicle", "timeline", "roofline", "memory"):
        assert page.run(f"document.querySelectorAll('#{name} svg > *').length") > 3, name
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    # The costliest layer is chosen to begin with.
    assert page.run(CHOSEN) == page.run("document.querySelector('#explain h3').textContent")
    assert page.run("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 24, 31)" if dark else "rgb(255, 255, 255)"
    )


def test_no_shape_is_outside_or_broken(page: Page, folder: Path) -> None:
    show(page, folder, page_of("resnet50", "HT3", train=True, batch=32))
    assert not page.run("document.querySelector('#charts').innerHTML.match(/NaN|Infinity|undefined/)")
    wide = "Number(r.getAttribute('x')) + Number(r.getAttribute('width'))"
    assert page.run(
        f"[...document.querySelectorAll('#icicle svg rect')].every(r => {wide} <= r.ownerSVGElement.clientWidth + 2)"
    )
    # Bars of less than a pixel are drawn together: there are fewer bars than layers have parts.
    assert page.run("document.querySelectorAll('#icicle rect').length") < 2 * 724


def test_a_click_on_a_layer_lights_it_up_everywhere(page: Page, folder: Path) -> None:
    show(page, folder, page_of("resnet18", "HI1"))
    x, y = middle(page, "#icicle svg")
    height = page.run("document.querySelector('#icicle svg').clientHeight")
    page.click(x, y + height / 2 - 10)
    name = page.run(CHOSEN)
    assert page.run("document.querySelector('#explain h3').textContent") == name
    assert page.run("decodeURIComponent(location.hash)") == f"#{name}"
    assert page.run("document.querySelector('#said').textContent").startswith(f"{name}: ")
    assert page.run(LIT) == ["visible"] * 3
    # The timeline and the memory curve choose, too: at the right end the last layer.
    for place in ("timeline", "memory"):
        x, y = middle(page, f"#{place} svg")
        width = page.run(f"document.querySelector('#{place} svg').clientWidth")
        page.click(x + width / 2 - 3, y)
        last = page.run(CHOSEN)
        assert report_of("resnet18", "HI1").layers[-1].name == last


def test_a_dot_of_the_roofline_chooses_one_of_its_layers_after_the_other(page: Page, folder: Path) -> None:
    show(page, folder, page_of("resnet18", "HI1"), "#relu")
    alike = report_of("resnet18", "HI1")
    names = [layer.name for layer in alike.layers if layer.cost == alike.layers[3].cost and layer.multiplies]
    assert len(names) > 1
    kind = page.run(
        f"JSON.parse(document.querySelector('#data').textContent)[0].layers.find(l => l[0] === {names[0]!r})[1]"
    )
    click = f"document.querySelector('circle[data-kind=\"{kind}\"]').dispatchEvent({CLICK})"
    found: list[str] = []
    for _ in names:
        page.run(click)
        found.append(page.run(CHOSEN))
    assert found == names
    assert page.run("document.querySelector('#roofline circle.chosen').getAttribute('visibility')") == "visible"
    assert page.run("document.querySelectorAll('#roofline line.limit').length") >= 1


def test_the_address_chooses_a_layer(page: Page, folder: Path) -> None:
    show(page, folder, page_of("resnet18", "HI1"), "#layer2.0.conv1")
    assert page.run(CHOSEN) == "layer2.0.conv1"
    page.run("void (location.hash = '#layer3.0.add1')")
    page.run("new Promise(done => setTimeout(done, 50))")
    assert page.run(CHOSEN) == "layer3.0.add1"
    # What is not there changes nothing, not even where it is no address at all.
    page.run("void (location.hash = '#%E0%A4%A')")
    page.run("new Promise(done => setTimeout(done, 50))")
    assert page.run(CHOSEN) == "layer3.0.add1"


def test_the_table_sorts_by_any_column(page: Page, folder: Path) -> None:
    show(page, folder, page_of("resnet18", "HI1"))
    report = report_of("resnet18", "HI1")
    names = "[...document.querySelectorAll('#layers tbody th')].map(cell => cell.textContent)"
    assert page.run(names) == [layer.name for layer in report.layers]
    page.run("document.querySelector('[data-sort=time]').click()")
    assert page.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "descending"
    ranked = sorted(report.layers, key=lambda layer: -layer.cost.cycles.total)
    assert page.run(names) == [layer.name for layer in ranked]
    # The heading keeps the focus, so that a keyboard can go on; the other way round equals stay in their order.
    assert page.run("document.activeElement.dataset.sort") == "time"
    page.run("document.activeElement.click()")
    assert page.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "ascending"
    assert page.run(names) == [layer.name for layer in sorted(report.layers, key=lambda each: each.cost.cycles.total)]
    page.run("document.querySelector('[data-sort=name]').click()")
    assert page.run(names)[:2] == sorted(page.run(names)[:2])
    page.run("document.querySelector('[data-sort=use]').click()")
    assert page.run("document.querySelector('#layers tbody td:nth-child(8)').textContent").endswith("%")
    assert page.run("document.querySelectorAll('[aria-sort]').length") == 1


def test_the_table_filters_by_words(page: Page, folder: Path) -> None:
    show(page, folder, page_of("resnet18", "HI1"))
    type_into(page, "layer2 conv2d")
    report = report_of("resnet18", "HI1")
    wanted = [layer for layer in report.layers if "layer2" in layer.name and layer.op == "conv2d"]
    assert page.run(SHOWN) == len(wanted)
    assert page.run("document.querySelector('#count').textContent").startswith(
        f"{len(wanted)} of {len(report.layers)} layers"
    )
    page.run("document.querySelector('#unfilter').click()")
    assert page.run(SHOWN) == len(report.layers)
    type_into(page, "<nothing>")
    assert page.run(SHOWN) == 0


def test_a_block_zooms_all_that_run_over_time(page: Page, folder: Path) -> None:
    show(page, folder, page_of("resnet18", "HI1"))
    before = page.run(AXIS)
    assert before[0] == "0"
    block = "[...document.querySelectorAll('#icicle .level1')][2]"
    page.run(f"{block}.dispatchEvent({CLICK})")
    assert page.run(AXIS)[0] != "0"
    assert page.run(AXIS) != before
    assert not page.run("document.querySelector('#whole').disabled")
    page.run("document.querySelector('#whole').click()")
    assert page.run(AXIS) == before
    x, y = middle(page, "#timeline svg")
    page.click(x - 100, y, to=x + 50)
    assert page.run(AXIS) != before
    # A layer that is outside the window brings the whole run back.
    page.run("document.querySelector('#layers tbody tr').click()")
    assert page.run(AXIS) == before


def test_keys_do_what_the_mouse_does(page: Page, folder: Path) -> None:
    report = report_of("resnet18", "HI1")
    names = [layer.name for layer in report.layers]
    show(page, folder, page_of("resnet18", "HI1"), f"#{names[5]}")
    whole = page.run(AXIS)
    page.run("document.querySelector('#icicle').focus()")
    page.press("ArrowRight")
    assert page.run(CHOSEN) == names[6]
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    assert page.run(CHOSEN) == names[4]
    page.press("Enter")
    assert page.run(AXIS) != whole
    page.press("Escape")
    assert page.run(AXIS) == whole


def test_a_finding_shows_its_layers(page: Page, folder: Path) -> None:
    show(page, folder, page_of("resnet50", "HI3"))
    report = report_of("resnet50", "HI3")
    run = shown_run(report)
    linked = [finding for finding in findings_of(run) if finding.layers]
    place = next(place for place, finding in enumerate(linked) if "bound by compute" in finding.text)
    link = f"document.querySelectorAll('.findings a')[{place}]"
    numbers = page.run(f"{link}.dataset.layers.split(',').length")
    page.run(f"{link}.click()")
    assert page.run(SHOWN) == numbers
    assert page.run("document.querySelectorAll('#icicle rect.grouped').length") == numbers
    # A dot for each kind of those that multiply.
    dots = {run.of_layer[layer] for layer in linked[place].layers if report.layers[layer].multiplies}
    assert page.run("document.querySelectorAll('#roofline circle.grouped').length") == len(dots) > 0
    # Its rows can be gone through without losing them.
    page.run("document.querySelectorAll('#layers tbody tr')[1].click()")
    assert page.run(SHOWN) == numbers
    page.run("document.querySelector('#unfilter').click()")
    assert page.run(SHOWN) == len(report_of("resnet50", "HI3").layers)
    assert page.run("document.querySelectorAll('#icicle rect.grouped').length") == 0


def test_machines_side_by_side(page: Page, folder: Path) -> None:
    show(page, folder, page_of("resnet18", "HI1", "HI3"), "#2/conv1")
    assert page.run("document.querySelector('#run-0').hidden")
    assert not page.run("document.querySelector('#run-1').hidden")
    assert page.run(CHOSEN) == "conv1"
    one, two = (report_of("resnet18", machine).layers[0].cost.cycles.total for machine in ("HI1", "HI3"))
    cell = page.run("document.querySelector('#layers tr[aria-current] td.slower').textContent")
    assert cell == f"▲ {one / two:.2f}×"
    assert "HI1" in page.run("document.querySelector('#explain').textContent")
    # The layer stays chosen where the run changes.
    page.run("document.querySelector('button[data-run=\"0\"]').click()")
    assert page.run("decodeURIComponent(location.hash)") == "#1/conv1"
    assert page.run("document.querySelector('#layers tr[aria-current] td.faster').textContent").startswith("▼")
    assert page.run("[...document.querySelectorAll('button[data-run]')].map(b => b.getAttribute('aria-pressed'))") == [
        "true",
        "false",
    ]


def test_names_do_no_harm(page: Page, folder: Path) -> None:
    show(page, folder, render_page([hostile_report(), report_of("lenet5", "HI1")]))
    assert page.run("document.querySelectorAll('script, img').length") == 2
    names = "[...document.querySelectorAll('#layers tbody th')].map(cell => cell.textContent)"
    assert page.run(names) == list(NAMES.values())
    for number in range(3):
        page.run(f"document.querySelectorAll('#layers tbody tr')[{number}].click()")
        assert page.run("document.querySelector('#explain h3').textContent") == list(NAMES.values())[number]
    # Back by the address that the page itself has written.
    address = page.run("location.hash")
    page.run("document.querySelectorAll('#layers tbody tr')[0].click()")
    page.run(f"void (location.hash = {address!r})")
    page.run("new Promise(done => setTimeout(done, 50))")
    assert page.run(CHOSEN) == NAMES["b"]


@pytest.mark.parametrize("width", [360, 700])
def test_a_narrow_window_shows_all(page: Page, folder: Path, width: int) -> None:
    show(page, folder, page_of("resnet18", "HI1", "HI3"), width=width, height=800)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    # No word of a picture is cut at its edges.
    show(page, folder, page_of("resnet50", "HT3", train=True, batch=32), width=width, height=800)
    outside = "r => r.left < p.left - 1 || r.right > p.right + 1"
    for name in ("icicle", "timeline", "roofline", "memory"):
        texts = f"[...document.querySelectorAll('#{name} svg text')].map(text => text.getBoundingClientRect())"
        cut = f"(p => {texts}.filter({outside}).length)(document.querySelector('#{name} svg').getBoundingClientRect())"
        assert page.run(cut) == 0, name


def test_screen_readers_are_told_what_there_is(page: Page, folder: Path) -> None:
    show(page, folder, page_of("resnet18", "HI1", "HI3"))
    named = "[...document.querySelectorAll('{}')].every(e => (e.getAttribute('aria-label') || e.textContent).trim())"
    for what in ("button", "a", "th[scope]", "[role=group]", "section", "summary"):
        assert page.run(named.format(what)), what
    assert page.run("[...document.querySelectorAll('svg')].every(e => e.getAttribute('aria-hidden') === 'true')")
    levels = page.run("[...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
    labels = page.run("[...document.querySelectorAll('[aria-labelledby]')].map(e => e.getAttribute('aria-labelledby'))")
    assert all(page.run(f"document.getElementById({label!r}) !== null") for label in labels)
    assert page.run("document.querySelector('label input') !== null")


def test_it_prints(page: Page, folder: Path, tmp_path: Path) -> None:
    show(page, folder, page_of("resnet18", "HI1"))
    page.print_to(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.run("getComputedStyle(document.querySelector('#filter').parentElement).display") == "none"
    assert page.run("getComputedStyle(document.querySelector('#layers')).display") == "table"
    page.call("Emulation.setEmulatedMedia", media="")


def test_a_run_that_costs_nothing_has_no_pictures(page: Page, folder: Path) -> None:
    empty = make_report(simdc.compile(Network(parse_dsl(NOTHING, "n.dsl", 1)), simdc.load_hardware("HI1")))
    show(page, folder, render_page([empty, report_of("lenet5", "HI1")]))
    assert page.run("document.querySelector('#charts').hidden")
    assert not page.run("document.querySelector('#nothing').hidden")
    page.run("document.querySelector('button[data-run=\"1\"]').click()")
    assert not page.run("document.querySelector('#charts').hidden")
    assert page.run(SHOWN) == len(report_of("lenet5", "HI1").layers)
    page.run("document.querySelector('button[data-run=\"0\"]').click()")
    assert page.run("document.querySelector('#charts').hidden")
