"""What the model that priced a module knows of its layers beside their costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from simdc.cost.analysis import Analysis
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model_table import load_model
from simdc.cost.tiling import Tiling

if TYPE_CHECKING:
    from simdc.cost.machine_marks import Weakest

Analyse: TypeAlias = Callable[[Kernel, Tiling], Analysis | None]


def analyst(spec: str, phase: str, hardware: AnyMachine) -> Analyse | None:
    """A function to what the model `spec` knows of a tiled kernel; None for a model that knows no more than the cost,
    or is not here, as that of a plug-in that made the IR elsewhere."""
    try:
        model = load_model(spec, phase)
    except (KeyError, ValueError):
        return None
    if not model.analyses:
        return None
    known: dict[tuple[Kernel, Tiling], Analysis | None] = {}

    def analyse(kernel: Kernel, tiling: Tiling) -> Analysis | None:
        # The blocks of a deep network are many equal layers.
        if (kernel, tiling) not in known:
            known[kernel, tiling] = model.analyse(kernel, tiling, hardware)
        return known[kernel, tiling]

    return analyse


def weakest_of(hardware: AnyMachine) -> Weakest | None:
    """The weakest mark of the machine's numbers; None where the machine says nothing of what they rest on."""
    if isinstance(hardware, Hardware) and not hardware.basis:
        return None
    from simdc.cost.machine_marks import weakest_mark

    return weakest_mark(hardware)


def foundation(hardware: AnyMachine) -> tuple[str, ...]:
    """A note on what the machine's numbers rest on, where the machine says that of each."""
    found = weakest_of(hardware)
    if found is None:
        return ()
    paths, fitted = ", ".join(found.paths), ", ".join(found.fitted)
    count = f" ({found.numbers} of {found.stated} numbers)"
    said = {
        "assumed": f"rest on assumptions: {paths}{count}" + (f"; fitted to measured runs: {fitted}" if fitted else ""),
        "fitted": f"are measured or published, or fitted to measured runs: {paths}{count}",
        "published": f"are measured, or published and not measured: {paths}{count}",
        "measured": "are measured",
    }
    return (f"numbers of {hardware.name} {said[found.mark]}",)


def marks_data(hardware: AnyMachine) -> dict[str, object]:
    """For the report as JSON."""
    found = weakest_of(hardware)
    if found is None:
        return {}
    data = {"weakest": found.mark, "numbers": found.numbers, "of": found.stated, "paths": list(found.paths)}
    return {"marks": {**data, **({"fitted": list(found.fitted)} if found.fitted else {})}}
