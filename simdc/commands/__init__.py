"""Jobs of the command line beside the cost report: `simdc verify ...` is `simdc/commands/verify.py`.

A command is a module with `HELP`, `EPILOG`, `add_arguments(parser)` and `run(arguments)`, which returns the exit code
and raises SimdcError. It imports what it works with inside `run`: its arguments are checked first.
"""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    "compare": "simdc.commands.compare",
    "explore": "simdc.commands.explore",
    "verify": "simdc.commands.verify",
}
"""Command by name, with the module it stands in."""
