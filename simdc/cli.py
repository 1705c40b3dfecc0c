"""The command line. Only argparse is imported until the arguments are valid: that keeps `--help` instant."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from simdc.commands import COMMANDS
from simdc.commands.command_text import command_text
from simdc.commands.parser import CommandParser
from simdc.errors import SimdcError, UsageError, suggestion
from simdc.streams import mute, say, write_out

USAGE = """simdc NETWORK --hw MACHINE [options]
       simdc COMMAND ...
       simdc help COMMAND"""
EXIT_CODES = """exit codes: 0 done; 1 what was asked for cannot be done, or `verify` found a difference;
2 the command line is wrong; 130 interrupted; 141 the reader of the output went away
"""
INTERRUPTED = 130
BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for and return the exit code; what goes wrong is said on standard error."""
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    except UsageError as error:
        say(f"{error.program}: error: {error}")
        return 2
    except SimdcError as error:
        say(f"simdc: {error}" if error.file is None else str(error))
    except BrokenPipeError:
        mute(sys.stdout)
        return BROKEN_PIPE
    except OSError as error:
        place = f"{error.filename}: " if error.filename else "simdc: "
        say(place + (error.strerror or str(error)))
    except RecursionError:
        say("simdc: the input nests too deeply")
    except MemoryError:
        say("simdc: there is not enough memory for this input")
    except KeyboardInterrupt:
        return INTERRUPTED
    return 1


def _run(argv: list[str]) -> int:
    first = argv[0] if argv else ""
    if "--version" in argv or first == "version":
        from simdc.commands.version import version_text

        write_out(f"{version_text()}\n")
        return 0
    if first == "help":
        write_out(_help(argv[1:]))
        return 0
    if "-h" in argv or "--help" in argv:
        write_out(_help(argv[:1] if first in COMMANDS else []))
        return 0
    if "--list" in argv:
        place = argv.index("--list")
        first, argv = "list", ["list", *argv[place + 1 :], *argv[:place]]
    if first in COMMANDS:
        return _command(first, f"simdc {first}", argv[1:])
    _refuse_misspelt(argv)
    return _command("cost", "simdc", argv)


def _command(name: str, program: str, argv: Sequence[str]) -> int:
    arguments = _parser(name, program).parse(argv)
    arguments.command = command_text(argv if name == "cost" else [name, *argv])
    return import_module(COMMANDS[name]).run(arguments)


def _parser(name: str, program: str) -> CommandParser:
    job = import_module(COMMANDS[name])
    parser = CommandParser(program, job.HELP, f"{job.EPILOG}\n{EXIT_CODES}")
    job.add_arguments(parser)
    return parser


def _help(topic: Sequence[str]) -> str:
    """Of one command, or of all with the options of the first, which needs not be named."""
    if topic:
        _refuse_unknown(topic[0])
        return _parser(topic[0], f"simdc {topic[0]}").format_help()
    parser = _parser("cost", "simdc")
    parser.usage = USAGE
    lines = [f"  {name:<8}  {import_module(place).SUMMARY}" for name, place in COMMANDS.items()]
    parser.description = "\n".join(
        [parser.description or "", "", "commands:", *lines, "", "This is `simdc help cost`:"]
    )
    return parser.format_help()


def _refuse_unknown(command: str) -> None:
    if command not in COMMANDS:
        hint = suggestion(command.lower(), list(COMMANDS)) or f"; there are {', '.join(COMMANDS)}"
        raise UsageError(f"no command '{command[:80]}'{hint}")


def _refuse_misspelt(argv: Sequence[str]) -> None:
    """Where no command comes first: a first word that can only be meant as one, for no network is called like that."""
    if argv and argv[0].isalpha() and (hint := suggestion(argv[0].lower(), [*COMMANDS, "help", "version"])):
        raise UsageError(f"no command or network '{argv[0]}'{hint}")


def entry() -> int:
    """`main` for a process that does nothing else: one compilation makes no garbage worth looking for, neither while
    it runs nor when the interpreter ends, and looking takes a sixth of the time."""
    import gc

    gc.disable()
    code = main()
    gc.freeze()
    return code
