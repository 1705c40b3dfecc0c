"""Operators from the flat list of the grammar to nested expressions."""

from __future__ import annotations

from simdc.named import NamedTuple

from .errors import DslError, Place
from .syntax import Call, Expression, Infix, Name, Pipe, Prefix

LEVELS = (
    frozenset(["or"]),
    frozenset(["and"]),
    frozenset(["not"]),
    frozenset(["==", "!=", "<", "<=", ">", ">="]),
    frozenset(["+", "-"]),
    frozenset(["*", "/", "//", "%"]),
)
"""From the loosest to the tightest. `->` is looser than all of them, a minus sign is tighter."""
NOT, COMPARISON = 2, 3


class Operator(NamedTuple):
    place: Place
    symbol: str


Items = list[Expression | Operator]


def nest(items: Items) -> Expression:
    """The expression that `items` are: operands between operators, each operand with at most one prefix."""
    if len(items) == 1 and not isinstance(items[0], Operator):
        return items[0]
    arrows, pieces = _split(items, frozenset(["->"]))
    head = _level(pieces[0], 0)
    if not arrows:
        return head
    return Pipe(
        arrows[0].place, head, tuple(_step(arrow, piece) for arrow, piece in zip(arrows, pieces[1:], strict=True))
    )


def _step(arrow: Operator, piece: Items) -> Call:
    match piece:
        case [Call() as call]:
            return call
        case [Name(place, identifier)]:
            return Call(place, identifier, ())
        case _:
            raise DslError("'->' must lead to one layer or block, as in 'x -> conv(64, 3) -> relu'", arrow.place)


def _level(items: Items, level: int) -> Expression:
    """The expression of `items`, whose operators are all of `level` or tighter."""
    first = items[0]
    if len(items) == 1 and not isinstance(first, Operator):
        return first
    if level == len(LEVELS):
        return _prefixed(items, level)
    if level == NOT:
        negated = isinstance(first, Operator) and first.symbol == "not"
        return Prefix(first.place, "not", _level(items[1:], COMPARISON)) if negated else _level(items, COMPARISON)
    operators, pieces = _split(items, LEVELS[level])
    operands = tuple(_level(piece, level + 1) for piece in pieces)
    if not operators:
        return operands[0]
    if level == COMPARISON and len(operators) > 1:
        raise DslError("comparisons cannot be chained; join two of them with 'and'", operators[1].place)
    return Infix(operators[0].place, tuple((each.symbol, each.place) for each in operators), operands)


def _prefixed(items: Items, level: int) -> Expression:
    operator = items[0]
    if not isinstance(operator, Operator):
        raise DslError("'not' cannot stand between two values; write 'a and not b' or 'a != b'", items[1].place)
    if operator.symbol not in ("-", "not"):
        raise DslError(f"'{operator.symbol}' needs a value on its left", operator.place)
    return Prefix(operator.place, operator.symbol, _level(items[1:], level))


def _split(items: Items, symbols: frozenset[str]) -> tuple[list[Operator], list[Items]]:
    """The operators among `symbols` that stand between operands, and what lies between them."""
    operators: list[Operator] = []
    pieces: list[Items] = [[]]
    for item in items:
        if (
            isinstance(item, Operator)
            and item.symbol in symbols
            and pieces[-1]
            and not isinstance(pieces[-1][-1], Operator)
        ):
            operators.append(item)
            pieces.append([])
        else:
            pieces[-1].append(item)
    return operators, pieces
