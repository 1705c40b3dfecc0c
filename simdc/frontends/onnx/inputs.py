"""The network's inputs: which of a file's inputs they are, and the sizes that the file leaves open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from attrs import define

from simdc.errors import SimdcError, suggestion

from .constant import Constant
from .graph import Dimension, Graph, Node, Shaped
from .model_file import missing

WEIGHT_POSITIONS: dict[str, frozenset[int]] = {
    "Conv": frozenset((1, 2)),
    "ConvTranspose": frozenset((1, 2)),
    "Gemm": frozenset((1, 2)),
    "MatMul": frozenset((1,)),
    "BatchNormalization": frozenset((1, 2, 3, 4)),
    "InstanceNormalization": frozenset((1, 2)),
    "LayerNormalization": frozenset((1, 2)),
    "GroupNormalization": frozenset((1, 2)),
    "PRelu": frozenset((1,)),
    "Reshape": frozenset((1,)),
    "Clip": frozenset((1, 2)),
    "Slice": frozenset((1, 2, 3, 4)),
    "Pad": frozenset((1, 2, 3)),
    "Resize": frozenset((1, 2, 3)),
    "Upsample": frozenset((1,)),
    "Squeeze": frozenset((1,)),
    "Unsqueeze": frozenset((1,)),
    "Split": frozenset((1,)),
    "Dropout": frozenset((1, 2)),
    "ReduceMean": frozenset((1,)),
    "Expand": frozenset((1,)),
}
"""Inputs of operators that are weights or settings, not images. A file whose weights were taken out may list them as
inputs of the network."""
VIEWS = ("Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Cast")
"""Operators whose first input is a weight if their result is one."""
CHANNELWISE = ("Add", "Sub", "Mul", "Div", "Sum")
"""Operators whose input is a weight if it has one value per channel."""


@define
class Symbols:
    """Sizes by name: what `--bind` gives and what `--batch` fixes. `rebatch` is (size in the file, size asked for)
    where the file has a batch of its own and another is asked for."""

    file: str
    batch: int | None
    bindings: Mapping[str, int]
    sizes: dict[str, int]
    used: set[str]
    rebatch: tuple[int, int] | None = None

    def size(self, dimension: Dimension, place: str, axis: int) -> int | None:
        """A size, or None if nobody says. `place` is the input, for sizes without a name: `--bind 'x[2]=224'`."""
        if isinstance(dimension, int):
            rebatched = self.rebatch is not None and axis == 0 and dimension == self.rebatch[0]
            return self.rebatch[1] if self.rebatch is not None and rebatched else dimension
        key = f"{place}[{axis}]" if dimension is None else dimension
        if key in self.bindings:
            self.used.add(key)
            return self.bindings[key]
        return self.sizes.get(key)

    def resolved(self, value: Shaped) -> tuple[int, ...] | None:
        """The whole shape, if all of it is known."""
        if value.shape is None:
            return None
        sizes = [self.size(dimension, value.name, axis) for axis, dimension in enumerate(value.shape)]
        return tuple(size for size in sizes if size is not None) if None not in sizes else None


class Inputs(NamedTuple):
    """Shapes of the network's inputs by name, and weights of which the file has the shape only."""

    images: dict[str, tuple[int, ...]]
    weights: dict[str, Constant]
    batch: int


def find_inputs(graph: Graph, nodes: list[Node], symbols: Symbols) -> Inputs:
    """Tell images from weights and give every image its sizes. Raises SimdcError naming each size that is open."""
    used = {name for node in nodes for name in node.reads()} | set(graph.outputs)
    open_inputs = [value for value in graph.inputs if value.name not in graph.initializers and value.name in used]
    readers: dict[str, list[tuple[Node, int]]] = {}
    for node in nodes:
        for place, name in enumerate(node.inputs):
            readers.setdefault(name, []).append((node, place))
    images = [value for value in open_inputs if not _is_weight(value, readers, several=len(open_inputs) > 1)]
    names = {value.name for value in images}
    weights = {value.name: _weight(value, symbols) for value in open_inputs if value.name not in names}
    made = {name for node in nodes for name in node.outputs} | graph.initializers.keys()
    for name in sorted(used - made - {value.name for value in graph.inputs}):
        value = graph.described.get(name)
        if value is None or symbols.resolved(value) is None:
            message = f"'{name}' is read, but is no input, no weight and the result of no node"
            raise SimdcError(message, file=symbols.file)
        weights[name] = _weight(value, symbols)
    if not images:
        raise SimdcError("has no inputs: nothing in it depends on data", file=symbols.file)
    _fix_batch(images[0], symbols)
    shapes = {value.name: symbols.resolved(value) for value in images}
    _refuse_open(images, symbols)
    known = {name: shape for name, shape in shapes.items() if shape is not None}
    return Inputs(known, weights, next(iter(known.values()))[0])


