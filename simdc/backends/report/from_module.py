"""The report of an annotated module."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import ModuleOp

from simdc.backends.lowered.network import Edge, Memory
from simdc.backends.lowered.pricing import LayerPrice
from simdc.cost.forms import Forms
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.ir.base import LayerOp
from simdc.ir.context import cost_model_of, forms_of, kernels_of, layer_error, machine_of
from simdc.ir.derived import Setting, given_form, given_tiling, price_fault, proof_fault, setting_of
from simdc.ir.network import NetworkOp, network_of
from simdc.ir.notes import notes_of
from simdc.ir.once_per_kind import OncePerKind
from simdc.ir.provenance import runs_of

from .assembled import PricedLayer, assembled
from .graph import edges_of, input_shapes
from .lowering import lowered_layer
from .memory import alive_bytes, memory_of, resident_bytes
from .model import Report
from .proofs import searched_of


class NetworkAround:
    """What there is around the layers of a module's network, as it is when asked for."""

    def __init__(self, network: NetworkOp):
        self._network = network
        self.name, self.phase = network.sym_name.data, network.phase.data
        self.batch, self.batch_text = network.batch.value.data, network.batch_text
        self.parameters = network.parameters.value.data
        self.memory: Memory | None = memory_of(network) if self.phase == "training" else None
        self.notes = notes_of(network)

    def alive_bytes(self) -> dict[str, int]:
        return alive_bytes(self._network)

    def resident_bytes(self) -> int:
        return resident_bytes(self._network)

    def edges(self) -> Iterator[Edge]:
        return edges_of(self._network)

    def input_shapes(self) -> list[tuple[int, ...]]:
        return input_shapes(self._network)


class OpChoices:
    """What the layer of an op could be otherwise."""

    def __init__(self, op: LayerOp):
        self._op = op

    @property
    def has_given_form(self) -> bool:
        return given_form(self._op) is not None

    @property
    def has_given_tiling(self) -> bool:
        return given_tiling(self._op) is not None

    def forms_on(self, machine: AnyMachine) -> Forms:
        return forms_of(self._op, machine)


def layers_report(module: ModuleOp) -> Report:
    """Read the report off a module that `simdc-annotate-cost` has been run on. Raises SimdcError if it has not, and
    for a layer whose price or proof is of another machine, model, kernel or tiling."""
    network, hardware, model = network_of(module), machine_of(module), cost_model_of(module)
    setting = setting_of(module, model)
    kernel_by_kind = kernels_of(network)
    checked = OncePerKind[LayerOp, Kernel | None](lambda op: checked_kernel(op, kernel_by_kind(op), setting))
    layers = (
        PricedLayer(lowered_layer(op), _price(op, checked(op)), OpChoices(op), searched_of(op), op)
        for op in network.layers()
    )
    return assembled(NetworkAround(network), layers, model, hardware, runs_of(module))


def _price(op: LayerOp, kernel: Kernel | None) -> LayerPrice | str | None:
    """As the op's attributes say it."""
    if op.uncosted is not None:
        return op.uncosted.data
    if op.runs_on is None or kernel is None or op.cost is None or op.tiling is None:
        return None
    form = "" if op.form is None else op.form.data
    artefacts = tuple(text.data for text in op.artefacts or ())
    return LayerPrice(form, str(op.runs_on), kernel, op.tiling.data, op.cost.data, artefacts)


def checked_kernel(op: LayerOp, kernel: Kernel | None, setting: Setting) -> Kernel | None:
    """The layer's `kernel`, if it has one. Raises SimdcError for a layer without a price, or with one that is not the
    price of what the report is of."""
    if kernel is None:
        return None
    if fault := price_fault(op, kernel, setting):
        raise layer_error(op, f"{fault}; the pipeline must end with simdc-annotate-cost (without -p it does)")
    if fault := proof_fault(op, kernel, setting):
        raise layer_error(op, f"{fault}; search again (--tiling search)")
    return kernel
