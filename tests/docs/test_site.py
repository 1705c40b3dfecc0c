"""The website: whole, without a request to anywhere, and no page wider than its window."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.report.browser import browser_path, open_browser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
pytestmark = pytest.mark.skipif(find_spec("mkdocs") is None, reason="needs the extra 'docs'")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    # Not --quiet: it hides warnings from --strict.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def test_pages_make_a_website_that_loads_nothing_from_the_net(site: Path) -> None:
    html = [text_of(path) for path in site.rglob("*.html")]
    assert len(html) >= len(PAGES)
    for tag in re.findall(r"<(?:script|img|link|iframe)\b[^>]*>", "".join(html)):
        assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", tag), tag
    assert 'id="simdc.cost.Tiling"' in text_of(site / "api/cost.html")
    assert (site / "examples/autotuner.py").exists()
    assert "$" not in re.sub(r"<(script|code|pre)\b.*?</\1>", "", text_of(site / "model.html"), flags=re.DOTALL)
    assert text_of(site / "model.html").count('display="block"') >= 10
    assert '<span class="nf">conv</span>' in text_of(site / "dsl.html")
    assert "SCALE-Sim v3</th>" in text_of(site / "index.html")


@pytest.mark.skipif(browser_path() is None, reason="needs Chromium: apt-get install chromium")
def test_no_page_is_wider_than_its_window(site: Path) -> None:
    # Telephones, tablets, desks. The page for what is not found has its style at the root of a server.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open_browser(Path(folder)) as page:
        for path in sorted(site.rglob("*.html")):
            if path.name == "404.html":
                continue
            page.open(path, width=360)
            for width in (360, 768, 1280):
                page.call(
                    "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
                )
                assert page.run("document.documentElement.scrollWidth <= innerWidth"), (path.name, width)
