"""Jobs of the command line: `simdc verify ...` is `simdc/commands/verify.py`.

A command is a module with `SUMMARY` (a line for `simdc --help`), `HELP`, `EPILOG`, `add_arguments(parser)` and
`run(arguments)`, which returns the exit code and raises SimdcError. It imports what it works with inside `run`: its
arguments are checked first.
"""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    "cost": "simdc.commands.cost",
    "explain": "simdc.commands.explain",
    "explore": "simdc.commands.explore",
    "grow": "simdc.commands.grow",
    "verify": "simdc.commands.verify",
    "judge": "simdc.commands.judge",
    "compare": "simdc.commands.compare",
    "diff": "simdc.commands.diff",
    "report": "simdc.commands.report",
    "validate": "simdc.commands.validate",
    "list": "simdc.commands.list",
    "completion": "simdc.commands.completion",
}
"""Command by name, with the module it stands in; the first is meant where none is named."""
