"""Names of layers: unique, dotted paths of the scopes that block calls open."""

from __future__ import annotations

import re

from .errors import DslError, Place, shorten


class Scope:
    """A block call, or the network itself: where its layers are named."""

    def __init__(self, prefix: str = ""):
        self.prefix = prefix
        self.counters: dict[str, int] = {}


class Names:
    """All names given so far and where. Layers, block calls and inputs share them."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}

    def give(self, scope: Scope, kind: str, explicit: str | None, place: Place) -> str:
        """The full name of a layer or block call: `explicit`, or `kind` with the next number that is free."""
        if explicit is None:
            name = self._next(scope, kind)
        else:
            name = scope.prefix + explicit
            if not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?", explicit):
                message = f'"{shorten(explicit)}" cannot be a name; use letters, digits, and _ . - inside'
                raise DslError(message, place)
            if first := self._places.get(name):
                message = f"the name '{name}' is already given in line {first[0]}, column {first[1]}"
                raise DslError(f"{message}; give one of the two another name=", place)
        self._places[name] = place
        return name

    def _next(self, scope: Scope, kind: str) -> str:
        while True:
            number = scope.counters[kind] = scope.counters.get(kind, 0) + 1
            if (name := f"{scope.prefix}{kind}{number}") not in self._places:
                return name
