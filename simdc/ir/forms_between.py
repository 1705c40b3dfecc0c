"""The kernels of a layer at a length between two: read off those at both ends where they move along a line, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from simdc.cost.along import checked_steps
from simdc.cost.forms import Forms
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.mapped_forms import machine_mappings

from .context import forms_of
from .stretch import LayersBetween, Line, NotLinear

Moving = Callable[[Line], Any]


class FormsBetween:
    """What a layer can be on a machine at each of `whole` steps from one end to the other, of its forms the one that is
    `given` or all.

    Some kernels do not move as their layers do: a row in at most 64 parts has the size of a part rounded up. A kernel
    is read off the ends only if that gives what the layer says at several steps between: the first three, a third of
    the way, half of it and the last but one. What turns anywhere between the ends, a `min` or a `max` of sizes, is off
    the line at each of these.
    """

    # 100 to 200 in steps of 1: min(size, 150) is 100 and 150 at the ends; on the line 125 at 150, and not 150.

    def __init__(self, layers: LayersBetween, machine: AnyMachine, given: str | None, whole: int):
        self._layers, self._machine, self._given, self._whole = layers, machine, given, whole
        self.names: tuple[str, ...] | None = None
        """Of the forms; None where not all steps have the same."""
        self.forms: list[FormBetween] = []
        first, last = self._asked(0), self._asked(whole)
        try:
            # Whatever is a whole number after one step is one after any.
            between = {step: self._asked(step) for step in checked_steps(whole)}
        except NotLinear:
            return
        if all(_names(forms) == _names(first) for forms in (last, *between.values())):
            self.names = _names(first)
            for number, (_, kernel) in enumerate(first):
                kernels = {step: forms[number][1] for step, forms in between.items()}
                self.forms.append(FormBetween(self, number, _between(kernel, last[number][1], kernels, whole)))

    @property
    def is_on_line(self) -> bool:
        """Whether all kernels are read off the ends."""
        return self.names is not None and all(form.is_on_line for form in self.forms)

    def line(self, step: int) -> Line:
        """So far on the way."""
        return Line(step, self._whole)

    def at(self, step: int) -> Forms:
        """Raises NotLinear where sizes of the layer are no whole numbers so far on the way."""
        if self.names is None or not self.is_on_line:
            return self._asked(step)
        return tuple([(name, form.at(step)) for name, form in zip(self.names, self.forms, strict=True)])

    def asked(self, number: int, step: int) -> Kernel:
        """One form as the layer says it. Raises NotLinear where it has others than at the ends."""
        op, names = self._layers.at(self.line(step)), self.names or ()
        # Kernels of other forms are not made, unless these are their mappings.
        lone = not machine_mappings(self._machine) and self._given is None and tuple(op.forms()) == names
        forms = forms_of(op, self._machine, names[number] if lone else self._given)
        if not lone and _names(forms) != names:
            raise NotLinear
        return forms[0 if lone else number][1]

    def _asked(self, step: int) -> Forms:
        """As the layer says."""
        return forms_of(self._layers.at(self.line(step)), self._machine, self._given)


class FormBetween:
    """One form of a layer between two lengths; `move` reads it off the ends."""

    def __init__(self, layer: FormsBetween, number: int, move: Moving | None):
        self._layer, self._number, self._move = layer, number, move

    @property
    def is_on_line(self) -> bool:
        """Whether it is read off the ends."""
        return self._move is not None

    def at(self, step: int) -> Kernel:
        """Raises NotLinear as the layer, or where that has other forms."""
        if self._move is None:
            return self._layer.asked(self._number, step)
        return self._move(self._layer.line(step))


def _names(forms: Forms) -> tuple[str, ...]:
    return tuple([name for name, _ in forms])


def _between(first: Kernel, last: Kernel, kernels: Mapping[int, Kernel], whole: int) -> Moving | None:
    """What reads a kernel off those at both ends, if that gives those that it is compared with."""
    try:
        move = moving(first, last) or _still(first)
        return move if all(move(Line(step, whole)) == kernel for step, kernel in kernels.items()) else None
    except NotLinear:
        return None


def _still(value: Kernel) -> Moving:
    def same(line: Line) -> Kernel:
        return value

    return same


def moving(first: Any, last: Any) -> Moving | None:
    """What gives the value between two, of which whole numbers and shares move; None where they are the same. Raises
    NotLinear where they differ in anything else."""
    if type(first) is not type(last):
        raise NotLinear
    if first == last:
        return None
    if type(first) is int:
        return lambda line: line.number(first, last)
    if type(first) is float:
        return lambda line: line.share(first, last)
    if not isinstance(first, tuple):
        raise NotLinear
    return _moving_tuple(cast("tuple[Any, ...]", first), cast("tuple[Any, ...]", last))


def _moving_tuple(own: tuple[Any, ...], other: tuple[Any, ...]) -> Moving:
    if len(own) != len(other):
        raise NotLinear
    pairs = [(place, moving(*each)) for place, each in enumerate(zip(own, other, strict=True))]
    moved = [(place, move) for place, move in pairs if move is not None]

    new, kind = cast("Callable[[type, list[Any]], Any]", tuple.__new__), type(own)

    def between(line: Line) -> Any:
        values = list(own)
        for place, move in moved:
            values[place] = move(line)
        # Both ends are sound kernels, and between them indices stay as far inside of what they index.
        return new(kind, values)

    return between
