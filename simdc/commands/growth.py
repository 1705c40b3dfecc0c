"""The steps of a machine that grows, as a table, as JSON and as a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, BinaryIO

from simdc.backends.report.columns import columns
from simdc.backends.report.stamp import made_by, provenance
from simdc.explore.along import Step
from simdc.ir.runs import CommandRun
from simdc.pictures import write_picture

TERMS_SHOWN = 3


def render_table(title: str, steps: Sequence[Step], runs: Sequence[CommandRun]) -> str:
    """A row a step; gain is over the start."""
    start = steps[0].cycles
    rows = [
        [
            str(number),
            step.doubled or "-",
            f"{step.cycles:,}",
            f"{start / step.cycles:.2f}",
            ", ".join(f"{term} {cycles / step.cycles:.0%}" for term, cycles in step.bound[:TERMS_SHOWN]) or "-",
        ]
        for number, step in enumerate(steps)
    ]
    parts = [title, columns(["step", "doubled", "runtime [cycle]", "gain", "what binds"], rows, left=2, right_text=1)]
    if steps[0].left_out:
        parts.append(f"NOT COSTED, missing from every sum: {', '.join(steps[0].left_out)}")
    parts += ["what is doubled is assumed, whatever the machine's file rests on", made_by(runs)]
    return "\n\n".join(parts) + "\n"


def render_json(title: str, steps: Sequence[Step], runs: Sequence[CommandRun]) -> str:
    """`simdc-growth/1`: steps with what was doubled, cycles and the cycles that each term binds."""
    data = {
        "schema": "simdc-growth/1",
        "title": title,
        "steps": [
            {
                "doubled": step.doubled.split(" + ") if step.doubled else [],
                "cycles": step.cycles,
                "bound_cycles": dict(step.bound),
                "uncosted": list(step.left_out),
            }
            for step in steps
        ],
        "provenance": provenance(runs),
    }
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def draw(title: str, steps: Sequence[Step], stream: BinaryIO, path: str) -> None:
    """A bar a step, parted by what binds its layers."""
    terms = list(dict.fromkeys(term for step in steps for term, _ in step.bound))

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        bottom = [0] * len(steps)
        for term in terms:
            heights = [dict(step.bound).get(term, 0) for step in steps]
            axes.bar(range(len(steps)), heights, bottom=bottom, label=term)
            bottom = [below + height for below, height in zip(bottom, heights, strict=True)]
        names = [step.doubled.replace(" + ", " +\n") or "start" for step in steps]
        axes.set_xticks(range(len(steps)), names, rotation=20, ha="right", fontsize=9)
        axes.set_ylabel("runtime [cycle]")
        axes.legend(title="what binds")

    write_picture(paint, title, stream, path)
