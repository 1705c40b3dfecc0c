"""A deliberate mistake: a snippet of a file replaced by another."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

COST = Path(__file__).resolve().parents[2] / "simdc" / "cost"


class Mutation(NamedTuple):
    """`file` is relative to simdc/cost; `old` must occur in it exactly once."""

    file: str
    old: str
    new: str
    breaks: str

    @property
    def module(self) -> str:
        """`exact/segments.py` is `simdc.cost.exact.segments`."""
        parts = ("simdc", "cost", *self.file.removesuffix(".py").split("/"))
        return ".".join(part for part in parts if part != "__init__")


class MutationError(Exception):
    """A mutation that no longer fits the file it was written for."""


def mutated(mutation: Mutation) -> str:
    """The file with the mistake in it. Raises MutationError when the snippet is not there, or not once."""
    source = (COST / mutation.file).read_text(encoding="utf-8")
    times = source.count(mutation.old)
    if times != 1:
        raise MutationError(
            f"simdc/cost/{mutation.file}: the snippet of the mutation '{mutation.breaks}' occurs {times} times, "
            f"must occur once; adapt it to the code as it is now:\n{mutation.old}"
        )
    if mutation.old == mutation.new:
        raise MutationError(f"simdc/cost/{mutation.file}: the mutation '{mutation.breaks}' changes nothing")
    return source.replace(mutation.old, mutation.new)
