"""Write what is said of the layers elsewhere from their signatures: the tables of docs/dsl.md, the JSON Schema of
network graphs, and the types of the Python interface.

python docs/generate_layers.py
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from simdc.frontends.graph_schema import graph_schema
from simdc.ir.layer_table import layer_table
from simdc.ir.layers import LayerKind, Parameter
from simdc.ir.signatures import help_of, inputs_text, option_text, signature_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "dsl.md"
SCHEMA = ROOT / "simdc" / "frontends" / "network-graph.schema.json"
BUILDER = ROOT / "simdc" / "network_builder.py"
FILES = ROOT / "simdc" / "ir" / "layer_files.py"
FILES_HEAD = '''"""The file of each layer, so that a network loads no others. Made by docs/generate_layers.py."""

LAYER_FILES = {
'''
STUB = BUILDER.with_suffix(".pyi")
WIDTH = 120
STUB_HEAD = '''"""Networks written in Python, a method for every layer. Made by docs/generate_layers.py."""
from collections.abc import Sequence
from typing import Literal

from simdc.api import Network
from simdc.errors import SimdcError
'''
BEGIN, END = "<!-- layers: made by docs/generate_layers.py -->\n", "<!-- end of layers -->\n"


def page(text: str, layers: dict[str, LayerKind]) -> str:
    """docs/dsl.md with the tables of today."""
    tables = "\n".join([BEGIN, *_layer_rows(layers), "", *_kind_rows(layers), "", END])
    return re.sub(f"{BEGIN}.*{END}", lambda _: tables, text, flags=re.DOTALL)


def schema(layers: dict[str, LayerKind]) -> str:
    return _json(graph_schema(layers.values())) + "\n"


def files(layers: dict[str, LayerKind]) -> str:
    """Which file each layer is in, so that a network loads no others."""
    lines = [f'    "{name}": "{kind.build.__module__}",\n' for name, kind in layers.items()]
    return FILES_HEAD + "".join(lines) + "}\n"


def stub(layers: dict[str, LayerKind]) -> str:
    """What type checkers see of the Python interface: its public names, and a method for each layer."""
    tree = ast.parse(BUILDER.read_text(encoding="utf-8"))
    public = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for node in public:
        node.decorator_list = []
        # How its values are made is nobody's business outside.
        if any(isinstance(base, ast.Name) and base.id == "Frozen" for base in node.bases):
            node.bases, node.keywords = [], []
        node.body = [part for part in node.body if _is_public(part)]
        for method in node.body:
            if isinstance(method, ast.FunctionDef):
                method.body = method.body[:1] if ast.get_docstring(method) else ast.parse("...").body
        if node.name == "NetworkBuilder":
            node.body += ast.parse("\n".join(map(_method, layers.values()))).body
    text = STUB_HEAD + ast.unparse(ast.Module(list[ast.stmt](public), []))
    formatted = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(STUB), "-"]
    return subprocess.run(formatted, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def _is_public(part: ast.stmt) -> bool:
    return isinstance(part, ast.Expr) or (
        isinstance(part, ast.FunctionDef) and (not part.name.startswith("_") or part.name == "__init__")
    )


def _method(kind: LayerKind) -> str:
    parts = ["self"]
    for each in signature_of(kind).parameters.values():
        if each.kind is each.KEYWORD_ONLY and "*" not in parts and kind.inputs is not None:
            parts += ["/", "*"]
        star = "*" if each.kind is each.VAR_POSITIONAL else ""
        default = "" if each.default is inspect.Parameter.empty else f" = {each.default!r}"
        parts.append(f"{star}{each.name}: {each.annotation}{default}")
    return f"def {kind.name}({', '.join(parts)}) -> Tensor:\n    {help_of(kind)!r}"


def _layer_rows(layers: dict[str, LayerKind]) -> Iterator[str]:
    yield from ("| layer | options | |", "|---|---|---|")
    for kind in layers.values():
        options = ", ".join(_option(kind, name, parameter) for name, parameter in kind.options.items())
        yield f"| `{kind.name}({inputs_text(kind)})` | {options} | {kind.text.rstrip('.')} |"


def _option(kind: LayerKind, name: str, parameter: Parameter) -> str:
    notes = [parameter.option.meaning] if parameter.option.kind == "word" else []
    notes += filter(None, [parameter.note])
    return f"`{option_text(kind, name)}`" + (f" ({'; '.join(notes)})" if notes else "")


def _kind_rows(layers: dict[str, LayerKind]) -> Iterator[str]:
    options = {each.option.kind: each.option for kind in layers.values() for each in kind.options.values()}
    yield from ("| type | a value of it |", "|---|---|")
    for name, option in sorted(options.items()):
        if name != "word":
            yield f"| `{name}` | {option.meaning} |"


def _json(value: object, indent: str = "") -> str:
    """What fits a line stands in one."""
    line, inner = json.dumps(value), indent + "  "
    if len(indent) + len(line) <= WIDTH or not isinstance(value, (dict, list)):
        return line
    if isinstance(value, list):
        parts = [_json(each, inner) for each in cast("list[object]", value)]
    else:
        parts = [f"{json.dumps(key)}: {_json(each, inner)}" for key, each in cast("dict[str, object]", value).items()]
    begin, end = ("[", "]") if isinstance(value, list) else ("{", "}")
    return f"{begin}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{end}"


def written() -> dict[Path, str]:
    """Each file and what it shall hold."""
    layers = layer_table()
    text = PAGE.read_text(encoding="utf-8")
    return {PAGE: page(text, layers), SCHEMA: schema(layers), STUB: stub(layers), FILES: files(layers)}


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
