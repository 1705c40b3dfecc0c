"""For mkdocs: brings the files of the repository that pages link to, such as `../examples/autotuner.py`, into the site."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\]\(\.\./([^)#]+)")


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add each linked file, and for a linked folder its files and a page that lists them."""
    for page in files.documentation_pages():
        for target in LINK.findall(page.content_string) if _is_on_top(page) else ():
            path = ROOT / target
            if path.is_file():
                _add(files, config, target)
                continue
            inside = sorted(each for each in path.rglob("*.*") if each.is_file() and each.suffix != ".pyc")
            names = [each.relative_to(path).as_posix() for each in inside]
            for name in names:
                _add(files, config, f"{target}/{name}")
            rows = "".join(f"* [{name}]({name})\n" for name in names)
            _add(files, config, f"{target}/index.md", f"# {target}\n\n{rows}")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The files stand below the pages in the site."""
    if not _is_on_top(page.file):
        return markdown
    return LINK.sub(lambda found: f"]({_place(found[1])}", markdown)


def _is_on_top(file: File) -> bool:
    return "/" not in file.src_uri


def _place(target: str) -> str:
    return target if (ROOT / target).is_file() else f"{target}/index.md"


def _add(files: Files, config: MkDocsConfig, target: str, content: str | None = None) -> None:
    if files.get_file_from_path(target) is not None:
        return
    source = {"abs_src_path": str(ROOT / target)} if content is None else {"content": content}
    inclusion = InclusionLevel.NOT_IN_NAV
    files.append(File.generated(config, target, inclusion=inclusion, **source))
