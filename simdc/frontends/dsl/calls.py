"""Arguments of a call to the parameters they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from xdsl.ir import SSAValue

from simdc.ir.layers import LayerKind
from simdc.named import NamedTuple

from .errors import DslError, Place, listing, shorten, similar
from .syntax import BlockText
from .values import Value, describe


class Given(NamedTuple):
    """An argument as it was evaluated."""

    place: Place
    keyword: str | None
    value: Value


class LayerCall(NamedTuple):
    inputs: tuple[SSAValue, ...]
    arguments: Mapping[str, object]
    places: dict[str, Place]
    """Of the arguments, so that the builder's complaints can point at them."""


def take_name(given: Sequence[Given]) -> tuple[Given | None, list[Given]]:
    """Split `name="..."` off, which every layer and block takes."""
    name: Given | None = None
    rest: list[Given] = []
    for each in given:
        if each.keyword != "name":
            rest.append(each)
        elif name is not None:
            raise DslError("name is given twice; remove one of them", each.place)
        elif not isinstance(each.value, str):
            raise DslError(f'name needs a string, got {describe(each.value)}; write name="..."', each.place)
        else:
            name = each
    return name, rest


def bind_layer(layer: LayerKind, given: Sequence[Given], place: Place) -> LayerCall:
    """Tensors come first, then the layer's parameters by position or keyword."""
    kind, count = layer.name, layer.inputs
    leading = [each for each in given if each.keyword is None]
    if count is None:
        count = max(
            2, next((i for i, each in enumerate(leading) if not isinstance(each.value, SSAValue)), len(leading))
        )
    inputs: list[SSAValue] = []
    for each in leading[:count]:
        if not isinstance(each.value, SSAValue):
            message = f"{kind} needs {_tensors(layer)} first, got {describe(each.value)} for number {len(inputs) + 1}"
            raise DslError(f"{message}; write '{_pattern(kind, count)}'", each.place)
        inputs.append(each.value)
    if len(inputs) < count:
        message = f"{kind} needs {_tensors(layer)} to work on, got {len(inputs)}; write '{_pattern(kind, count)}'"
        raise DslError(message, place)
    bound = _bind(kind, f"{kind} takes {_takes(layer)}", layer.parameters, [*leading[count:], *_keywords(given)])
    for option, each in bound.items():
        if isinstance(each.value, SSAValue):
            message = f"{option} of {kind} is a number or a list, got a tensor; {kind} takes {_takes(layer)}"
            raise DslError(message, each.place)
    missing = [option for option in layer.required if option not in bound]
    if missing:
        raise DslError(f"{kind} needs {listing(missing)} too; it takes {_takes(layer)}", place)
    # Messages show a list as it was written.
    arguments = {
        option: list(each.value) if isinstance(each.value, tuple) else each.value for option, each in bound.items()
    }
    return LayerCall(tuple(inputs), arguments, {option: each.place for option, each in bound.items()})


def bind_block(block: BlockText, given: Sequence[Given], place: Place) -> dict[str, Value]:
    """Values of the parameters that the call gives; the others have defaults."""
    names = [parameter.name for parameter in block.parameters]
    positional = [each for each in given if each.keyword is None]
    bound = _bind(block.name, f"block {block.name} takes {listing(names)}", names, [*positional, *_keywords(given)])
    missing = [each.name for each in block.parameters if each.default is None and each.name not in bound]
    if missing:
        message = f"block {block.name} needs {listing(missing)} too; it takes {listing(names)}"
        raise DslError(message, place)
    return {name: each.value for name, each in bound.items()}


def _keywords(given: Sequence[Given]) -> list[Given]:
    """The keyword arguments, none of which may be followed by a positional one."""
    for before, after in pairwise(given):
        if before.keyword is not None and after.keyword is None:
            message = f"this argument has no keyword but follows '{before.keyword}='; move it before the keywords"
            raise DslError(message, after.place)
    return [each for each in given if each.keyword is not None]


def _bind(callee: str, takes: str, parameters: Sequence[str], given: Sequence[Given]) -> dict[str, Given]:
    bound: dict[str, Given] = {}
    for index, each in enumerate(given):
        if each.keyword is None and index >= len(parameters):
            raise DslError(f"{callee} got too many arguments, here {describe(each.value)}; {takes}", each.place)
        name = parameters[index] if each.keyword is None else each.keyword
        if name not in parameters:
            close = similar(name, parameters)
            raise DslError(f"{callee} has no option '{shorten(name)}'{close or f'; {takes}'}", each.place)
        if name in bound:
            raise DslError(f"{callee} gets {name} twice; remove one of them", each.place)
        bound[name] = each
    return bound


def _tensors(layer: LayerKind) -> str:
    return {None: "two tensors or more", 1: "a tensor"}.get(layer.inputs, f"{layer.inputs} tensors")


def _takes(layer: LayerKind) -> str:
    return listing([_tensors(layer), *layer.parameters])


def _pattern(kind: str, count: int) -> str:
    return f"x -> {kind}" if count == 1 else f"{kind}({', '.join(['x', 'y', 'z', 'u', 'v'][:count])})"
