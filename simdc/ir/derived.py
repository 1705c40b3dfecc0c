"""What passes derive on a layer, its form, tiling and price, together with what that was derived from.

A pass that makes one of them writes the origin beside it (`formed`, `tiled`, `priced`); whoever uses them later asks
here whether they still belong. A form or tiling without an origin was given by a person or a pass of their own, and
always belongs.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr

from simdc.cost.forms import Forms
from simdc.cost.kernel import Kernel
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple

from .attributes import CostAttr, OriginAttr
from .base import LayerOp
from .context import machine_of
from .network import network_of
from .origin import Origin, cost_digest, digest, kernel_digest, machine_digest, tiling_digest


class Setting(NamedTuple):
    """What all layers of a module are tiled or priced for: a model by name, and a digest of machine and phase."""

    model: str
    machine: str

    def tiled(self, kernel: Kernel, tiling: Tiling, search: DictionaryAttr | None = None) -> Origin:
        proof = "" if search is None else digest(str(search))
        return Origin(*self, kernel_digest(kernel), tiling_digest(tiling), proof)

    def priced(self, kernel: Kernel, tiling: Tiling, cost: Cost, artefacts: Sequence[str] = ()) -> Origin:
        return Origin(*self, kernel_digest(kernel), tiling_digest(tiling), cost_digest(cost, artefacts))

    def formed(self, forms: Forms, form: str) -> Origin:
        return Origin(*self, digest(forms), answer=digest(form))

    def unpriced(self, kernel: Kernel, reason: str) -> Origin:
        """Whether a model knows a kernel does not depend on the tiling."""
        return Origin(*self, kernel_digest(kernel), answer=digest(reason))


def setting_of(module: ModuleOp, model: str) -> Setting:
    """Raises VerifyException for a module without a machine or a network."""
    return Setting(model, machine_digest(machine_of(module), network_of(module).phase.data))


def write_price(layer: LayerOp, cost: Cost, setting: Setting, artefacts: Sequence[str] = ()) -> None:
    """Price a tiled layer: for a pass that has its numbers from elsewhere than a cost model. `setting` names the model
    that reports shall name, `artefacts` what they shall warn of."""
    kernel = layer.laid_kernel()
    if kernel is None or layer.tiling is None:
        raise ValueError(
            f"the layer '{layer.layer.data}' has {'no kernel' if kernel is None else 'no tiling'} to price"
        )
    layer.cost, layer.uncosted = CostAttr(cost), None
    layer.artefacts = ArrayAttr([StringAttr(each) for each in artefacts]) if artefacts else None
    layer.priced = OriginAttr(setting.priced(kernel, layer.tiling.data, cost, artefacts))


def leave_unpriced(layer: LayerOp, kernel: Kernel, reason: str, setting: Setting) -> None:
    """Leave a layer without a price. Reports name it with the reason."""
    layer.drop_price()
    layer.uncosted, layer.priced = StringAttr(reason), OriginAttr(setting.unpriced(kernel, reason))


def price_fault(layer: LayerOp, kernel: Kernel, setting: Setting) -> str:
    """Why the layer's price, or the reason why it has none, is not one of this setting; empty if it is."""
    if layer.uncosted is not None:
        what, now = "was left without a price", setting.unpriced(kernel, layer.uncosted.data)
    elif layer.cost is not None and layer.tiling is not None:
        artefacts = [each.data for each in layer.artefacts or ()]
        what, now = "was priced", setting.priced(kernel, layer.tiling.data, layer.cost.data, artefacts)
    else:
        now = Origin(*setting, kernel_digest(kernel), tiling_digest(layer.tiling and layer.tiling.data))
        found = "" if layer.priced is None else layer.priced.data._replace(answer="").differences(now)
        return f"has no cost: it was priced {found}" if found else "has no cost"
    if layer.priced is None:
        return f"{what} by somebody who does not say for what (no 'priced' beside it)"
    made = layer.priced.data if now.tiling else layer.priced.data._replace(tiling="")
    found = made.differences(now)
    return found and f"{what} {found}"


def proof_fault(layer: LayerOp, kernel: Kernel, setting: Setting) -> str:
    """Why what a search proved of the layer's tiling does not hold here; empty if it does, or nothing was proven."""
    if layer.search is None:
        return ""
    if layer.tiled is None or layer.tiling is None:
        return "has the proof of a search beside a tiling that none has found"
    found = layer.tiled.data.differences(setting.tiled(kernel, layer.tiling.data, layer.search))
    return found and f"has a tiling that was searched {found}"


def drop_foreign_tiling(layer: LayerOp, kernel: Kernel, setting: Setting) -> None:
    """Drop a tiling that a pass made, and not for this kernel and setting. One that was changed since is given."""
    if layer.tiling is None or layer.tiled is None:
        layer.tiled = layer.search = None
        return
    made, now = layer.tiled.data, setting.tiled(kernel, layer.tiling.data, layer.search)
    if made == now:
        return
    if made.tiling == now.tiling:
        layer.tiling = None
    layer.tiled = layer.search = None


def given_tiling(layer: LayerOp) -> Tiling | None:
    """The layer's tiling if no pass made it, or somebody has changed it since."""
    if layer.tiling is None:
        return None
    made = "" if layer.tiled is None else layer.tiled.data.tiling
    return None if made == tiling_digest(layer.tiling.data) else layer.tiling.data


def given_form(layer: LayerOp) -> str | None:
    """The layer's form if no pass chose it, or somebody has changed it since."""
    if layer.form is None:
        return None
    made = "" if layer.formed is None else layer.formed.data.answer
    return None if made == digest(layer.form.data) else layer.form.data


def form_holds(layer: LayerOp, forms: Forms, setting: Setting) -> bool:
    """Whether the layer's form was chosen among these forms for this setting."""
    if layer.form is None or layer.formed is None:
        return False
    return layer.formed.data == setting.formed(forms, layer.form.data)
