"""Reads a text by the table of its grammar: which words it has, and what follows what. `network.table.json` is such a
table, which Lark made of `network.lark`; reading by it takes a tenth of what importing Lark does.

Shift and reduce, as in any text on compilers: a stack of states and one of values; a word pushes a state, a rule takes
its symbols from the stacks and pushes what its method makes of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any

from simdc.named import NamedTuple

END = "$END"


class Word(str):
    """A text with its kind, line and column, both from 1."""

    __slots__ = ("column", "kind", "line")

    kind: str
    line: int
    column: int


class UnknownCharacter(Exception):
    """At `offset` of the text begins no word."""

    def __init__(self, offset: int, line: int, column: int):
        super().__init__(offset)
        self.offset, self.line, self.column = offset, line, column


class UnexpectedToken(Exception):
    """A word, or the end of the text, which `expected` kinds could have stood in the place of."""

    def __init__(self, token: Word, expected: set[str]):
        super().__init__(token)
        self.token, self.expected = token, expected


class Rule(NamedTuple):
    """`symbol` takes `length` values, of which those at the places `kept` go to the method `makes`, lists at `spread`
    one by one; without a method they are a list. One that `is_thin` keeps one value, and is that."""

    symbol: str
    length: int
    kept: list[int]
    spread: list[int]
    makes: str
    is_thin: bool


class GrammarTable:
    """From JSON: `words` are kinds of names with a meaning of their own, `pattern` tells all kinds, of which some are
    `ignored`. A text begins in the first of the `states`; each has for a symbol the one that follows, or -1 - n where
    rule n of the `rules` is complete."""

    def __init__(self, text: str):
        data: dict[str, Any] = json.loads(text)
        self._words: Mapping[str, str] = data["words"]
        self._text, self._ignored = data["pattern"], frozenset(data["ignored"])
        self._rules = [Rule(*each) for each in data["rules"]]
        self._states: list[Mapping[str, int]] = data["states"]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self._text)

    def tokens(self, text: str) -> Iterator[Word]:
        """Raises UnknownCharacter."""
        match, at, line, line_start = self._pattern.match, 0, 1, 0
        while at < len(text):
            found = match(text, at)
            if found is None:
                raise UnknownCharacter(at, line, at - line_start + 1)
            word, kind = found[0], found.lastgroup or ""
            if kind not in self._ignored:
                token = Word(word)
                token.kind, token.line, token.column = self._words.get(word, kind), line, at - line_start + 1
                yield token
            if "\n" in word:
                line += word.count("\n")
                line_start = at + word.rindex("\n") + 1
            at = found.end()

    def parse(self, tokens: Iterable[Word], methods: object) -> Any:
        """What the methods of the rules, called with what their symbols became, make of all. Raises UnexpectedToken."""
        states, values, rules = [0], list[Any](), self._rules
        makers: list[Callable[[list[Any]], Any] | None] = [
            getattr(methods, rule.makes) if rule.makes else None for rule in rules
        ]
        end = Word()
        end.kind = END
        for token in chain(tokens, (end,)):
            while True:
                step = self._states[states[-1]].get(token.kind)
                if step is None:
                    raise UnexpectedToken(token, self._expected(states))
                if step >= 0:
                    break
                rule, make = rules[-1 - step], makers[-1 - step]
                taken = _taken(rule, values)
                values.append(taken[0] if rule.is_thin else taken if make is None else make(taken))
                _reduce(states, rule, self._states)
            states.append(step)
            values.append(token)
        return values[0]

    def _expected(self, states: list[int]) -> set[str]:
        return {kind for kind in self._states[states[-1]] if kind == kind.upper() and self._takes(states, kind)}

    def _takes(self, states: list[int], kind: str) -> bool:
        """Whether such a word could come next: not each for which a rule may be complete."""
        states = states.copy()
        while (step := self._states[states[-1]].get(kind)) is not None and step < 0:
            _reduce(states, self._rules[-1 - step], self._states)
        return step is not None


def _reduce(states: list[int], rule: Rule, table: list[Mapping[str, int]]) -> None:
    if rule.length:
        del states[-rule.length :]
    states.append(table[states[-1]][rule.symbol])


def _taken(rule: Rule, values: list[Any]) -> list[Any]:
    """What the rule keeps of the last values, which are gone then."""
    first, taken = len(values) - rule.length, list[Any]()
    for place in rule.kept:
        value = values[first + place]
        if place not in rule.spread:
            taken.append(value)
        elif taken:
            taken += value
        else:
            # `statement*` is `statement* statement`: the list grows, and nobody else has it.
            taken = value
    del values[first:]
    return taken
