"""The network language as data. Every node knows the place in the text that an error about it points at."""

from __future__ import annotations

from attrs import frozen

from .errors import Place


@frozen(eq=False, repr=False)
class Number:
    place: Place
    value: int | float


@frozen(eq=False, repr=False)
class Truth:
    place: Place
    value: bool


@frozen(eq=False, repr=False)
class Name:
    place: Place
    identifier: str


@frozen(eq=False, repr=False)
class Text:
    """A string; the names in it stand for `{i}` and are replaced by their values."""

    place: Place
    parts: tuple[str | Name, ...]


@frozen(eq=False, repr=False)
class Sizes:
    """A list such as `[3, 5]`."""

    place: Place
    items: tuple[Expression, ...]


@frozen(eq=False, repr=False)
class Prefix:
    """`-x` or `not x`."""

    place: Place
    operator: str
    operand: Expression


@frozen(eq=False, repr=False)
class Operation:
    """Operators of one precedence, from left to right: `operands[0] operators[0] operands[1] ...`. One node however
    many there are, so that a long sum is not a deep one. Each operator has its own place."""

    place: Place
    operators: tuple[tuple[str, Place], ...]
    operands: tuple[Expression, ...]


@frozen(eq=False, repr=False)
class Argument:
    """`value` or `keyword=value`."""

    place: Place
    keyword: str | None
    value: Expression


@frozen(eq=False, repr=False)
class Call:
    place: Place
    callee: str
    arguments: tuple[Argument, ...]


@frozen(eq=False, repr=False)
class Chain:
    """`head -> step -> step`: each step's first argument is the value before it."""

    place: Place
    head: Expression
    steps: tuple[Call, ...]


@frozen(eq=False, repr=False)
class Assign:
    place: Place
    target: str
    value: Expression


@frozen(eq=False, repr=False)
class Repeat:
    place: Place
    count: Expression
    index: str | None
    body: tuple[Statement, ...]


@frozen(eq=False, repr=False)
class Branch:
    """`otherwise` is the branch that follows `else if`, or the statements that follow `else`, if any."""

    place: Place
    condition: Expression
    body: tuple[Statement, ...]
    otherwise: Branch | tuple[Statement, ...]


@frozen(eq=False, repr=False)
class Return:
    place: Place
    values: tuple[Expression, ...]


@frozen(eq=False, repr=False)
class Input:
    """An input of the network, its shape without batch."""

    place: Place
    name: str
    shape: tuple[int, ...]


@frozen(eq=False, repr=False)
class Parameter:
    place: Place
    name: str
    default: Expression | None


@frozen(eq=False, repr=False)
class Network:
    place: Place
    name: str
    inputs: tuple[Input, ...]
    body: tuple[Statement, ...]
    results: Return


@frozen(eq=False, repr=False)
class Block:
    place: Place
    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]
    results: Return


@frozen(eq=False, repr=False)
class Program:
    network: Network
    blocks: dict[str, Block]


Expression = Number | Truth | Name | Text | Sizes | Prefix | Operation | Call | Chain
Statement = Assign | Repeat | Branch
