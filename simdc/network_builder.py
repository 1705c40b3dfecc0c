"""Networks written in Python: `net.conv(x, channels=16, kernel=3)`, a method for every layer of the table.

`network_builder.pyi` beside this file tells type checkers what there is; docs/generate_layers.py makes it.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from types import CodeType

from xdsl.ir import SSAValue

from simdc.api import Network
from simdc.errors import SimdcError, suggestion
from simdc.frontends.json_graph import MAX_DIMENSIONS
from simdc.frontends.limits import MAX_BATCH
from simdc.frozen import Frozen
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import LayerError
from simdc.ir.layer_table import find_layer, layer_table
from simdc.ir.layers import LayerKind
from simdc.ir.options import shown
from simdc.ir.signatures import help_of, signature_of
from simdc.named import NamedTuple
from simdc.visible import MAX_NAME, is_name


class _Place(NamedTuple):
    """Where a program calls the builder."""

    file: str
    line: int
    column: int

    def error(self, message: str, kind: type[SimdcError] = SimdcError) -> SimdcError:
        # A notebook has no file of its cells; linecache knows them.
        source = linecache.getline(self.file, self.line).rstrip("\n") or None
        return kind(message, file=self.file, line=self.line, column=self.column, source_line=source)


class UnknownLayer(SimdcError, AttributeError):
    """There is no layer of that name."""


class Tensor(Frozen, eq=False):
    """An input of a network or the result of a layer."""

    net: NetworkBuilder
    value: SSAValue

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes, the batch first."""
        return ModuleBuilder.shape(self.value)

    def __repr__(self) -> str:
        return f"Tensor{self.shape}"


class NetworkBuilder:
    """A network that is written layer by layer, for `batch` images.

    Each layer of docs/dsl.md is a method: it takes tensors, then options by name, and gives a tensor. A layer without a
    `name` is called after its kind with a number. Mistakes raise SimdcError at the line of the call; the network stays
    as it was.
    """

    def __init__(self, name: str, batch: int = 1) -> None:
        place = _Places().here()
        if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= MAX_BATCH:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise place.error(f"the batch must be 1 to {MAX_BATCH}, got {shown(batch)}")
        self._module = ModuleBuilder(str(name), batch, place.file)
        self._places = _Places()
        self._names: set[str] = set()
        self._counts: dict[str, int] = {}
        self._finished = False

    def input(self, name: str, shape: Sequence[int]) -> Tensor:
        """An input of the network; `shape` is without the batch, such as (3, 224, 224)."""
        place = self._places.here()
        try:
            self._take(name)
            sizes = list(shape) if isinstance(shape, (list, tuple)) else []
            if not 1 <= len(sizes) <= MAX_DIMENSIONS or {type(size) for size in sizes} != {int}:
                raise LayerError(f"the shape must be 1 to {MAX_DIMENSIONS} sizes without the batch, got {shown(shape)}")
            value = self._module.input(name, sizes)
        except LayerError as error:
            raise place.error(error.message) from None
        self._names.add(name)
        return Tensor(self, value)

    def layer(self, kind: str, *inputs: Tensor, name: str | None = None, **options: object) -> Tensor:
        """A layer by the name of its kind: `net.layer("relu", x)` is `net.relu(x)`."""
        place = self._places.here()
        found = find_layer(kind)
        if found is None:
            raise place.error(_unknown(str(kind)), UnknownLayer)
        return self._add(found, inputs, options, name, place)

    def finish(self, *results: Tensor) -> Network:
        """The network that gives `results`. Nothing can be added afterwards."""
        place = self._places.here()
        try:
            values = self._values(results)
            if not values:
                raise LayerError("a network has one result at least: finish(y)")
        except LayerError as error:
            raise place.error(error.message) from None
        self._finished = True
        return Network(self._module.finish(values))

    def __getattr__(self, kind: str) -> Callable[..., Tensor]:
        if kind.startswith("_"):
            raise AttributeError(kind)
        found = find_layer(kind)
        if found is None:
            raise self._places.here().error(_unknown(kind), UnknownLayer)

        def method(*inputs: Tensor, name: str | None = None, **options: object) -> Tensor:
            return self._add(found, inputs, options, name, self._places.here())

        method.__name__, method.__qualname__ = kind, f"NetworkBuilder.{kind}"
        method.__doc__ = help_of(found)
        method.__signature__ = signature_of(found)  # pyright: ignore[reportFunctionMemberAccess]
        setattr(self, kind, method)
        return method

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *layer_table()})

    def _add(
        self, kind: LayerKind, inputs: Sequence[Tensor], options: Mapping[str, object], name: str | None, place: _Place
    ) -> Tensor:
        label = self._next(kind.name) if name is None else name
        before = self._module.last
        try:
            self._take(label)
            kind.check_call(len(inputs), options)
            self._module.file = place.file
            result = kind.add(self._module, self._values(inputs), options, label, (place.line, place.column))
        except LayerError as error:
            self._module.rewind(before)
            raise place.error(f"layer '{str(label)[:80]}': {error.message}") from None
        self._names.add(label)
        return Tensor(self, result)

    def _values(self, tensors: Sequence[Tensor]) -> list[SSAValue]:
        for each in tensors:
            if not isinstance(each, Tensor) or each.net is not self:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise LayerError(f"expected a tensor of this network, got {shown(each)}")
        return [each.value for each in tensors]

    def _take(self, name: str) -> None:
        """Raise LayerError unless something more can be added and be called so."""
        if self._finished:
            raise LayerError("the network is finished; begin another one")
        if not isinstance(name, str) or not is_name(name):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise LayerError(f"a name must have 1 to {MAX_NAME} printable characters, got {shown(name)}", "name")
        if name in self._names:
            raise LayerError(f"'{name}' is a name already; give each input and layer its own", "name")

    def _next(self, kind: str) -> str:
        """`conv1`, `conv2`, ...: the next one that is free."""
        number = self._counts.get(kind, 1)
        while f"{kind}{number}" in self._names:
            number += 1
        self._counts[kind] = number
        return f"{kind}{number}"


class _Places:
    """Places of calls, found once for each call that a program has."""

    def __init__(self) -> None:
        self._found: dict[tuple[CodeType, int], _Place] = {}

    def here(self) -> _Place:
        """Where the innermost call from outside this file stands."""
        frame = inspect.currentframe()
        while frame is not None and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        assert frame is not None
        key = (frame.f_code, frame.f_lasti)
        if key not in self._found:
            # An instruction has two bytes.
            line, _, column, _ = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
            self._found[key] = _Place(frame.f_code.co_filename, line or frame.f_lineno, (column or 0) + 1)
        return self._found[key]


def _unknown(kind: str) -> str:
    names = list(layer_table())
    return f"there is no layer '{kind[:80]}'{suggestion(kind, names) or '; layers are ' + ', '.join(names)}"
