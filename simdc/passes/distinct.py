"""What passes share that walk over layers: asking a cost model once about layers alike, and folding in inference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, TypeVarTuple

from xdsl.dialects.builtin import ModuleOp

from simdc.cost.guards import InvariantError, fault
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel, Uncosted, check_machine
from simdc.cost.model_table import load_model
from simdc.cost.tiling import TilingError
from simdc.errors import SimdcError
from simdc.ir.base import LayerOp
from simdc.ir.context import kernels_of, layer_error, machine_of
from simdc.ir.derived import Setting, drop_foreign_tiling, leave_unpriced
from simdc.ir.network import network_of

Answer = TypeVar("Answer")
More = TypeVarTuple("More")


def ask_once(
    questions: Iterable[tuple[LayerOp, tuple[Kernel, *More]]], ask: Callable[[Kernel, *More], Answer], setting: Setting
) -> Iterator[tuple[LayerOp, Answer]]:
    """Each layer with what `ask` answers to its question, which is asked once: the 121 layers of ResNet-50 that cost
    something ask 47. A layer whose kernel the model does not know is left unpriced and not given. Raises SimdcError at
    the layer for a TilingError or an InvariantError."""
    known: dict[tuple[Kernel, *More], Answer] = {}
    for layer, question in questions:
        try:
            if question not in known:
                known[question] = ask(*question)
        except Uncosted as reason:
            leave_unpriced(layer, question[0], str(reason), setting)
            continue
        except TilingError as error:
            raise layer_error(layer, str(error)) from None
        except InvariantError as broken:
            raise layer_error(layer, fault(setting.model, broken)) from None
        yield layer, known[question]


def model_of(module: ModuleOp, name: str) -> AnyModel:
    """The cost model called `name` for the module's phase. Raises SimdcError where it does not take the machine."""
    return model_for(name, network_of(module).phase.data, machine_of(module))


def model_for(name: str, phase: str, hardware: AnyMachine) -> AnyModel:
    """The same without a module."""
    model = load_model(name, phase)
    try:
        check_machine(model, hardware)
    except ValueError as error:
        raise SimdcError(str(error)) from None
    return model


def untile(module: ModuleOp, setting: Setting) -> Iterator[tuple[LayerOp, tuple[Kernel]]]:
    """Drop every price, and tilings that a pass made for another kernel or setting; give the layers that need a
    tiling now, as questions for `ask_once`."""
    network = network_of(module)
    kernel_by_kind = kernels_of(network)
    for layer in network.layers():
        layer.drop_price()
        kernel = kernel_by_kind(layer)
        if kernel is None:
            continue
        drop_foreign_tiling(layer, kernel, setting)
        if layer.tiling is None:
            yield layer, (kernel,)


def looked_at(
    questions: Iterable[tuple[LayerOp, tuple[Kernel, *More]]], model: AnyModel, setting: Setting
) -> Iterator[tuple[LayerOp, tuple[Kernel, *More]]]:
    """Those that the model looks at: of a training step the forward layers, where it knows no others (`forward_only`).
    The rest is left unpriced."""
    for layer, question in questions:
        if model.forward_only and layer.phase is not None and layer.phase.data != "forward":
            leave_unpriced(layer, question[0], f"the model {model.name} prices forward layers only", setting)
        else:
            yield layer, question


def fold_layers(module: ModuleOp, fold: Callable[[LayerOp], object]) -> None:
    """Call `fold`, which may take its layer away, on each layer of a network in inference; none is folded in training,
    where what a layer holds is trained by itself."""
    network = network_of(module)
    if network.phase.data == "training":
        return
    for layer in list(network.layers()):
        fold(layer)
    network.settle_parameters()
