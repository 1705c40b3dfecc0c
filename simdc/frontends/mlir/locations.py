"""Locations that another compiler wrote behind its ops. Names in them call layers what a framework calls them; lines of
its source are nothing to us, whose places are those in the module's text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from xdsl.dialects.builtin import FileLineColLoc, NameLoc
from xdsl.ir import Operation

ALIAS = re.compile(r"^#(loc\d*) = loc\((.*)\)[ \t]*$", re.MULTILINE)
PART = re.compile(r'"(?:[^"\\\n]|\\.)*+"|[()]')
NAME = re.compile(r'\s*(?:callsite\(|fused(?:<[^<>]*>)?\[|#(?P<alias>loc\d*)|"(?P<name>(?:[^"\\]|\\.)*+)"(?!\s*:))')
DEEPEST = 32
"""Of aliases of aliases."""
MOST_LETTERS = 1000
"""Of a name that somebody may read."""
GRADIENT = ".grad"
STEP = re.compile(r"(\w+)\((.*)\)", re.DOTALL)
TRANSPOSED = "transpose"
"""What JAX says around the scope of a layer whose gradient it makes."""


def without_aliases(text: str) -> tuple[str, dict[str, str]]:
    """The text with blanks where it names locations, and what these are by name: MLIR writes most of them behind the
    module, and xDSL looks for what stands before."""
    found = {each[1]: each[2] for each in ALIAS.finditer(text)}
    return (ALIAS.sub(lambda each: " " * len(each[0]), text) if found else text), found


def end_of(text: str, start: int) -> int | None:
    """Where the parenthesis ends that opens at `start`; None if nowhere."""
    depth = 0
    for part in PART.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(part[0], 0)
        if not depth:
            return part.end()
    return None


def name_in(written: str, aliases: Mapping[str, str]) -> str | None:
    """The name in a location: of a call its callee's, of several the first one's; None where it names files only."""
    for _ in range(DEEPEST):
        found = NAME.match(written)
        if found is None:
            return None
        if found["name"] is not None:
            return found["name"]
        written = written[found.end() :] if found["alias"] is None else aliases.get(found["alias"], "")
    return None


def place_in_text(op: Operation) -> FileLineColLoc | None:
    """Where an op stands in the module's text."""
    found = op.location.location if isinstance(op.location, NameLoc) else op.location
    return found if isinstance(found, FileLineColLoc) else None


def layer_name(op: Operation, around: str) -> str | None:
    """What a layer of an op is called by the name in its location, None without one. JAX writes where an op comes from:

    `jit(step)/transpose(jvp(layer1))/conv1/dot_general` is `layer1.conv1.dot_general.grad`.

    In a function that is called it writes less, and `around` is the name of the call."""
    path = op.location.desc.data if isinstance(op.location, NameLoc) else ""
    if not path or len(path) > MOST_LETTERS:
        return None
    whole = "" if path.startswith("jit(") else around
    outer = whole.removesuffix(GRADIENT)
    inside = [(outer, outer != whole), *map(_scope, _steps(path))]
    named = ".".join(scope for scope, _ in inside if scope)
    return f"{named}{GRADIENT if any(gradient for _, gradient in inside) else ''}" if named else None


def _steps(path: str) -> Iterator[str]:
    """Between the slashes that are in no parentheses; the function that is compiled, the first, left out."""
    depth, start = 0, 0
    for at, letter in enumerate(path):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "/" and not depth:
            if start or not path.startswith("jit("):
                yield path[start:at]
            start = at + 1
    if start or not path.startswith("jit("):
        yield path[start:]


def _scope(step: str) -> tuple[str, bool]:
    """What stands within all that JAX does to a scope, and whether that is its gradient."""
    is_gradient = False
    while (found := STEP.fullmatch(step)) is not None:
        is_gradient |= found[1] == TRANSPOSED
        step = found[2]
    return step.replace("/", "."), is_gradient
