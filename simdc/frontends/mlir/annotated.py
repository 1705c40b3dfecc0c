"""A module of another compiler, written again with what its ops cost: it keeps its own IR."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from io import StringIO
from typing import TypeAlias

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FloatAttr, IntegerAttr, StringAttr, f64, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation
from xdsl.printer import Printer

from .importer import import_module
from .module_text import parse_foreign

Note: TypeAlias = "Mapping[str, int | float | str]"
COST, PART_OF = "simdc.cost", "simdc.in"
FOOTER = "{-#"
"""How the data of resources begins, behind all ops."""


def annotated_module(
    text: str,
    file: str,
    weights: Collection[str] | None,
    bind: Mapping[str, int],
    notes: Mapping[str, Note],
    parts: Mapping[str, str],
    total: Note,
) -> str:
    """The module of `text` in the generic form. An op that became layers has `simdc.cost`, the sum of their `notes`;
    one that is part of layers has their names in `simdc.in`. `notes` are by layer; `parts` give for what became part of
    a layer that layer's name; the module has `total`. Raises SimdcError."""
    module = parse_foreign(text, file)
    for op in module.walk():
        for stale in (COST, PART_OF):
            op.attributes.pop(stale, None)
    owned: dict[Operation, list[str]] = {}
    shared: dict[Operation, list[str]] = {}
    owners: dict[str, Operation] = {}
    for layer, op in import_module(module, file, None, weights, bind).made:
        whole = parts.get(layer, layer)
        if whole not in notes:
            continue
        is_owner = whole == layer and owners.setdefault(layer, op) is op
        into = (owned if is_owner else shared).setdefault(op, [])
        if whole not in into:
            into.append(whole)
    for op in [each for each in module.walk() if isinstance(each, FuncOp)]:
        _share_with_readers(op, owned, shared)
    for op, layers in owned.items():
        op.attributes[COST] = _cost([notes[layer] for layer in layers])
    for op, layers in shared.items():
        op.attributes[PART_OF] = ArrayAttr([StringAttr(layer) for layer in layers])
    module.attributes[COST] = _dictionary(total)
    return _printed(module, text)


def _share_with_readers(
    function: FuncOp, owned: Mapping[Operation, Sequence[str]], shared: dict[Operation, list[str]]
) -> None:
    """An op that is no layer, such as a view, a border or what sums start from, is part of those that read it."""
    for block in function.body.blocks:
        for op in reversed(list(block.ops)):
            if op in owned or op in shared or not op.operands:
                continue
            layers = [layer for reader in _readers(op) for layer in (*owned.get(reader, ()), *shared.get(reader, ()))]
            if layers:
                shared[op] = list(dict.fromkeys(layers))


def _readers(op: Operation) -> Iterator[Operation]:
    """Ops beside `op` that read it, or have an op inside that does."""
    for result in op.results:
        for use in result.uses:
            reader: Operation | None = use.operation
            while reader is not None and reader.parent is not op.parent:
                reader = reader.parent_op()
            if reader is not None:
                yield reader


def _cost(notes: Sequence[Note]) -> DictionaryAttr:
    """Of an op that is several layers, as one of a function that is called twice: their counts added."""
    if len(notes) == 1:
        return _dictionary(notes[0])
    # Shares such as `utilization`, and words, have no sum; the layers' names stand in a row.
    known = [key for key in notes[0] if all(key in note for note in notes)]
    counts = [key for key in known if key.startswith(("cycles", "macs")) or key.endswith(("_cycles", "_bits", "_pj"))]
    summed: dict[str, int | float | str] = {"layer": ", ".join(str(note["layer"]) for note in notes)}
    for key in counts:
        summed[key] = sum(value for note in notes if not isinstance(value := note[key], str))
    return _dictionary(summed)


def _dictionary(note: Note) -> DictionaryAttr:
    return DictionaryAttr({key: _attribute(value) for key, value in note.items()})


def _attribute(value: float | str) -> Attribute:
    match value:
        case str():
            return StringAttr(value)
        case int():
            return IntegerAttr(value, i64)
        case _:
            return FloatAttr(value, f64)


def _printed(module: Operation, text: str) -> str:
    stream = StringIO()
    Printer(stream, print_generic_format=True).print_op(module)
    # What the parser keeps of resources is their names: their data is copied as it was written.
    start = text.rfind(FOOTER)
    return stream.getvalue() + "\n" + (f"\n{text[start:].rstrip()}\n" if start >= 0 else "")
