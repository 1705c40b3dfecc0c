"""Sizes that a module leaves open (`?`): what `--bind` gives for its arguments, and what follows from these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from simdc.errors import SimdcError, suggestion

from .inferred import sizes_of_results
from .problems import Unpriced
from .reader import Reader

REMEDY = "or export the module with static shapes"


class OpenSizes:
    """Types of values get the sizes that are found, one after the other; `restore` gives them back what they were."""

    def __init__(self) -> None:
        self._written: dict[SSAValue, Attribute] = {}

    def bind(self, arguments: Sequence[SSAValue], names: Sequence[str], bindings: Mapping[str, int], file: str) -> None:
        """Give each open size of the arguments, `x.0` for the first of x, its number. Raises SimdcError for those that
        nobody gives, all at once, and for a name that none of them has."""
        wanted = {
            f"{name}.{axis}"
            for name, value in zip(names, arguments, strict=True)
            for axis, size in enumerate(sizes_of(value))
            if size == DYNAMIC_INDEX
        }
        for name, size in bindings.items():
            if name not in wanted:
                listed = f"; open sizes are {', '.join(sorted(wanted))}" if wanted else "; the module leaves none open"
                raise SimdcError(
                    f"--bind {name}: no size is called that{suggestion(name, sorted(wanted)) or listed}", file=file
                )
            if size < 1:
                raise SimdcError(f"the size bound to '{name}' must be 1 or more, got {size}", file=file)
        missing = sorted(wanted - bindings.keys())
        if missing:
            options = " ".join(f"--bind {name}=N" for name in missing)
            raise SimdcError(
                f"the module leaves sizes of its arguments open: {', '.join(missing)}; give them: {options}; {REMEDY}",
                file=file,
            )
        for name, value in zip(names, arguments, strict=True):
            sizes = sizes_of(value)
            if DYNAMIC_INDEX in sizes:
                self._settle(value, [bindings.get(f"{name}.{axis}", size) for axis, size in enumerate(sizes)])

    def pass_on(self, arguments: Sequence[SSAValue], values: Sequence[SSAValue]) -> None:
        """Arguments of a function have the sizes of what it is called with."""
        for argument, value in zip(arguments, values, strict=False):
            if DYNAMIC_INDEX in self._open(argument):
                self._settle(argument, sizes_of(value))

    def take(self, op: Operation, results: Sequence[SSAValue]) -> None:
        """A call has the sizes of what its function returns."""
        for result, value in zip(op.results, results, strict=False):
            if DYNAMIC_INDEX in self._open(result):
                self._settle(result, sizes_of(value))

    def infer(self, reader: Reader, op: Operation) -> None:
        """The sizes of the op's results from those of its operands. Raises Unpriced where they do not follow."""
        declared = [self._open(result) for result in op.results]
        if not any(DYNAMIC_INDEX in sizes for sizes in declared):
            return
        found = sizes_of_results(reader, op, declared)
        for place, (result, sizes) in enumerate(zip(op.results, declared, strict=True)):
            whole = found[place] if place < len(found) else None
            if whole is None or len(whole) != len(sizes) or min(whole, default=1) < 1:
                open_ = ", ".join(str(axis) for axis, size in enumerate(sizes) if size == DYNAMIC_INDEX)
                raise Unpriced(f"its open sizes (dimension {open_}) do not follow from those that are bound; {REMEDY}")
            for axis, (size, given) in enumerate(zip(whole, sizes, strict=True)):
                if given not in (DYNAMIC_INDEX, size):
                    raise Unpriced(f"dimension {axis} is {given} by its type and {size} by what is bound")
            self._settle(result, whole)

    def restore(self) -> None:
        """The module is as it was written."""
        for value, kind in self._written.items():
            value._type = kind  # pyright: ignore[reportPrivateUsage]

    def _open(self, value: SSAValue) -> tuple[int, ...]:
        """As the module has them: a function that is called twice has other sizes each time."""
        return _sizes(self._written.get(value, value.type))

    def _settle(self, value: SSAValue, sizes: Sequence[int]) -> None:
        kind = self._written.setdefault(value, value.type)
        element = cast("TensorType[Attribute]", kind).element_type
        value._type = TensorType(element, sizes)  # pyright: ignore[reportPrivateUsage]


def sizes_of(value: SSAValue) -> tuple[int, ...]:
    """Those that are known so far, DYNAMIC_INDEX for the others; none for a scalar."""
    return _sizes(value.type)


def _sizes(kind: Attribute) -> tuple[int, ...]:
    return cast("TensorType[Attribute]", kind).get_shape() if isinstance(kind, TensorType) else ()
