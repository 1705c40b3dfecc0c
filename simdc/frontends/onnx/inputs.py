"""The network's inputs: which of a file's inputs are data, which are weights, and which are settings."""

from __future__ import annotations

from collections.abc import Collection
from math import prod

import numpy as np

from simdc.errors import SimdcError, suggestion
from simdc.named import NamedTuple

from .constant import FLOATS, Constant, ValueOrigin, known
from .constant_nodes import KINDS
from .graph import Graph, Node, Shaped
from .model_file import missing
from .places import Readers, is_read_at, readers_of, stripped_weights
from .symbols import Symbols
from .table import SETTINGS

STRING = 8


class Inputs(NamedTuple):
    """`images` are shapes of the network's inputs by name, `elements` ONNX's numbers of their types; `constants` are
    weights of which the file has the shape only or that the user names, and settings; `symbols` know the batch. `notes`
    say what the file left open."""

    symbols: Symbols
    images: dict[str, tuple[int, ...]]
    elements: dict[str, int]
    constants: dict[str, Constant]
    batch: int
    notes: list[str]


def find_inputs(graph: Graph, nodes: list[Node], symbols: Symbols, weights: Collection[str] | None) -> Inputs:
    """Tell data from weights and give every input its sizes. `weights` are the inputs that the user calls weights; None
    leaves it to the file. Raises SimdcError naming each size that is open."""
    used = {name for node in nodes for name in node.reads()} | set(graph.outputs)
    given = [value for value in graph.inputs if value.name not in graph.initializers and value.name in used]
    readers = readers_of(nodes)
    _refuse_unknown(weights, given, graph, symbols.file)
    settings = {value.name: _setting(value, symbols) for value in given if _is_setting(value, symbols, readers)}
    constants = {name: graph.initializers[name].given() for name in graph.initializers.keys() & set(weights or ())}
    constants |= settings
    rest = [value for value in given if value.name not in settings]
    taken = set(weights) if weights is not None else stripped_weights(rest, graph, nodes, readers)
    constants |= {value.name: _weight(value, symbols) for value in rest if value.name in taken}
    undescribed = _undeclared(graph, nodes, used, symbols)
    constants |= {value.name: _weight(value, symbols) for value in undescribed}
    images = [value for value in rest if value.name not in taken]
    if not images:
        raise SimdcError("has no inputs: nothing in it depends on data", file=symbols.file)
    for value in images:
        _check(value, symbols.file)
    symbols, first = symbols.with_batch(images)
    shapes = {value.name: symbols.resolved(value) for value in images}
    others = [*undescribed, *(value for value in given if value.name in constants)]
    symbols.refuse_open(images, others, symbols.bindings.keys() & settings.keys())
    found = {name: shape for name, shape in shapes.items() if shape is not None}
    batch = 1 if first is None else found[first.name][0]
    notes: list[str] = []
    guessed = sorted(taken) if weights is None else []
    if guessed:
        notes.append(f"inputs taken for weights, for the file holds none: {', '.join(guessed)} (--weights says which)")
    if undescribed:
        notes.append(f"taken for weights, for nothing makes them: {', '.join(value.name for value in undescribed)}")
    return Inputs(symbols, found, {value.name: value.element for value in images}, constants, batch, notes)


def _is_setting(value: Shaped, symbols: Symbols, readers: Readers) -> bool:
    """A single number, or whole numbers that say how nodes compute."""
    if value.shape is not None and (not value.shape or (value.name in symbols.bindings and value.shape == (1,))):
        return True
    return value.element not in FLOATS and is_read_at(value.name, readers, SETTINGS)


def _setting(value: Shaped, symbols: Symbols) -> Constant:
    shape = value.shape or ()
    number = symbols.bindings.get(value.name)
    if number is not None:
        kind = KINDS.get(value.element)
        if kind is None or symbols.resolved(value) not in ((), (1,)):
            message = f"--bind {value.name}: the input has shape {list(shape)}, and a value is bound to a single number"
            raise SimdcError(message, file=symbols.file)
        try:
            return known(value.name, np.full(tuple(1 for _ in shape), number, kind), value.element)
        except OverflowError:
            message = f"--bind {value.name}={number}: the input is of type {kind}, which has no such number"
            raise SimdcError(message, file=symbols.file) from None
    if not shape:
        message = (
            f"input '{value.name}' has no dimensions, not even a batch: export the model with its shape or, if it is "
            f"a number by which the network is built, give it: --bind {value.name}=N"
        )
        raise SimdcError(message, file=symbols.file)
    return _weight(value, symbols)


def _weight(value: Shaped, symbols: Symbols) -> Constant:
    sizes = [
        size if isinstance(size, int) else symbols.size(size, value.name, at)
        for at, size in enumerate(value.shape or ())
    ]
    shape = tuple(size for size in sizes if size is not None)
    if value.shape is None or len(shape) < len(sizes):
        raise SimdcError(f"the weight '{value.name}' has no sizes: its shape is open", file=symbols.file)
    origin = ValueOrigin.GIVEN if value.element in FLOATS else ValueOrigin.COMPUTED
    read = missing(value.name, symbols.file)
    return Constant(value.name, shape, value.element, {value.name: prod(shape)}, read, origin)


def _undeclared(graph: Graph, nodes: list[Node], used: set[str], symbols: Symbols) -> list[Shaped]:
    """Weights that were taken out of the file and left their shape there."""
    made = {name for node in nodes for name in node.outputs} | graph.initializers.keys()
    found: list[Shaped] = []
    for name in sorted(used - made - {value.name for value in graph.inputs}):
        value = graph.described.get(name)
        if value is None or symbols.resolved(value) is None:
            message = f"'{name}' is read, but is no input, no weight and the result of no node"
            raise SimdcError(message, file=symbols.file)
        found.append(value)
    return found


def _refuse_unknown(weights: Collection[str] | None, given: list[Shaped], graph: Graph, file: str) -> None:
    known_names = [*(value.name for value in given), *graph.initializers]
    for name in weights or ():
        if name not in known_names:
            hint = suggestion(name, known_names)
            raise SimdcError(
                f"--weights {name}: no input or weight that the network reads is called that{hint}", file=file
            )


def _check(value: Shaped, file: str) -> None:
    if value.shape is None:
        raise SimdcError(
            f"input '{value.name}' has no shape: export the model with the shapes of its inputs", file=file
        )
    if value.element == STRING:
        raise SimdcError(f"input '{value.name}' holds text, and simdc costs arithmetic on numbers", file=file)
