"""Give each layer its best tiling and loop order."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.choices import DEFAULT_MODEL, OBJECTIVES, Objective
from simdc.cost.model_table import check_model, load_model
from simdc.ir.context import hardware_of
from simdc.ir.derived import setting_of

from .distinct import ask_once, untile
from .tilers import by_search


def check_search(model: str, objective: str = "cycles") -> None:
    """Raise ValueError unless the search's bounds hold for the model, and it knows the objective."""
    check_model(model)
    if not load_model(model).searchable:
        raise ValueError(
            f"the cost model '{model}' cannot be searched: it does not say that the bounds of the search hold for it"
        )
    if objective not in OBJECTIVES:
        raise ValueError(f"there is no objective '{objective}' to search for; known: {', '.join(OBJECTIVES)}")


@dataclass(frozen=True)
class SearchTilingPass(ModulePass):
    """Searches tile sizes and loop order of every layer under a cost model that can be searched, and writes what was
    proven beside the tiling, as the attribute `search`. A tiling that a layer has already stays, unless a pass made it
    for another machine, model or kernel."""

    name = "simdc-search-tiling"

    objective: Objective = "cycles"
    """What becomes small, layer by layer: cycles, energy, DRAM traffic, or energy times cycles."""

    steps: int | None = None
    """How much work a layer may take, one or two microseconds a step; by default `simdc.cost.search.STEPS`."""

    model: str = DEFAULT_MODEL
    """The cost model under which a tiling is best."""

    workers: int = 1
    """Processes that search. What is found does not depend on it."""

    def __post_init__(self) -> None:
        check_search(self.model, self.objective)
        if self.workers < 1:
            raise ValueError(f"workers must be positive, got {self.workers}")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"steps must be positive, got {self.steps}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        setting = setting_of(op, self.model)
        questions = list(untile(op, setting))
        kernels = (kernel for _, (kernel,) in questions)
        tile = by_search(self.objective, self.steps, hardware_of(op), setting, kernels, self.workers)
        for layer, tiled in ask_once(questions, tile, setting):
            tiled.write(layer)
