"""The layers that networks are written in, and the way into their table.

A layer is a function at the end of the file of its op, from the options that people give to ops. Its keyword-only
parameters are its options, in positional order, of the types of `options.py`; one without a default is required.
Every front end, the pages and the JSON schema read the table, so a new layer is one function.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar, get_args, get_type_hints

from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.errors import suggestion
from simdc.frozen import Frozen
from simdc.named import NamedTuple

from .base import LayerOp, shape_of
from .builder import ModuleBuilder
from .layer_error import LayerError
from .options import Option

Build = TypeVar("Build", bound=Callable[..., SSAValue])
TAKES_ANY_NUMBER = 0x04
"""The flag of a code object whose function has a parameter such as `*inputs`."""


class Parameter(NamedTuple):
    """An option of one layer: its type, and what its signature notes about it."""

    option: Option
    note: str


class LayerKind(Frozen):
    """How a layer is called: number of tensor `inputs`, None for two or more, and its options in positional order.
    `defaults` has those that are not required; `text` says what the layer does."""

    name: str
    build: Callable[..., SSAValue]
    inputs: int | None
    parameters: tuple[str, ...]
    defaults: Mapping[str, object]
    text: str

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(name for name in self.parameters if name not in self.defaults)

    @cached_property
    def options(self) -> dict[str, Parameter]:
        """What the annotations say, read when first asked for. Raises LayerError for one that is no option's type."""
        try:
            hints = self._hints()
        except NameError as error:
            raise LayerError(f"the types of the layer function cannot be read: {error}") from None
        found: dict[str, Parameter] = {}
        for name in self.parameters:
            behind = list(_metadata(hints.get(name)))
            option = next((each for each in behind if isinstance(each, Option)), None)
            if option is None:
                raise LayerError(f"the layer function says no type of simdc.ir.options for '{name}'", name)
            found[name] = Parameter(option, next((each for each in behind if isinstance(each, str)), ""))
        return found

    def _hints(self) -> Mapping[str, object]:
        """The types behind the annotations. Most are a name of the layer's file: looking it up takes no compiler."""
        names, written = self.build.__globals__, self.build.__annotations__
        if all(written.get(name) in names for name in self.parameters):
            return {name: names[written[name]] for name in self.parameters}
        return get_type_hints(self.build, include_extras=True)

    def check_call(self, inputs: int, given: Collection[str]) -> None:
        """Raise LayerError unless the layer takes so many inputs and the options `given`."""
        if inputs != self.inputs if self.inputs is not None else inputs < 2:
            takes = "two inputs or more" if self.inputs is None else f"{self.inputs} input{'s' * (self.inputs > 1)}"
            raise LayerError(f"{self.name} takes {takes}, got {inputs}", "inputs")
        listed = ", ".join(self.parameters)
        for option in given:
            if option not in self.parameters:
                others = suggestion(option, [*self.parameters, "name"]) or f"; its options are {listed}"
                raise LayerError(
                    f"{self.name} has no option '{option[:80]}'{others if listed else '; it has no options'}", option
                )
        for option in self.required:
            if option not in given:
                raise LayerError(f"{self.name} needs '{option}'; its options are {listed}")

    def add(
        self,
        net: ModuleBuilder,
        inputs: Sequence[SSAValue],
        given: Mapping[str, object],
        name: str,
        place: tuple[int, int] = (0, 0),
    ) -> SSAValue:
        """Append such a layer, written at a line and column; returns its result. Raises LayerError."""
        net.go_to(*place)
        arguments = {**self.defaults, **given}
        for option, parameter in self.options.items():
            # None is left out, where that is a default of its own: `stride` of a pool.
            if arguments[option] is not None or self.defaults.get(option, option) is not None:
                arguments[option] = parameter.option.check(option, arguments[option], inputs[0])
        try:
            return self.build(net, name, *inputs, **arguments)
        except VerifyException as error:
            raise LayerError(str(error)) from None


LAYERS: dict[str, LayerKind] = {}
"""What has been entered so far; `layer_table` has all layers."""


def _metadata(hint: object) -> Iterator[object]:
    """What stands behind a type in `Annotated`, also where that is part of `Pair | None`."""
    yield from getattr(hint, "__metadata__", ())
    for part in get_args(hint):
        yield from _metadata(part)


def _enter(kind: LayerKind) -> None:
    if kind.name in LAYERS:
        raise ValueError(f"there is a layer called '{kind.name}' already")
    LAYERS[kind.name] = kind


def layer(build: Build) -> Build:
    """Enter a function into the table under its own name. Raises ValueError if there is one of that name."""
    code, defaults = build.__code__, dict[str, Any](build.__kwdefaults__ or {})
    options = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    inputs = None if code.co_flags & TAKES_ANY_NUMBER else code.co_argcount - 2
    _enter(LayerKind(build.__name__, build, inputs, options, defaults, _summary(build.__doc__)))
    return build


def plain_layer(name: str, op: Callable[..., LayerOp], text: str, inputs: int = 1) -> None:
    """Enter an op of some tensors that has no options as a layer of its own; `text` says what it does. Raises
    ValueError as `layer`."""

    def build(net: ModuleBuilder, name: str, *tensors: SSAValue) -> SSAValue:
        return net.append(op(name, *tensors), name)

    # Who asks where a layer is from means its op.
    build.__module__ = op.__module__
    _enter(LayerKind(name, build, inputs, (), {}, text))


def _summary(text: str | None) -> str:
    """The first sentence of a docstring."""
    return " ".join((text or "").partition("\n\n")[0].split())


def volume(value: SSAValue) -> tuple[int, int, int, int, int]:
    """The shape of an input that must be [n, c, d, h, w]."""
    shape = shape_of(value)
    if len(shape) != 5:
        raise LayerError(f"needs a volume [n, c, d, h, w], its input has shape {list(shape)}")
    return shape[0], shape[1], shape[2], shape[3], shape[4]


def image(value: SSAValue) -> tuple[int, int, int, int]:
    """The shape of an input that must be [n, c, h, w]."""
    shape = shape_of(value)
    if len(shape) != 4:
        raise LayerError(f"needs an image [n, c, h, w], its input has shape {list(shape)}")
    return shape[0], shape[1], shape[2], shape[3]
