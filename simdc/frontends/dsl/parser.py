"""Network text to syntax nodes, built while the parser reduces: there is no tree in between."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from .errors import DslError, Place, shorten
from .lalr import GrammarTable, UnexpectedToken, UnknownCharacter, Word
from .limits import MAX_DIGITS, MAX_NESTING, MAX_STRING, MAX_WORDS
from .precedence import Operator, nest
from .syntax import (
    Assign,
    BlockParameter,
    BlockText,
    Branch,
    Call,
    CallArgument,
    Expression,
    InputText,
    Name,
    NetworkText,
    Number,
    Program,
    Repeat,
    Return,
    Sizes,
    Statement,
    Text,
    Truth,
)
from .syntax_errors import explain

TABLE = os.path.join(os.path.dirname(__file__), "network.table.json")
"""Of the grammar in `network.lark`, made by `python -m tests.frontends.dsl.grammar_table`."""
STEPS = {"LPAR": 1, "LSQB": 1, "LBRACE": 1, "RPAR": -1, "RSQB": -1, "RBRACE": -1}

Children = list[Any]


def parse(text: str) -> Program:
    """Raises DslError."""
    try:
        return _program(_table().parse(_limited(_table().tokens(text)), _Nodes()))
    except (UnexpectedToken, UnknownCharacter) as error:
        raise explain(error, text) from None


@cache
def _table() -> GrammarTable:
    with open(TABLE, encoding="utf-8") as file:
        return GrammarTable(file.read())


def _program(definitions: list[NetworkText | BlockText]) -> Program:
    network: NetworkText | None = None
    blocks: dict[str, BlockText] = {}
    for definition in definitions:
        if isinstance(definition, BlockText):
            if first := blocks.get(definition.name):
                message = f"block '{definition.name}' is already defined in line {first.place[0]}; rename one of them"
                raise DslError(message, definition.place)
            blocks[definition.name] = definition
        elif network is not None:
            message = f"a file holds one network, and '{network.name}' stands in line {network.place[0]}"
            raise DslError(f"{message}; move this one to a file of its own or make it a block", definition.place)
        else:
            network = definition
    if network is None:
        raise DslError("there is no network; add 'network name(x: 3x224x224) { ... return x }'", (1, 1))
    return Program(network, blocks)


def _limited(tokens: Iterable[Word]) -> Iterator[Word]:
    """Passes tokens on and stops at brackets nested too deep and at a text that is too long."""
    depth = 0
    for count, token in enumerate(tokens):
        if count == MAX_WORDS:
            message = f"the text has more than {MAX_WORDS} words and signs"
            raise DslError(f"{message}; say what repeats with 'repeat' and 'block'", _place(token))
        if token.kind in STEPS:
            depth += STEPS[token.kind]
            if depth > MAX_NESTING:
                message = f"brackets are nested more than {MAX_NESTING} deep"
                raise DslError(f"{message}; name the inner value in a statement of its own", _place(token))
        yield token


def _place(token: Word) -> Place:
    return token.line, token.column


class _Nodes:
    """One method per rule of the grammar, called with what the rule's parts became."""

    def start(self, children: Children) -> list[NetworkText | BlockText]:
        return children

    def network(self, children: Children) -> NetworkText:
        name, inputs = children[0], children[1] if len(children) == 3 else ()
        seen: set[str] = set()
        for each in inputs:
            if each.name in seen:
                raise DslError(f"two inputs are called '{each.name}'; rename one of them", each.place)
            seen.add(each.name)
        return NetworkText(_place(name), str(name), inputs, *_ending(name, "network", children[-1]))

    def block(self, children: Children) -> BlockText:
        name, arguments = children[0], children[1] if len(children) == 3 else ()
        parameters: dict[str, BlockParameter] = {}
        for argument in arguments:
            parameter = _parameter(argument)
            if parameter.name in parameters:
                raise DslError(f"two parameters are called '{parameter.name}'; rename one of them", parameter.place)
            parameters[parameter.name] = parameter
        return BlockText(_place(name), str(name), tuple(parameters.values()), *_ending(name, "block", children[-1]))

    def inputs(self, children: Children) -> tuple[InputText, ...]:
        return tuple(children)

    def input(self, children: Children) -> InputText:
        name, shape = children
        if not re.fullmatch(r"[0-9]{1,18}(x[0-9]{1,18}){0,7}", shape):
            message = (
                f"'{shorten(shape)}' is not a shape; write channels x height x width as 3x224x224, or features as 784"
            )
            raise DslError(message, _place(shape))
        return InputText(_place(name), str(name), tuple(int(size) for size in shape.split("x")))

    def body(self, children: Children) -> tuple[Statement | Return, ...]:
        return tuple(children)

    def assign(self, children: Children) -> Assign:
        return Assign(_place(children[0]), str(children[0]), children[1])

    def repeat(self, children: Children) -> Repeat:
        index = str(children[2]) if len(children) == 4 else None
        return Repeat(_place(children[0]), children[1], index, _inner(children[-1]))

    def branch(self, children: Children) -> Branch:
        otherwise: Branch | tuple[Statement, ...] = ()
        if len(children) == 4:
            otherwise = children[3] if isinstance(children[3], Branch) else _inner(children[3])
        return Branch(_place(children[0]), children[1], _inner(children[2]), otherwise)

    def give(self, children: Children) -> Return:
        return Return(_place(children[0]), children[1])

    def expressions(self, children: Children) -> tuple[Expression, ...]:
        return tuple(children)

    def expression(self, children: Children) -> Expression:
        if len(children) == 1 and not isinstance(children[0], list):
            return children[0]
        items: list[Expression | Operator] = []
        for child in children:
            if isinstance(child, Word):
                items.append(Operator(_place(child), str(child)))
            elif isinstance(child, list):
                items.extend(child)  # pyright: ignore[reportUnknownArgumentType]  # from `prefixed`
            else:
                items.append(child)
        return nest(items)

    def prefixed(self, children: Children) -> list[Expression | Operator]:
        return [Operator(_place(children[0]), str(children[0])), children[1]]

    def group(self, children: Children) -> Expression:
        return children[0]

    def name(self, children: Children) -> Name:
        return Name(_place(children[0]), str(children[0]))

    def number(self, children: Children) -> Number:
        return Number(_place(children[0]), _number(children[0]))

    def text(self, children: Children) -> Text:
        return Text(_place(children[0]), _parts(children[0]))

    def truth(self, children: Children) -> Truth:
        return Truth(_place(children[0]), children[0] == "true")

    def list_(self, children: Children) -> Sizes:
        return Sizes(children[0][0].place, children[0])

    def call(self, children: Children) -> Call:
        return Call(_place(children[0]), str(children[0]), children[1] if len(children) == 2 else ())

    def arguments(self, children: Children) -> tuple[CallArgument, ...]:
        return tuple(children)

    def argument(self, children: Children) -> CallArgument:
        return CallArgument(children[0].place, None, children[0])

    def keyword(self, children: Children) -> CallArgument:
        return CallArgument(_place(children[0]), str(children[0]), children[1])


