"""What other packages add to simdc, found by their entry points. Only the standard library: every room may ask.

    [project.entry-points."simdc.passes"]
    even-reduction = "my_package.tiling:EvenReductionPass"

| group             | name                         | value                                                         |
| `simdc.passes`    | the pass's name              | its `ModulePass` class                                        |
| `simdc.models`    | the cost model's name        | a class like `CostModel`, made with the network's phase       |
| `simdc.frontends` | a file suffix without a dot  | a function (path, batch or None) to a module                  |
| `simdc.onnx`      | `Conv`, `com.example::Conv`  | a function from an ONNX node's `Build` to its results         |
| `simdc.ops`       | the name of a dialect        | the xDSL `Dialect`; importing it enters layers and rules      |
| `simdc.execution` | any                          | an `InterpreterFunctions` class that runs ops on numpy arrays |
| `simdc.reports`   | a format of the report       | a function from a `Report` to text                            |

Nobody looks until a name is asked for that is not built in. A plug-in that cannot be used is named on stderr, once,
with its distribution and the reason; the others work.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, ClassVar, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class Plugin(NamedTuple, Generic[T]):
    """Something that a package added: its name, the thing itself, and `my-package 1.2`, where it is from."""

    name: str
    value: T
    source: str


class Group(Generic[T]):
    """The plug-ins of one kind. `check` gets a plug-in's name and what its entry point leads to, and returns that or
    raises TypeError saying what it should have been."""

    groups: ClassVar[list[Group[object]]] = []

    def __init__(self, name: str, built_in: Collection[str], check: Callable[[str, object], T]):
        self.name = name
        self._built_in = built_in
        self._check = check
        self._points: dict[str, EntryPoint] | None = None
        self._loaded: dict[str, Plugin[T] | None] = {}
        Group.groups.append(self)  # pyright: ignore[reportArgumentType]  # a list of groups of any kind

    def names(self) -> list[str]:
        """What is registered, as far as can be told without importing it."""
        return list(self._found())

    def get(self, name: str) -> Plugin[T] | None:
        """The plug-in called `name`; None if there is none that works."""
        if name not in self._loaded:
            point = self._found().get(name)
            self._loaded[name] = None if point is None else self._load(point)
        return self._loaded[name]

    def all(self) -> list[Plugin[T]]:
        """Every plug-in that works."""
        return [plugin for name in self.names() if (plugin := self.get(name)) is not None]

    def forget(self) -> None:
        self._points = None
        self._loaded.clear()

    def _load(self, point: EntryPoint) -> Plugin[T] | None:
        try:
            return Plugin(point.name, self._check(point.name, point.load()), _source(point))
        except (Exception, SystemExit) as error:
            reason = str(error) if isinstance(error, TypeError) and error.args else f"{type(error).__name__}: {error}"
            self._leave_out([point], reason.partition("\n")[0])
            return None

    def _found(self) -> dict[str, EntryPoint]:
        """Entry points by name, without those that clash."""
        if self._points is None:
            # Costs some 50 ms: later than anything that can do without.
            from importlib.metadata import entry_points

            by_name: dict[str, list[EntryPoint]] = {}
            for point in entry_points(group=self.name):
                by_name.setdefault(point.name, []).append(point)
            self._points = {}
            for name, points in sorted(by_name.items()):
                if name in self._built_in:
                    self._leave_out(points, "simdc itself has one of this name")
                elif len(points) > 1:
                    self._leave_out(points, "several packages have one of this name")
                else:
                    self._points[name] = points[0]
        return self._points

    def _leave_out(self, points: list[EntryPoint], reason: str) -> None:
        sources = ", ".join(sorted(_source(point) for point in points))
        print(f"simdc: plug-in '{points[0].name}' ({self.name}) of {sources} is left out: {reason}", file=sys.stderr)


def rescan() -> None:
    """Look again, for instance after a package has been installed."""
    for group in Group.groups:
        group.forget()


def _source(point: EntryPoint) -> str:
    """`my-package 1.2`."""
    dist = point.dist
    return point.value if dist is None else f"{dist.name} {dist.version}"
