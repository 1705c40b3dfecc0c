"""What the model that priced a module knows of its layers beside their costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from simdc.cost.analysis import Analysis
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model_table import load_model
from simdc.cost.tiling import Tiling

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


def foundation(hardware: AnyMachine) -> tuple[str, ...]:
    """A note on what the machine's numbers rest on, where the machine says that of each."""
    if isinstance(hardware, Hardware):
        return ()
    from simdc.cost.machine_marks import weakest_mark

    mark, paths = weakest_mark(hardware)
    said = {
        "assumed": f"rest on assumptions: {', '.join(paths)}",
        "published": f"are measured, or published and not measured: {', '.join(paths)}",
        "measured": "are measured",
    }
    return (f"numbers of {hardware.name} {said[mark]}",)