def _parameter(argument: CallArgument) -> BlockParameter:
    match argument:
        case CallArgument(place, str(keyword), default):
            parameter = BlockParameter(place, keyword, default)
        case CallArgument(place, None, Name(_, identifier)):
            parameter = BlockParameter(place, identifier, None)
        case _:
            raise DslError("a parameter is a name, or a name and its default as in 'stride=1'", argument.place)
    if parameter.name == "name":
        message = "'name' cannot be a parameter: every call takes name=\"...\" already; choose another word"
        raise DslError(message, parameter.place)
    return parameter


def _inner(body: tuple[Statement | Return, ...]) -> tuple[Statement, ...]:
    """Statements that must not return."""
    for statement in body:
        if isinstance(statement, Return):
            message = "return stands only at the end of a network or block; assign to a name here and return that"
            raise DslError(message, statement.place)
    return body  # pyright: ignore[reportReturnType]  # no Return is left


def _ending(name: Word, kind: str, body: tuple[Statement | Return, ...]) -> tuple[tuple[Statement, ...], Return]:
    """Split the final return off. Everything before it must not return."""
    for index, statement in enumerate(body):
        if isinstance(statement, Return):
            if index + 1 < len(body):
                raise DslError("nothing runs after return; move it to the end", statement.place)
            return body[:-1], statement  # pyright: ignore[reportReturnType]  # the only Return is split off
    raise DslError(f"{kind} '{shorten(name)}' returns nothing; end it with 'return' and a value", _place(name))


def _number(token: Word) -> int | float:
    if re.fullmatch(r"[0-9]+", token):
        if len(token) > MAX_DIGITS:
            raise DslError(f"a number may have at most {MAX_DIGITS} digits, this one has {len(token)}", _place(token))
        return int(token)
    if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?", token):
        message = f"'{shorten(token)}' is not a number; write a whole number or a decimal such as 0.5 or 1e-4"
        raise DslError(message, _place(token))
    return float(token)


def _parts(token: Word) -> tuple[str | Name, ...]:
    line, column = _place(token)
    if len(token) > MAX_STRING + 2:
        raise DslError(f"a string may have at most {MAX_STRING} characters", (line, column))
    parts: list[str | Name] = []
    end = 1
    for match in re.finditer(r"\{([A-Za-z_][A-Za-z_0-9]*)\}", token):
        parts += [token[end : match.start()], Name((line, column + match.start(1)), match[1])]
        end = match.end()
    parts.append(token[end:-1])
    for part in parts:
        if isinstance(part, str) and ("{" in part or "}" in part):
            raise DslError('braces in a string hold one name, as in "stage{i}"', (line, column))
    return tuple(part for part in parts if part != "")
