"""Completion scripts, made from the parsers: the shell asks nobody while somebody types."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from simdc.frontends.presets import presets

from . import COMMANDS
from .parser import CommandParser

BASH = """# simdc: completion for bash. Made by `simdc completion bash`.
_simdc() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command=cost words
    case "${{COMP_WORDS[1]}}" in {commands}) command="${{COMP_WORDS[1]}}" ;; esac
    case "$before" in
        --hw) words="{machines}" ;;
{values}
        *) case "$command" in
{options}
        esac ;;
    esac
    [ "$COMP_CWORD" = 1 ] && words="$words {names}"
    COMPREPLY=( $(compgen -W "$words" -- "$word") $(compgen -f -- "$word") )
}}
complete -o filenames -F _simdc simdc
"""
ZSH = """# simdc: completion for zsh. Made by `simdc completion zsh`.
autoload -U +X bashcompinit && bashcompinit
"""


class Command(NamedTuple):
    """Its options and what may stand behind those that have choices."""

    name: str
    options: list[str]
    choices: dict[str, list[str]]


def commands() -> list[Command]:
    found: list[Command] = []
    for name, place in COMMANDS.items():
        job, options, choices = import_module(place), list[str](), dict[str, list[str]]()
        parser = CommandParser(name, "", "")
        job.add_arguments(parser)
        for action in parser.actions():
            options += action.option_strings
            if action.choices is not None:
                for option in action.option_strings:
                    choices[option] = [str(choice) for choice in action.choices]
        found.append(Command(name, options, choices))
    return found


def script(shell: str) -> str:
    """For `bash`, `zsh` or `fish`."""
    if shell == "fish":
        return _fish()
    return (ZSH if shell == "zsh" else "") + _bash()


def _bash() -> str:
    every, networks = commands(), sorted(presets("networks"))
    values = {option: words for command in every for option, words in command.choices.items()}
    lines = [f'        {option}) words="{" ".join(words)}" ;;' for option, words in sorted(values.items())]
    options = [f'            {command.name}) words="{" ".join([*command.options, *networks])}" ;;' for command in every]
    names = [command.name for command in every]
    return BASH.format(
        commands="|".join(names),
        machines=" ".join(sorted(presets("hardware"))),
        values="\n".join(lines),
        options="\n".join(options),
        names=" ".join([*names, "help", "version"]),
    )


def _fish() -> str:
    lines = ["# simdc: completion for fish. Made by `simdc completion fish`."]
    every = commands()
    names = " ".join(command.name for command in every)
    lines.append(f"complete -c simdc -n __fish_use_subcommand -a '{names} help version'")
    lines.append(f"complete -c simdc -a '{' '.join(sorted(presets('networks')))}'")
    for command in every:
        seen = f"__fish_seen_subcommand_from {command.name}"
        condition = seen if command.name != "cost" else f"not __fish_seen_subcommand_from {names} || {seen}"
        for option in command.options:
            words = command.choices.get(option, sorted(presets("hardware")) if option == "--hw" else [])
            kind = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            more = f" -x -a '{' '.join(words)}'" if words else ""
            lines.append(f"complete -c simdc -n '{condition}' {kind}{more}")
    return "\n".join(lines) + "\n"
