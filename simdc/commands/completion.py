"""`simdc completion`: a script for the shell that completes commands, options, presets and choices."""

from __future__ import annotations

from argparse import Namespace

from .parser import CommandParser

SUMMARY = "a script that completes simdc's commands, options and presets in a shell"
HELP = "Prints what bash, zsh or fish need to complete commands, options, their choices, networks and machines."
EPILOG = """examples:
  simdc completion bash > ~/.local/share/bash-completion/completions/simdc
  simdc completion zsh > ~/.simdc-completion.zsh   # and source it in .zshrc
  simdc completion fish > ~/.config/fish/completions/simdc.fish
"""
SHELLS = ["bash", "zsh", "fish"]


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def run(arguments: Namespace) -> int:
    from simdc.streams import write_out

    from .completion_text import script

    write_out(script(arguments.shell))
    return 0
