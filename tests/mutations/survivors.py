"""Mutants that no check notices, each with the reason why: most compute the same for every input. Those that a test
might tell, but none of the sample does, say that they are not explained yet.

# a tile of the loop's own length is the loop either way
cost/axis.py Axis.__init__: tile < bound -> tile <= bound
"""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).with_suffix(".txt")


def survivors(text: str | None = None) -> dict[str, str]:
    """The reason by the mutant's name. Raises ValueError for a mutant without a reason, or with two."""
    found: dict[str, str] = {}
    reason = ""
    for line in (FILE.read_text(encoding="utf-8") if text is None else text).splitlines():
        if not line.strip():
            reason = ""
        elif line.startswith("# "):
            reason = f"{reason} {line[2:]}".strip()
        elif not reason:
            raise ValueError(f"no reason is given why this mutant survives: {line}")
        elif line in found:
            raise ValueError(f"two reasons are given for {line}")
        else:
            found[line] = reason
    return found
