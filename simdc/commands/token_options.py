"""What the options of language models ask for: --decode, --context and --generate."""

from __future__ import annotations

from argparse import Namespace
from typing import NamedTuple

from simdc.errors import UsageError
from simdc.ir.token_run import TokenRun, decode_step

MAX_TOKENS = 2**24
MAX_LENGTHS = 20_000
STEPS = 200
"""ContextLengths of a curve at most, where no step is given."""


class ContextLengths(NamedTuple):
    """What --context says: lengths in order, of which one alone is a run and more are a curve."""

    values: tuple[int, ...]
    curve: bool


class PromptAndMade(NamedTuple):
    """What --generate says: so many tokens are read, and so many made one after the other."""

    prompt: int
    made: int


def lengths_of(arguments: Namespace) -> ContextLengths | None:
    """What --context says. Raises UsageError."""
    if arguments.context is None:
        return None
    text: str = arguments.context
    first, colon, rest = text.partition(":")
    if not colon:
        values = tuple(_tokens(word, "--context") for word in text.split(","))
        if sorted(set(values)) != list(values):
            raise UsageError(f"--context: lengths must rise, got {text[:80]}")
        found = ContextLengths(values, len(values) > 1)
    else:
        last, colon, step = rest.partition(":")
        low, high = _tokens(first, "--context"), _tokens(last, "--context")
        if low >= high:
            raise UsageError(f"--context: a curve goes from less to more, got {low}:{high}")
        found = ContextLengths(_between(low, high, _tokens(step, "--context") if colon else None), True)
    if found.curve and not arguments.decode:
        raise UsageError("--context: several lengths are a curve of single tokens, which needs --decode")
    return found


def _between(low: int, high: int, step: int | None) -> tuple[int, ...]:
    """From `low` to `high`, both among them."""
    # 128 to 32,768 are 32,640 steps of one; in steps of 165 they are 198 lengths and the last.
    step = step or -(-(high - low) // (STEPS - 1))
    if (high - low) // step >= MAX_LENGTHS:
        count = (high - low) // step + 1
        raise UsageError(f"--context: {count} lengths are more than {MAX_LENGTHS}; take a step, as in {low}:{high}:64")
    return (*range(low, high, step), high)


def generation_of(arguments: Namespace) -> PromptAndMade | None:
    """What --generate says. Raises UsageError."""
    if arguments.generate is None:
        return None
    prompt, plus, made = str(arguments.generate).partition("+")
    if not plus:
        raise UsageError(f"--generate: expected P+T, such as 128+256, got '{arguments.generate[:80]}'")
    return PromptAndMade(_tokens(prompt, "--generate"), _tokens(made, "--generate"))


def many_runs(arguments: Namespace) -> str | None:
    """What asks for runs of several lengths, for a message, if anything does. Raises UsageError."""
    lengths = lengths_of(arguments)
    if generation_of(arguments) is not None:
        return "--generate"
    return "a curve of --context" if lengths is not None and lengths.curve else None


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
    if lengths.curve:
        raise UsageError(f"--context: one length at a time is taken here, got {arguments.context[:80]}")
    return _run(arguments, lengths)


def token_run(arguments: Namespace) -> TokenRun | None:
    """How long the one run is that the command line asks for, None for as long as the network says."""
    generation, lengths = generation_of(arguments), lengths_of(arguments)
    if generation is not None:
        return TokenRun(generation.prompt)
    return None if lengths is None else _run(arguments, lengths)


def _run(arguments: Namespace, lengths: ContextLengths) -> TokenRun:
    """Of the last length, which is the only one or the end of a curve."""
    length = lengths.values[-1]
    return decode_step(length) if arguments.decode else TokenRun(length)


def _tokens(word: str, option: str) -> int:
    text = word.strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:20]) <= MAX_TOKENS):
        raise UsageError(f"{option}: expected 1 to {MAX_TOKENS} tokens, got '{word[:80]}'")
    return int(text)
