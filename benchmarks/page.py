"""Tables in docs/performance.md that benchmarks write, between marks."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs/performance.md"


def put(script: str, text: str) -> None:
    """Put `text` where the page has a place for what `script` writes."""
    begin, end = f"<!-- written by benchmarks/{script} -->\n", "<!-- end of what it writes -->\n"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    page = PAGE.read_text(encoding="utf-8")
    assert found.search(page), f"{PAGE} has no place for what {script} writes"
    PAGE.write_text(found.sub(lambda _: f"{begin}\n{text}\n{end}", page), encoding="utf-8")
