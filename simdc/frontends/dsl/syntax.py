"""The network language as data. Every node knows the place in the text that an error about it points at."""

from __future__ import annotations

from simdc.named import NamedTuple

from .errors import Place


class Number(NamedTuple):
    place: Place
    value: int | float


class Truth(NamedTuple):
    place: Place
    value: bool


class Name(NamedTuple):
    place: Place
    identifier: str


class Text(NamedTuple):
    """A string; the names in it stand for `{i}` and are replaced by their values."""

    place: Place
    parts: tuple[str | Name, ...]


class Sizes(NamedTuple):
    """A list such as `[3, 5]`."""

    place: Place
    items: tuple[Expression, ...]


class Prefix(NamedTuple):
    """`-x` or `not x`."""

    place: Place
    operator: str
    operand: Expression


class Infix(NamedTuple):
    """Operators of one precedence, from left to right: `operands[0] operators[0] operands[1] ...`. One node however
    many there are, so that a long sum is not a deep one. Each operator has its own place."""

    place: Place
    operators: tuple[tuple[str, Place], ...]
    operands: tuple[Expression, ...]


class CallArgument(NamedTuple):
    """`value` or `keyword=value`."""

    place: Place
    keyword: str | None
    value: Expression


class Call(NamedTuple):
    place: Place
    callee: str
    arguments: tuple[CallArgument, ...]


class Pipe(NamedTuple):
    """`head -> step -> step`: each step's first argument is the value before it."""

    place: Place
    head: Expression
    steps: tuple[Call, ...]


class Assign(NamedTuple):
    place: Place
    target: str
    value: Expression


class Repeat(NamedTuple):
    """`counter` is the name that numbers the rounds, if they are numbered."""

    place: Place
    rounds: Expression
    counter: str | None
    body: tuple[Statement, ...]


class Branch(NamedTuple):
    """`otherwise` is the branch that follows `else if`, or the statements that follow `else`, if any."""

    place: Place
    condition: Expression
    body: tuple[Statement, ...]
    otherwise: Branch | tuple[Statement, ...]


class Return(NamedTuple):
    place: Place
    values: tuple[Expression, ...]


class InputText(NamedTuple):
    """An input of the network, its shape without batch."""

    place: Place
    name: str
    shape: tuple[int, ...]


class BlockParameter(NamedTuple):
    place: Place
    name: str
    default: Expression | None


class NetworkText(NamedTuple):
    place: Place
    name: str
    inputs: tuple[InputText, ...]
    body: tuple[Statement, ...]
    results: Return


class BlockText(NamedTuple):
    place: Place
    name: str
    parameters: tuple[BlockParameter, ...]
    body: tuple[Statement, ...]
    results: Return


class Program(NamedTuple):
    network: NetworkText
    blocks: dict[str, BlockText]


Expression = Number | Truth | Name | Text | Sizes | Prefix | Infix | Call | Pipe
Statement = Assign | Repeat | Branch
