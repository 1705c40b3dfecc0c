"""Runs the notebooks of examples/notebooks and stores what their cells show.

    python docs/run_notebooks.py

A cell shows what it prints and, if its last line is an expression, its value: as a table or picture where the value
draws itself (`_repr_html_`, `_repr_svg_`), and as text. Jupyter is not needed; it opens what is stored.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "examples/notebooks"
FORMS = {"text/html": "_repr_html_", "image/svg+xml": "_repr_svg_", "text/plain": "__repr__"}


def notebooks() -> list[Path]:
    return sorted(FOLDER.glob("*.ipynb"))


def renewed(text: str) -> str:
    """The notebook with the outputs that its cells have now. Raises what a cell raises."""
    notebook = json.loads(text)
    names: dict[str, Any] = {"__name__": "__main__"}
    # As for the scripts beside it, which a notebook may import.
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        number = 0
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                number += 1
                cell |= {"execution_count": number, "outputs": _outputs("".join(cell["source"]), names, number)}
    finally:
        sys.path.remove(str(ROOT / "examples"))
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _outputs(source: str, names: dict[str, Any], number: int) -> list[dict[str, Any]]:
    body = ast.parse(source).body
    last: ast.expr | None = None
    match body:
        case [*body, ast.Expr(last)]:
            pass
        case _:
            pass
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), f"<cell {number}>", "exec"), names)
        value = eval(compile(ast.Expression(last), f"<cell {number}>", "eval"), names) if last else None
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(printed.getvalue())})
    if value is not None:
        data = {form: _lines(getattr(value, draw)()) for form, draw in FORMS.items() if hasattr(value, draw)}
        outputs.append({"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"})
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def as_page(text: str) -> str:
    """The notebook as a page: cells as code, below each what it shows."""
    parts: list[str] = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for output in cell.get("outputs", ()):
            data = output.get("data", {"text/plain": output.get("text", ())})
            form = next(form for form in (*FORMS, "text/plain") if form in data)
            shown = "".join(data[form])
            parts.append(f"```text\n{shown.rstrip()}\n```" if form == "text/plain" else f"<div>{shown}</div>")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    for path in notebooks():
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
