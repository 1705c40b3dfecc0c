"""Completion scripts, made from the parsers: the shell asks nobody while somebody types."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from simdc.cost.structure import leaf_paths, unstructure
from simdc.frontends.hardware_file import load_hardware
from simdc.frontends.presets import presets
from simdc.named import NamedTuple

from . import COMMANDS
from .listing import KINDS
from .parser import CommandParser

BASH = """# simdc: completion for bash. Made by `simdc completion bash`.
_simdc() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command=cost words
    case "${{COMP_WORDS[1]}}" in {commands}) command="${{COMP_WORDS[1]}}" ;; esac
    case "$before" in
        --set) words="{fields}"; compopt -o nospace 2> /dev/null ;;
{values}
        *) case "$command" in
{options}
        esac ;;
    esac
    # A machine may stand behind a machine: --hw HI1 HI3.
    case " {machines} " in *" $before "*) words="$words {machines}" ;; esac
    [ "$COMP_CWORD" = 1 ] && words="$words {names}"
    COMPREPLY=( $(compgen -W "$words" -- "$word") $(compgen -f -- "$word") )
}}
complete -o filenames -F _simdc simdc
"""
ZSH = """# simdc: completion for zsh. Made by `simdc completion zsh`.
autoload -U +X bashcompinit && bashcompinit
"""


def _fields() -> list[str]:
    hardware = load_hardware("HI3")
    return [f"{path}=" for path in leaf_paths(unstructure(hardware, every=True)) if path != "name"]


def _names(kind: str) -> Callable[[], list[str]]:
    return lambda: [entry.name for entry in KINDS[kind]()]


KNOWN: dict[str, Callable[[], list[str]]] = {
    "--hw": lambda: sorted(presets("hardware")),
    "--set": _fields,
    "--model": _names("models"),
    "--format": _names("reports"),
    "--input-format": _names("frontends"),
    "--passes": _names("passes"),
}
"""By option what may stand behind it, where its parser has no list: plug-ins and files are possible, too."""


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
            words = action.choices or KNOWN.get("".join(action.option_strings[-1:]), list[str])()
            if words:
                for option in action.option_strings:
                    choices[option] = [str(word) for word in words]
        found.append(Command(name, options, choices))
    return found


def script(shell: str) -> str:
    """For `bash`, `zsh` or `fish`."""
    if shell == "fish":
        return _fish()
    return (ZSH if shell == "zsh" else "") + _bash()


def _bash() -> str:
    every, networks = commands(), sorted(presets("networks"))
    values: dict[str, dict[str, None]] = {}
    for command in every:
        for option, words in command.choices.items():
            # Formats of one command are not those of another.
            values.setdefault(option, {}).update(dict.fromkeys(words))
    values.pop("--set")
    lines = [f'        {option}) words="{" ".join(words)}" ;;' for option, words in sorted(values.items())]
    options = [f'            {command.name}) words="{" ".join([*command.options, *networks])}" ;;' for command in every]
    names = [command.name for command in every]
    return BASH.format(
        commands="|".join(names),
        machines=" ".join(KNOWN["--hw"]()),
        fields=" ".join(KNOWN["--set"]()),
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
    machines = " ".join(KNOWN["--hw"]())
    # A machine may stand behind a machine.
    lines.append(f"complete -c simdc -n 'contains -- (commandline -opc)[-1] {machines}' -a '{machines}'")
    for command in every:
        seen = f"__fish_seen_subcommand_from {command.name}"
        condition = seen if command.name != "cost" else f"not __fish_seen_subcommand_from {names} || {seen}"
        for option in command.options:
            words = command.choices.get(option, [])
            kind = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            more = f" -x -a '{' '.join(words)}'" if words else ""
            lines.append(f"complete -c simdc -n '{condition}' {kind}{more}")
    return "\n".join(lines) + "\n"
