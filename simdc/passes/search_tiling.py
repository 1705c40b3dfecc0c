"""Give each layer its best tiling and loop order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xdsl.context import Context
from xdsl.dialects.builtin import DictionaryAttr, ModuleOp, StringAttr
from xdsl.passes import ModulePass

from simdc.cost.kernel import Kernel
from simdc.cost.tiling import TilingError
from simdc.ir.attributes import TilingAttr
from simdc.ir.context import hardware_of, kernel_of, layer_error
from simdc.ir.network import network_of


@dataclass(frozen=True)
class SearchTilingPass(ModulePass):
    """Searches tile sizes and loop order of every layer under the cost model exact, and writes what was proven beside
    the tiling, as the attribute `search`. A tiling that a layer has already stays."""

    name = "simdc-search-tiling"

    objective: Literal["cycles", "energy", "dram", "edp"] = "cycles"
    """What becomes small, layer by layer: cycles, energy, DRAM traffic, or energy times cycles."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from simdc.cost.search import objective_for, search

        hardware = hardware_of(op)
        known: dict[Kernel, tuple[TilingAttr, DictionaryAttr]] = {}
        for layer in network_of(op).layers():
            kernel = None if layer.tiling is not None else kernel_of(layer)
            if kernel is None:
                continue
            try:
                if kernel not in known:
                    found = search(kernel, hardware, objective_for(self.objective, kernel, hardware))
                    # As text: there are more candidates than an integer attribute holds.
                    said = {"objective": self.objective, **found.certificate._asdict()}
                    proof = DictionaryAttr({name: StringAttr(str(value)) for name, value in said.items()})
                    known[kernel] = TilingAttr(found.tiling), proof
                layer.tiling, layer.search = known[kernel]
            except TilingError as error:
                raise layer_error(layer, str(error)) from None
