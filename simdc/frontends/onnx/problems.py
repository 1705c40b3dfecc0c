"""What simdc cannot price in a file, gathered over the whole file and told in one error."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from textwrap import fill

from simdc.errors import SimdcError
from simdc.named import NamedTuple

WIDTH = 110
NOTHING_BEFORE = "Nothing that has a price stands before them."
CONTINUE = "--allow-uncosted goes on without them, their cost missing from every sum."


class Unsupported(Exception):
    """A node that an operator's function cannot translate; the message says why."""


class Problem(NamedTuple):
    """One node, its operator with the domain where that is not ONNX's own, and why it has no layer."""

    node: str
    operator: str
    reason: str


def listing(problems: Sequence[Problem], nodes: int, unseen: int) -> str:
    """Every node, grouped by operator and reason; `unseen` read something of unknown shape and were not looked at."""
    alike: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        alike.setdefault((problem.operator, problem.reason), []).append(problem.node)
    count = len(problems)
    lines = [f"no price for {count} of its {nodes} node{'' if nodes == 1 else 's'}:"]
    for (operator, reason), names in alike.items():
        head = f"{operator} ({len(names)} node{'' if len(names) == 1 else 's'}), {reason}: {', '.join(names)}"
        lines.append(
            fill(head, WIDTH, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False)
            if len(head) > WIDTH
            else f"  {head}"
        )
    if unseen:
        lines.append(f"  {unseen} more read what these make, and its shape is not known: they were not looked at")
    return "\n".join(lines)


def left_out(names: Sequence[str]) -> str:
    """What the report says of nodes that read a result of unknown shape."""
    count = f"{len(names)} node{'' if len(names) == 1 else 's'}"
    return f"left out, {count} behind what has no known shape: {', '.join(names)}"


def refusal(
    problems: Sequence[Problem],
    nodes: int,
    unseen: Sequence[object],
    file: str,
    remedy: str = CONTINUE,
    *,
    known: Collection[str],
) -> SimdcError:
    """The error that lists them all, and what to do. `known` are the operators that simdc has a function for."""
    unknown = next((problem.operator for problem in problems if problem.operator not in known), None)
    if unknown is not None:
        domain, _, name = unknown.rpartition("::")
        entry = f"'{name}', domain='{domain}'" if domain else f"'{name}'"
        remedy += (
            f"\nTo add {name}: a function that makes layers of its node, entered with\n"
            f"@simdc.frontends.onnx.operator({entry}), or as entry point '{unknown}' of simdc.onnx in a package"
        )
    return SimdcError(f"{listing(problems, nodes, len(unseen))}\n{remedy}", file=file)
