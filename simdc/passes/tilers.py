"""What gives a kernel its tiling, a rule of the cost model or a search, with the origin that is written beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from xdsl.dialects.builtin import DictionaryAttr, StringAttr

from simdc.choices import Objective
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.errors import SimdcError
from simdc.ir.attributes import OriginAttr, TilingAttr
from simdc.ir.base import LayerOp
from simdc.ir.derived import Setting
from simdc.named import NamedTuple

if TYPE_CHECKING:
    from simdc.cost.search import Found


class Tiled(NamedTuple):
    """A tiling, what a search proved of it, and what both were made for."""

    tiling: TilingAttr
    search: DictionaryAttr | None
    origin: OriginAttr

    def write(self, layer: LayerOp) -> None:
        layer.tiling, layer.search, layer.tiled = self


Tiler = Callable[[Kernel], Tiled]
"""Raises TilingError, Uncosted as the model does."""


def by_rule(model: AnyModel, rule: Literal["default", "greedy"], hardware: AnyMachine, setting: Setting) -> Tiler:
    """What the model takes by itself, or its greedy tilings."""
    tiling_of = model.greedy if rule == "greedy" else model.default

    def tiled(kernel: Kernel) -> Tiled:
        tiling = tiling_of(kernel, hardware)
        return Tiled(TilingAttr(tiling), None, OriginAttr(setting.tiled(kernel, tiling)))

    return tiled


def check_prices(hardware: AnyMachine, objective: str) -> None:
    """Raise SimdcError where energy is to become small on a machine that has no prices of energy."""
    if objective in ("energy", "edp") and not hardware.has_prices:
        raise SimdcError(f"{hardware.name} has no energy prices, so that nothing has the least {objective}")


def by_search(
    objective: Objective,
    steps: int | None,
    hardware: Hardware,
    setting: Setting,
    kernels: Iterable[Kernel] = (),
    workers: int = 1,
) -> Tiler:
    """The best tiling and loop order for an objective, found in `steps` of work. With several `workers` so many
    processes search the `kernels` that are sure to be asked for, at once. Raises SimdcError as `check_prices`, and when
    a worker is lost."""
    check_prices(hardware, objective)
    from simdc.cost.search import STEPS, Searches

    searches = Searches(tuple(dict.fromkeys(kernels)), hardware, objective, steps or STEPS, setting.model)
    known: dict[Kernel, Found | None] = {}
    if workers > 1:
        from simdc.workers import local

        def keep(number: int, found: Found | None) -> None:
            known[searches.kernels[number]] = found

        local(workers)(searches, range(len(searches.kernels)), keep)

    def searched(kernel: Kernel) -> Tiled:
        found = known.get(kernel) or searches.of(kernel)
        # As text: there are more candidates than an integer attribute holds.
        said = {"objective": objective, **found.certificate._asdict()}
        proof = DictionaryAttr({name: StringAttr(str(value)) for name, value in said.items()})
        return Tiled(TilingAttr(found.tiling), proof, OriginAttr(setting.tiled(kernel, found.tiling, proof)))

    return searched
