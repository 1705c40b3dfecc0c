"""Take the picture of docs/reading-a-report.md: the page of ResNet-50 on HI3 in a headless Chromium.

python docs/shoot_report.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from simdc.cli import main

PICTURE = Path(__file__).parent / "pictures/report.png"
PAGE = ["report", "resnet50", "--hw", "HI3"]
CHOSEN = "layer1.0.add1"
SIZE = "1180,1375"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def shoot(browser: str, picture: Path) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = Path(folder, "report.html")
        if main([*PAGE, "-o", str(page)]):
            raise SystemExit("there is no page")
        command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={folder}/browser", f"--window-size={SIZE}", f"--screenshot={picture}"]
        subprocess.run([*command, f"{page.as_uri()}#{CHOSEN}"], check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    found = next((name for name in BROWSERS if shutil.which(name)), None)
    if found is None:
        print("no Chromium: pictures/report.png stays as it is", file=sys.stderr)
    else:
        shoot(found, PICTURE)
