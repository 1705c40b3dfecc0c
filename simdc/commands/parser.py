"""The parser of every command: argparse, and the promise that no option is dropped in silence.

A fault of the command line is one line with a suggestion, and exit code 2. An option with one value is given once, and
one that would have no effect beside the others is refused.
"""

from __future__ import annotations

import os
import sys
from argparse import Action, ArgumentError, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn, cast

from simdc.errors import UsageError, suggestion

STDIN = ("-", "/dev/stdin")


class Collect(Action):
    """Makes a list of the values of an option that may be repeated: argparse's `append`, or `extend` where the option
    takes several at a time."""

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: object, option_string: str | None = None
    ) -> None:
        added = cast("list[object]", values) if isinstance(values, list) else [values]
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or ()), *added])


class Lines(RawDescriptionHelpFormatter):
    """Descriptions as they stand. argparse makes one for every option that it is told of, and would ask `shutil` each
    time how wide the terminal is."""

    def __init__(self, prog: str):
        super().__init__(prog, width=_help_width())


class CommandParser(ArgumentParser):
    """`parse` gives the namespace with one name more: `given`, the long names of the options that were typed."""

    def __init__(self, name: str, description: str, epilog: str):
        super().__init__(
            prog=name,
            description=description,
            epilog=epilog,
            formatter_class=Lines,
            allow_abbrev=False,
            add_help=False,
        )
        self._needs: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        self._apart: list[tuple[str, str]] = []
        self._reads: list[str] = []
        self._several: dict[str, Callable[[str], bool]] = {}
        self.register("action", "append", Collect)
        self.add_argument("-h", "--help", action="store_true", help="show this and end")

    def actions(self) -> list[Action]:
        """All arguments, options and others."""
        return list(self._actions)

    def needs(self, options: Sequence[str], *conditions: str) -> None:
        """Each of `options` has an effect only where one of `conditions` holds: `--train`, or `--tiling search`."""
        self._needs.append((tuple(options), conditions))

    def apart(self, one: str, other: str) -> None:
        """The two options exclude each other."""
        self._apart.append((one, other))

    def reads(self, *names: str) -> None:
        """The arguments of these names are what is read: at most one of all is standard input."""
        self._reads += names

    def several(self, option: str, is_other: Callable[[str], bool]) -> None:
        """Behind an argument, `option A B C` means `option A option B option C`, but for words that `is_other` says
        can only be arguments."""
        self._several[option] = is_other

    def parse(self, argv: Sequence[str]) -> Namespace:
        """Options and networks in any order, also where a command takes any number of networks. Raises UsageError."""
        argv = self._spread(argv)
        typed = [action.option_strings[-1] for action in self._options(argv)]
        for name in typed:
            action = self._option_string_actions[name]
            if typed.count(name) > 1 and action.nargs != 0 and not isinstance(action, Collect):
                self.error(f"{name} is given {typed.count(name)} times; it takes one value")
        # argparse makes the usage of all options for errors that we say otherwise, unless there is one.
        usage, self.usage = self.usage, self.usage or ""
        try:
            arguments, extra = self.parse_known_intermixed_args(argv)
        finally:
            self.usage = usage
        if extra:
            self.error(f"'{extra[0][:80]}' is one argument too many")
        arguments.given = frozenset(typed)
        self._check(arguments)
        return arguments

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, program=self.prog)

    def _check_value(self, action: Action, value: str) -> None:
        """Replaces argparse's: a choice that there is not gets a suggestion."""
        if action.choices is not None and value not in action.choices:
            known = list(action.choices)
            text = f"there is no '{value[:80]}'; there are {', '.join(known)}{suggestion(value, known)}"
            raise ArgumentError(action, text)

    def _spread(self, argv: Sequence[str]) -> list[str]:
        # `net --hw A B -o x` is `net --hw A --hw B -o x`. In `--hw A net` no argument stands before: net is one.
        spread: list[str] = []
        option, arguments = "", 0
        values = 0
        for place, word in enumerate(argv):
            if word == "--":
                return [*spread, *argv[place:]]
            is_value = bool(values) or word in STDIN or not word.startswith("-")
            if not is_value:
                name, equals, _ = word.partition("=")
                action = self._option_string_actions.get(name)
                values = int(action is not None and action.nargs != 0 and not equals)
                option = name if name in self._several else ""
            elif values:
                values = 0
            elif option and arguments and not self._several[option](word):
                spread.append(option)
            else:
                option, arguments = "", arguments + 1
            spread.append(word)
        return spread

    def _options(self, argv: Sequence[str]) -> Iterator[Action]:
        """The options in `argv`, as argparse tells them from values and networks."""
        known = self._option_string_actions
        for word in argv:
            if word == "--":
                return
            name = word.partition("=")[0]
            if name.startswith("--") and name in known:
                yield known[name]
            elif word.startswith("--") and " " not in word:
                self._unknown(name)
            elif word.startswith("-") and not word[1:2].isdigit():
                for letter in word[1:]:
                    if "-" + letter not in known:
                        self._unknown("-" + letter)
                    yield known["-" + letter]
                    if known["-" + letter].nargs != 0:
                        break

    def _unknown(self, name: str) -> NoReturn:
        options = sorted(option for option in self._option_string_actions if option.startswith("--"))
        longer = [option for option in options if option.startswith(name) and len(name) > 3]
        hint = f"; did you mean '{longer[0]}'?" if longer else suggestion(name, options)
        self.error(f"no option '{name[:80]}'" + (hint or f"; {self.prog} --help lists the options"))

    def _check(self, arguments: Namespace) -> None:
        for one, other in self._apart:
            if {one, other} <= arguments.given:
                self.error(f"{one} and {other} exclude each other")
        sources = [getattr(arguments, name) for name in self._reads]
        sources = [one for each in sources for one in (each if isinstance(each, list) else [each])]
        if sum(source in STDIN for source in sources) > 1:
            self.error("standard input can be read only once, and '-' stands twice")
        for options, conditions in self._needs:
            if not any(self._holds(condition, arguments) for condition in conditions):
                for option in sorted(arguments.given.intersection(options)):
                    self.error(f"{option} goes with {' or '.join(conditions)}")

    def _holds(self, condition: str, arguments: Namespace) -> bool:
        name, _, value = condition.partition(" ")
        found = getattr(arguments, self._option_string_actions[name].dest)
        return found == value if value else bool(found)


def _help_width() -> int:
    # As argparse has it: two columns less than the terminal, or than COLUMNS says, also where there is no terminal.
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return int(given) - 2
    try:
        return (os.get_terminal_size(sys.__stdout__.fileno()).columns or 80) - 2  # pyright: ignore[reportOptionalMemberAccess]
    except (AttributeError, ValueError, OSError):
        return 80 - 2
