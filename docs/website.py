"""For mkdocs: what is different on the website from the pages in the repository.

Files that pages link to, such as `../examples/autotuner.py`, come into it; notebooks become pages; equations become
MathML, which browsers draw by themselves; the first page shows the README's table of peers. mkdocs calls these
functions. It is imported when they need it: whoever checks types may not have it.
"""

from __future__ import annotations

import re
import runpy
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\]\(\.\./([^)#]+)")
NESTED = re.compile(r"^ {3}(?=\* )", re.MULTILINE)
"""A list in a numbered list: mkdocs wants four spaces."""
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
MATH = re.compile(r"\$\$\n?(.+?)\n?\$\$|(?<![\\$\w])\$([^$\n]+)\$(?![\w$])", re.DOTALL)
"""As GitHub reads it: `$$...$$` on lines of its own, `$...$` within one."""
PEERS = "<!-- the README's table of peers -->"


def on_files(files: Any, config: Any) -> None:
    """Add the notebooks as pages, each linked file, and for a linked folder its files and a page that lists them."""
    notebooks = runpy.run_path(str(ROOT / "docs/run_notebooks.py"))
    for path in notebooks["notebooks"]():
        text = path.read_text(encoding="utf-8")
        _add(files, config, f"notebooks/{path.stem}.md", content=notebooks["as_page"](text))
    for page in files.documentation_pages():
        for target in LINK.findall(page.content_string) if _is_on_top(page) else ():
            path = ROOT / target
            if path.is_file():
                _add(files, config, target, abs_src_path=str(path))
                continue
            inside = sorted(each for each in path.rglob("*.*") if each.is_file() and each.suffix != ".pyc")
            names = [each.relative_to(path).as_posix() for each in inside]
            for name in names:
                _add(files, config, f"{target}/{name}", abs_src_path=str(path / name))
            rows = "".join(f"* [{name}]({name})\n" for name in names)
            _add(files, config, f"{target}/index.md", content=f"# {target}\n\n{rows}")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Linked files stand below the pages."""
    markdown = with_mathml(NESTED.sub("    ", markdown)).replace(PEERS, peers())
    return LINK.sub(lambda found: f"]({_place(found[1])}", markdown) if _is_on_top(page.file) else markdown


def on_pre_build(config: Any) -> None:
    """The network language has colours wherever Pygments knows it, which it does where simdc is installed anew."""
    known = import_module("pygments.lexers").LEXERS
    lexer = import_module("simdc.frontends.dsl.highlight").NetworkLexer
    known["NetworkLexer"] = (lexer.__module__, lexer.name, lexer.aliases, lexer.filenames, ())


def with_mathml(markdown: str) -> str:
    """The text with its equations as MathML. Code stays as it is."""
    convert = import_module("latex2mathml.converter").convert

    def equation(found: re.Match[str]) -> str:
        if found[1]:
            return f'<div style="overflow-x: auto; margin: 1em 0">{convert(found[1], display="block")}</div>'
        return convert(found[2])

    start, parts = 0, list[str]()
    for code in CODE.finditer(markdown):
        parts += (MATH.sub(equation, markdown[start : code.start()]), code[0])
        start = code.end()
    return "".join((*parts, MATH.sub(equation, markdown[start:])))


def peers() -> str:
    """The README's table that compares simdc with other tools, its links as this folder has them."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^\| \| simdc \|.*?(?=^$)", readme, re.MULTILINE | re.DOTALL)
    assert table is not None, "the README has no table of peers"
    return table[0].replace("](docs/", "](")


def _is_on_top(file: Any) -> bool:
    return "/" not in file.src_uri


def _place(target: str) -> str:
    return target if (ROOT / target).is_file() else f"{target}/index.md"


def _add(files: Any, config: Any, target: str, **source: str) -> None:
    if files.get_file_from_path(target) is None:
        structure = import_module("mkdocs.structure.files")
        inclusion = structure.InclusionLevel.NOT_IN_NAV
        files.append(structure.File.generated(config, target, inclusion=inclusion, **source))
