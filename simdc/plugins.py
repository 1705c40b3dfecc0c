"""What other packages add to simdc, found by their entry points, and how it is called: at arm's length.

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

Nobody looks until a name is asked for that is not built in. A plug-in that cannot be loaded, raises what it should not,
or gives what it should not is an error that names it, its package and the reason. Where all of a kind are wanted, one
that cannot be loaded is named on stderr, once; the others work. With SIMDC_TRACEBACK=1 its traceback is printed, too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from simdc.errors import SimdcError
from simdc.streams import say

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")
Result = TypeVar("Result")
TRACEBACK = "SIMDC_TRACEBACK"


class PluginError(SimdcError):
    """A plug-in is at fault: the place of the error is the plug-in."""

    def __init__(self, name: str, group: str, source: str, reason: str):
        super().__init__(reason, path=f"plug-in '{name}' ({group}) of {source}")

    def __reduce__(self) -> tuple[object, ...]:
        """From a worker it comes back as an error with the same message and place."""
        return SimdcError, (self.message,), {"path": self.path}


class Plugin(Generic[T]):
    """Something that a package added: its name, the thing itself, `my-package 1.2`, where it is from, and its group."""

    def __init__(self, name: str, value: T, source: str, group: str):
        self.name, self.value, self.source, self.group = name, value, source, group

    @contextmanager
    def calling(self, *fine: type[Exception]) -> Generator[None]:
        """Raise PluginError for whatever its code raises but SimdcError and what is `fine`. An interrupt stays one."""
        try:
            yield
        except (SimdcError, *fine):
            raise
        except (Exception, SystemExit) as error:
            raise self.at_fault(f"failed: {_told(error)}; {TRACEBACK}=1 shows where") from None

    def call(
        self,
        kind: type[Result],
        function: Callable[..., object],
        *given: object,
        fine: tuple[type[Exception], ...] = (),
    ) -> Result:
        """What a function of the plug-in gives. Raises PluginError if that is no `kind`, and as `calling`."""
        with self.calling(*fine):
            found = function(*given)
        if not isinstance(found, kind):
            raise self.at_fault(f"failed: it gave {found!r:.80} where {kind.__name__} is expected")
        return found

    def at_fault(self, reason: str) -> PluginError:
        return PluginError(self.name, self.group, self.source, reason)


class Group(Generic[T]):
    """The plug-ins of one kind. `check` gets a plug-in's name and what its entry point leads to, and returns that or
    raises TypeError saying what it should have been."""

    groups: ClassVar[list[Group[object]]] = []

    def __init__(self, name: str, built_in: Collection[str], check: Callable[[str, object], T]):
        self.name = name
        self._built_in = built_in
        self._check = check
        self._points: dict[str, list[EntryPoint]] | None = None
        self._loaded: dict[str, Plugin[T] | PluginError] = {}
        self._named: set[str] = set()
        Group.groups.append(self)  # pyright: ignore[reportArgumentType]  # a list of groups of any kind

    @property
    def was_asked(self) -> bool:
        """Whether anybody has looked for what is not built in."""
        return self._points is not None

    def names(self) -> list[str]:
        """What is registered, as far as can be told without importing it."""
        return [name for name in self._found() if not isinstance(self._loaded.get(name), PluginError)]

    def get(self, name: str) -> Plugin[T] | None:
        """The plug-in called `name`; None if there is none. Raises PluginError for one that cannot be loaded."""
        points = self._found().get(name)
        if points is None:
            return None
        if name not in self._loaded:
            self._loaded[name] = self._load(points)
        found = self._loaded[name]
        if isinstance(found, PluginError):
            raise found
        return found

    def working(self, name: str) -> Plugin[T] | None:
        """As `get`, but one that cannot be loaded is named on stderr, once, and left out."""
        try:
            return self.get(name)
        except PluginError as error:
            self._leave_out(error)
            return None

    def all(self) -> list[Plugin[T]]:
        """Every plug-in that works."""
        return [plugin for name in self._found() if (plugin := self.working(name)) is not None]

    def forget(self) -> None:
        self._points = None
        self._loaded.clear()
        self._named.clear()

    def _load(self, points: list[EntryPoint]) -> Plugin[T] | PluginError:
        point, source = points[0], ", ".join(sorted(map(_source, points)))
        if len(points) > 1:
            return PluginError(
                point.name, self.name, source, "cannot be loaded: several packages have one of this name"
            )
        try:
            with _own_interrupts():
                return Plugin(point.name, self._check(point.name, point.load()), source, self.name)
        except (Exception, SystemExit) as error:
            reason = str(error) if isinstance(error, TypeError) and error.args else _told(error)
            return PluginError(point.name, self.name, source, f"cannot be loaded: {reason}")

    def _found(self) -> dict[str, list[EntryPoint]]:
        """Entry points by name, without those that clash with what is built in."""
        if self._points is None:
            # Costs some 50 ms: later than anything that can do without.
            from importlib.metadata import entry_points

            by_name: dict[str, list[EntryPoint]] = {}
            for point in entry_points(group=self.name):
                by_name.setdefault(point.name, []).append(point)
            self._points = {}
            for name, points in sorted(by_name.items()):
                if name in self._built_in:
                    source, reason = ", ".join(sorted(map(_source, points))), "simdc itself has one of this name"
                    self._leave_out(PluginError(name, self.name, source, f"cannot be loaded: {reason}"))
                else:
                    self._points[name] = points
        return self._points

    def _leave_out(self, error: PluginError) -> None:
        if str(error) not in self._named:
            self._named.add(str(error))
            reason = error.message.removeprefix("cannot be loaded: ")
            say(f"simdc: {error.path} is left out: {reason}")


@contextmanager
def _own_interrupts() -> Generator[None]:
    """Tell a KeyboardInterrupt that code raises, which becomes a RuntimeError, from Ctrl-C, which stays one."""
    import signal

    pressed = False
    before = signal.getsignal(signal.SIGINT)

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.default_int_handler(number, frame)

    try:
        # Refused outside the main thread, where no interrupt comes.
        watched = before is signal.default_int_handler and signal.signal(signal.SIGINT, press) is before
    except ValueError:
        watched = False
    try:
        yield
    except KeyboardInterrupt:
        if pressed or not (watched or before is signal.SIG_IGN):
            raise
        raise RuntimeError("it raised KeyboardInterrupt") from None
    finally:
        if watched:
            signal.signal(signal.SIGINT, before)


def _told(error: BaseException) -> str:
    """The first line of an error in a plug-in; the whole of it on stderr where that is asked for."""
    if os.environ.get(TRACEBACK):
        import traceback

        traceback.print_exception(error)
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def rescan() -> None:
    """Look again, for instance after a package has been installed."""
    for group in Group.groups:
        group.forget()


def _source(point: EntryPoint) -> str:
    """`my-package 1.2`."""
    dist = point.dist
    return point.value if dist is None else f"{dist.name} {dist.version}"
