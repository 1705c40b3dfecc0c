"""Take the pictures of reports that README.md and the pages show, in a headless Chromium: ResNet-50 on HI3, and on
three machines, one of which the README describes.

python docs/shoot_report.py
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from run_pages import ROOT, blocks

from simdc.cli import main

FOLDER = Path(__file__).parent / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHEET = "edge.json"


class Picture(NamedTuple):
    """What is shot: the page of these networks and machines, with this layer chosen, in a window of this size."""

    file: str
    runs: str
    chosen: str
    size: str


PICTURES = (
    Picture("report.png", "resnet50 --hw HI3", "layer1.0.add1", "1180,1375"),
    Picture("three.png", f"resnet50 --hw HI1 HI3 {SHEET}", "3/conv1", "1180,1180"),
)


def shoot(browser: str, picture: Picture, folder: Path) -> None:
    page = folder / "page.html"
    # The page shows the command as somebody types it who is there.
    with contextlib.chdir(folder):
        if main(["report", *picture.runs.split(), "-o", page.name]):
            raise SystemExit("there is no page")
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={folder}/browser", f"--window-size={picture.size}"]
    command += [f"--screenshot={FOLDER / picture.file}", f"{page.as_uri()}#{picture.chosen}"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def shoot_all(browser: str) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, readme = Path(name), (ROOT / "README.md").read_text(encoding="utf-8")
        (sheet,) = [block.text for block in blocks(readme) if block.title == SHEET]
        (folder / SHEET).write_text(sheet, encoding="utf-8")
        for picture in PICTURES:
            shoot(browser, picture, folder)


if __name__ == "__main__":
    found = next((name for name in BROWSERS if shutil.which(name)), None)
    if found is None:
        print("no Chromium: docs/pictures stay as they are", file=sys.stderr)
    else:
        shoot_all(found)
