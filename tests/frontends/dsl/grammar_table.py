"""Makes the table that network text is read by, `simdc/frontends/dsl/network.table.json`, of `network.lark`:

    python -m tests.frontends.dsl.grammar_table

Lark works out the automaton; what reads by it is `simdc/frontends/dsl/lalr.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from lark import Lark
from lark.parsers.lalr_analysis import Shift

import simdc

FOLDER = Path(simdc.__file__).parent / "frontends/dsl"
GRAMMAR, TABLE = FOLDER / "network.lark", FOLDER / "network.table.json"


def lark_parser(**options: object) -> Any:
    return cast("Any", Lark).open(str(GRAMMAR), parser="lalr", lexer="basic", maybe_placeholders=False, **options)


def table() -> dict[str, Any]:
    """As `lalr.GrammarTable` has it."""
    parser = lark_parser()
    automaton, lexer = parser.parser.parser._parse_table, parser.parser.lexer
    rules = list(parser.rules)
    # Lark numbers states as they come out of sets: here as they are met from the first on.
    ((_, start),) = automaton.start_states.items()
    numbers, states = {start: 0}, list[dict[str, int]]()
    for old in (met := [start]):
        states.append({})
        for symbol, (action, target) in sorted(automaton.states[old].items()):
            if action is Shift and target not in numbers:
                numbers[target] = len(numbers)
                met.append(target)
            states[-1][symbol] = numbers[target] if action is Shift else -1 - rules.index(target)
    # Lark ends where a state says so and the text does: here the end is a word like any other.
    ((_, last),) = automaton.end_states.items()
    states[numbers[last]]["$END"] = numbers[last]
    scanner = lexer.scanner
    (pattern,) = scanner._mres
    words = {
        each.pattern.value: each.name for callback in lexer.callback.values() for each in callback.scanner.terminals
    }
    return {
        "words": dict(sorted(words.items())),
        "pattern": pattern.pattern,
        "ignored": sorted(parser.ignore_tokens),
        "rules": [_rule(rule) for rule in rules],
        "states": states,
    }


def _rule(rule: Any) -> list[Any]:
    """As `lalr.Rule` has it."""
    kept = [number for number, each in enumerate(rule.expansion) if not getattr(each, "filter_out", False)]
    spread = [number for number in kept if rule.expansion[number].name.startswith("_")]
    is_thin = bool(rule.options.expand1 and not rule.alias)
    # One that is alone becomes nothing else.
    method = "" if rule.origin.name.startswith("_") or is_thin else rule.alias or rule.origin.name
    assert not is_thin or (len(kept), spread) == (1, [])
    return [rule.origin.name, len(rule.expansion), kept, spread, method, is_thin]


def table_text() -> str:
    found = table()
    rows = {name: found[name] for name in ("words", "pattern", "ignored")}
    lines = [f'  "{name}": {json.dumps(value)}' for name, value in rows.items()]
    for name in ("rules", "states"):
        inner = ",\n".join(f"    {json.dumps(each)}" for each in found[name])
        lines.append(f'  "{name}": [\n{inner}\n  ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TABLE.write_text(table_text(), encoding="utf-8")
