"""What the options of language models ask for: --decode, --context and --generate."""

from __future__ import annotations

from argparse import Namespace

from simdc.errors import UsageError
from simdc.ir.token_run import TokenRun, decode_step
from simdc.named import NamedTuple

from .number_list import NumberList, NumberOption, number_of, numbers_of

MAX_TOKENS = 2**24
CONTEXT = NumberOption("--context", "lengths", "tokens", "curve", MAX_TOKENS)
GENERATE = CONTEXT._replace(option="--generate")


class PromptAndMade(NamedTuple):
    """What --generate says: so many tokens are read, and so many made one after the other."""

    prompt: int
    made: int


def lengths_of(arguments: Namespace) -> NumberList | None:
    """What --context says: of several lengths each is a step of one token. Raises UsageError."""
    if arguments.context is None:
        return None
    found = numbers_of(arguments.context, CONTEXT)
    if found.several and not arguments.decode:
        raise UsageError("--context: several lengths are a curve of single tokens, which needs --decode")
    return found


def generation_of(arguments: Namespace) -> PromptAndMade | None:
    """What --generate says. Raises UsageError."""
    if arguments.generate is None:
        return None
    prompt, plus, made = str(arguments.generate).partition("+")
    if not plus:
        raise UsageError(f"--generate: expected P+T, such as 128+256, got '{arguments.generate[:80]}'")
    return PromptAndMade(number_of(prompt, GENERATE), number_of(made, GENERATE))


def many_runs(arguments: Namespace) -> str | None:
    """What asks for runs of several lengths, for a message, if anything does. Raises UsageError."""
    lengths = lengths_of(arguments)
    if generation_of(arguments) is not None:
        return "--generate"
    return "a curve of --context" if lengths is not None and lengths.several else None


def check_tokens(arguments: Namespace) -> None:
    """Raise UsageError for what steps at many lengths do not go with."""
    what = many_runs(arguments)
    if what is None:
        return
    if arguments.passes is not None:
        raise UsageError(f"{what} is priced by the default pipeline, not by -p")
    if arguments.emit_ir:
        raise UsageError(f"{what} is a report of many networks; --emit-ir prints one")
    if arguments.tiling not in (None, "default"):
        raise UsageError(f"{what} takes default tilings, not --tiling {arguments.tiling}")


def one_run(arguments: Namespace) -> TokenRun | None:
    """What --decode and --context of a command say that takes one run; None for as long as the network says. Raises
    UsageError for several lengths."""
    lengths = lengths_of(arguments)
    if lengths is None:
        return None
    if lengths.several:
        raise UsageError(f"--context: one length at a time is taken here, got {arguments.context[:80]}")
    return _run(arguments, lengths)


def token_run(arguments: Namespace) -> TokenRun | None:
    """How long the one run is that the command line asks for, None for as long as the network says."""
    generation, lengths = generation_of(arguments), lengths_of(arguments)
    if generation is not None:
        return TokenRun(generation.prompt)
    return None if lengths is None else _run(arguments, lengths)


def _run(arguments: Namespace, lengths: NumberList) -> TokenRun:
    """Of the last length, which is the only one or the end of a curve."""
    length = lengths.values[-1]
    return decode_step(length) if arguments.decode else TokenRun(length)
