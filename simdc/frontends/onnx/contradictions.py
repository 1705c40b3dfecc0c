"""What a file says twice, and differently, is refused: nobody knows which of the two is meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from simdc.errors import SimdcError

from .constant import Constant
from .graph import Dimension, Graph, Node, Shaped
from .symbols import Symbols

T = TypeVar("T", Constant, Shaped)


def by_name(what: str, entries: Iterable[T], file: str) -> dict[str, T]:
    """Entries that must have names of their own. Raises SimdcError naming both of one name."""
    found: dict[str, T] = {}
    for entry in entries:
        first = found.setdefault(entry.name, entry)
        if first is not entry:
            raise SimdcError(f"has two {what}s '{entry.name}', of shapes {_text(first)} and {_text(entry)}", file=file)
    return found


def check_descriptions(described: Iterable[Shaped], file: str) -> None:
    """Raise SimdcError where two descriptions of one value have other sizes."""
    known: dict[str, Shaped] = {}
    for entry in described:
        first = known.setdefault(entry.name, entry)
        if first.shape is not None and entry.shape is not None and not _agree(first.shape, entry.shape):
            raise SimdcError(f"says of '{entry.name}' both {_text(first)} and {_text(entry)}", file=file)


def check_stored(graph: Graph, file: str) -> None:
    """Raise SimdcError for a weight or an input that a node makes, too, and for a weight that is listed as an input of
    other sizes."""
    for value in graph.inputs:
        stored = graph.initializers.get(value.name)
        if stored is not None and value.shape is not None and not _agree(value.shape, stored.shape):
            message = f"says of '{value.name}' both {_text(value)}, as an input, and {_text(stored)}, as a weight"
            raise SimdcError(message, file=file)
    given = {value.name: "an input" for value in graph.inputs} | dict.fromkeys(
        graph.initializers, "a weight of the file"
    )
    for node in graph.nodes:
        for name in node.outputs:
            if name in given:
                raise SimdcError(f"makes '{name}', which is {given[name]}", file=file, path=node.place)


def check_result(name: str, shape: Sequence[int], stated: Shaped | None, symbols: Symbols, node: Node) -> None:
    """Raise SimdcError where the file says another shape of a result than the node makes.

    Sizes that the file has a name for are free. So is the first where another batch than the file's is asked for, or
    the file leaves the batch open: exporters leave theirs behind.
    """
    if stated is None or stated.shape is None:
        return
    free = symbols.rebatch is not None or bool(symbols.sizes)
    if not _agree(stated.shape, tuple(shape), free_first=free, scale=symbols.rebatch):
        message = f"makes '{name}' of shape {list(shape)}, and the file says {_text(stated)} of it"
        raise SimdcError(message, file=symbols.file, path=node.place)


def _agree(
    one: Sequence[Dimension],
    other: Sequence[Dimension],
    *,
    free_first: bool = False,
    scale: tuple[int, int] | None = None,
) -> bool:
    """Whether no size contradicts. With `scale`, (batch of the file, batch asked for), a size may have grown by it."""
    if len(one) != len(other):
        return False
    written, asked = scale or (1, 1)
    return all(
        not isinstance(a, int) or not isinstance(b, int) or a == b or a * asked == b * written
        for a, b in list(zip(one, other, strict=True))[1 if free_first else 0 :]
    )


def _text(value: Constant | Shaped) -> str:
    return f"[{', '.join('?' if size is None else str(size) for size in value.shape or ())}]"