Readers = Mapping[str, Sequence[tuple[Node, int]]]
"""By name of a value, the nodes that read it, each with the place among its inputs."""


def _is_weight(value: Shaped, readers: Readers, *, several: bool) -> bool:
    """Whether every reader takes it for a weight."""
    if not several or value.shape is None or not all(isinstance(size, int) for size in value.shape):
        return False
    return _is_read_as_weight(value.name, _is_channelwise(value.shape), readers)


def _is_read_as_weight(name: str, channelwise: bool, readers: Readers) -> bool:
    return name in readers and all(
        place in WEIGHT_POSITIONS.get(node.operator, ())
        or (node.operator in CHANNELWISE and channelwise)
        or (place == 0 and node.operator in VIEWS and _is_read_as_weight(node.outputs[0], channelwise, readers))
        for node, place in readers[name]
    )


def _is_channelwise(shape: tuple[Dimension, ...]) -> bool:
    return len(shape) == 1 or (len(shape) in (3, 4) and shape[-2:] == (1, 1) and shape[:-3] in ((), (1,)))


def _weight(value: Shaped, symbols: Symbols) -> Constant:
    shape = symbols.resolved(value) or ()
    elements = 1
    for size in shape:
        elements *= size
    return Constant(value.name, shape, value.element, {value.name: elements}, missing(value.name, symbols.file))


def _fix_batch(first: Shaped, symbols: Symbols) -> None:
    """The batch is the first size of the first input."""
    given = first.shape[0] if first.shape else None
    if isinstance(given, int):
        if symbols.batch is not None and symbols.batch != given:
            symbols.rebatch = (given, symbols.batch)
        return
    name = f"{first.name}[0]" if given is None else given
    bound = symbols.bindings.get(name)
    if bound is not None and symbols.batch is not None and bound != symbols.batch:
        raise SimdcError(f"--bind {name}={bound} contradicts --batch {symbols.batch}", file=symbols.file)
    symbols.sizes[name] = bound or symbols.batch or 1


def _refuse_open(images: list[Shaped], symbols: Symbols) -> None:
    names: dict[str, str] = {}
    for value in images:
        if not value.shape:
            what = "no shape" if value.shape is None else "no dimensions, not even a batch"
            raise SimdcError(
                f"input '{value.name}' has {what}: export the model with the shapes of its inputs", file=symbols.file
            )
        for axis, dimension in enumerate(value.shape):
            if symbols.size(dimension, value.name, axis) is None:
                names.setdefault(dimension if isinstance(dimension, str) else f"{value.name}[{axis}]", value.name)
    unused = [name for name in symbols.bindings if name not in symbols.used]
    known = sorted(symbols.used | symbols.sizes.keys() | names.keys())
    for name in unused:
        if name not in known:
            listed = f"; open sizes are {', '.join(known)}" if known else "; all sizes of this file are fixed"
            raise SimdcError(
                f"--bind {name}: no size is called that{suggestion(name, known) or listed}", file=symbols.file
            )
    if names:
        wanted = " ".join(f"--bind {_quoted(name)}=N" for name in names)
        described = ", ".join(f"{name} (of input '{place}')" for name, place in names.items())
        raise SimdcError(f"the file leaves sizes open: {described}; give them: {wanted}", file=symbols.file)


def _quoted(name: str) -> str:
    return name if name.replace("_", "").isalnum() else f"'{name}'"
