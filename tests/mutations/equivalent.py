"""Mutants that no check can notice, because they compute the same for every input, each with the reason why.

The key is (file, function, line, change) as `run.py --all` prints it. One that is killed after all, or is gone, is an
error as well.
"""

from __future__ import annotations

Key = tuple[str, str, str, str]

REASONS: dict[Key, str] = {}
