"""Which constants are statistics of a batch norm: a module does not say so, what it does with them does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .body import Body
from .functions import Symbol
from .network import ForeignNetwork
from .values import Seen, roots_of

ROOTS = ("sqrt", "inv_sqrt")


def under_roots(body: Body) -> set[str]:
    """What a square root is taken of: a variance, from constants alone."""
    names = _operands(body)
    return {name for step in body.code if step.opcode in ROOTS for name in names(step.sources[0])}


def subtracted(body: Body, moving: str) -> set[str]:
    """What is subtracted from what changes: a mean."""
    names = _operands(body)
    pairs = [(names(step.sources[0]), names(step.sources[1])) for step in body.code if step.opcode == "sub"]
    return {name for lhs, rhs in pairs if moving in lhs and moving not in rhs for name in rhs}


def note_statistics(network: ForeignNetwork, constants: Mapping[str, Seen], names: set[str], channels: int) -> None:
    """Let those of `names` be statistics that have one number for each channel, as their origin has."""
    for label in roots_of(value for name, value in constants.items() if name in names):
        if network.trained.get(label) == channels:
            network.statistics.add(label)


def _operands(body: Body) -> Callable[[Symbol], set[str]]:
    """Of an operand or temporary, the operands that it follows from."""
    found: dict[Symbol, set[str]] = {}

    def names(symbol: Symbol) -> set[str]:
        return found.get(symbol, {symbol} if isinstance(symbol, str) else set())

    for step in body.code:
        found[step.dest] = {name for source in step.sources for name in names(source)}
    return names
