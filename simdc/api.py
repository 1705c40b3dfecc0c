"""The Python interface: load a network, compile it for a machine, price it on many."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import ModuleOp

from simdc.choices import DEFAULT_MODEL, Objective
from simdc.cost.forms import Forms
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.cost.tiling import Tiling, TilingError
from simdc.cost.workload import LayerCost, Workload
from simdc.errors import SimdcError
from simdc.frontends import load_network
from simdc.frontends.hardware_file import load_hardware, load_machine
from simdc.ir.base import LayerOp
from simdc.ir.context import first_invalid, forms_of, set_hardware
from simdc.ir.derived import given_form
from simdc.ir.network import network_of
from simdc.ir.once_per_kind import OncePerKind
from simdc.ir.token_run import TokenRun
from simdc.passes.distinct import model_for
from simdc.passes.pipeline import default_passes, lowering_passes, run_pipeline, training_passes
from simdc.passes.search_tiling import check_search
from simdc.passes.tilers import check_prices

if TYPE_CHECKING:
    from simdc.backends.report.comparison import Comparison
    from simdc.diagnosis import Explanation

__all__ = ["Network", "compare", "compile", "evaluate", "explain", "load", "load_hardware", "load_machine"]


class Network:
    """A network that has been read and can be compiled for any number of machines. `module` stays as it was read."""

    def __init__(self, module: ModuleOp):
        self.module = module
        self._workloads: dict[object, Workload] = {}

    def __repr__(self) -> str:
        network = network_of(self.module)
        layers = len(list(network.layers()))
        return f"<network {network.sym_name.data}: {layers} layers, {network.phase.data}, {network.batch_text}>"

    def training_step(
        self, optimizer: str = "sgd", weight_decay: float = 0.0, loss: Sequence[str] = (), class_axis: int | None = None
    ) -> Network:
        """One whole training iteration of this network: forward, loss, gradients, update. `loss` names one of softmax,
        mse, bce and given, or one for each result; without it the results' shapes decide. Raises SimdcError naming a
        layer that cannot be trained."""
        passes = training_passes(optimizer, weight_decay, loss=loss, class_axis=class_axis)
        with _no_collector():
            module = _valid_copy(self.module)
            run_pipeline(module, passes, verify=False)
        return Network(module)

    def workload(
        self, hardware: AnyMachine, model: str = DEFAULT_MODEL, *, fold: bool = True, fuse: bool = True
    ) -> Workload:
        """The network's kernels with the element widths of `hardware`: made once for all machines of these widths."""
        key = (hardware.stored_widths, hardware.fusing, model, fold, fuse)
        if key not in self._workloads:
            with _no_collector():
                once = OncePerKind[LayerOp, Forms](lambda op: open_forms(op, hardware))
                layers = ((op.layer.data, once(op)) for op in self.lowered(hardware, model, fold=fold, fuse=fuse))
                self._workloads[key] = Workload((name, forms) for name, forms in layers if forms)
        return self._workloads[key]

    def lowered(
        self, hardware: AnyMachine, model: str = DEFAULT_MODEL, *, fold: bool = True, fuse: bool = True
    ) -> list[LayerOp]:
        """The layers as they are before forms and tilings are chosen."""
        module = _valid_copy(self.module)
        set_hardware(module, hardware)
        run_pipeline(module, lowering_passes(model, fold=fold, fuse=fuse), verify=False)
        return list(network_of(module).layers())


@contextmanager
def _no_collector() -> Generator[None]:
    """Python looks for garbage whenever objects have become a quarter more, and IR, which is circles all over, is none
    while it grows: that took a third of the time of a large network."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            # What has grown is old by now: there it is looked at last. Nothing moves where somebody has frozen objects.
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _valid_copy(module: ModuleOp) -> ModuleOp:
    """A module that somebody made by hand is checked, once; our own passes keep what is valid so."""
    if (error := first_invalid(module)) is not None:
        raise error
    return module.clone()


def open_forms(op: LayerOp, hardware: AnyMachine) -> Forms:
    """What the layer can be: the form that a person gave it, or any."""
    return forms_of(op, hardware, given_form(op))


def load(
    path: str | PathLike[str] | Any,
    batch: int | Sequence[object] | None = None,
    *,
    example: Sequence[object] | None = None,
    bind: Mapping[str, int] | None = None,
    weights: Collection[str] | None = None,
    allow_uncosted: bool = False,
    run: TokenRun | None = None,
) -> Network:
    """Read a network from a file (.dsl, .json, .onnx, .mlir, .csv, .pt2), by the name of an example, or from a module
    of PyTorch for inputs like those of the tuple `example`, which may stand in the place of `batch`.

    `bind` gives sizes that an ONNX model leaves open, by name or by place (`x[2]`), and values of its inputs that are
    single numbers; for a module of another compiler sizes by place (`arg0.0`). `weights` are those of its inputs that
    are weights, not data; None takes inputs for weights only where the file holds none. With `allow_uncosted` its nodes
    that simdc has no op for stay in the network, without a cost. `run` is how many tokens go through network text,
    behind how many (`simdc.ir.token_run`). Raises SimdcError.
    """
    if isinstance(batch, Sequence):
        batch, example = None, batch
    if not isinstance(path, (str, PathLike)):
        if example is None:
            raise SimdcError(f"a {type(path).__name__} needs an example of its inputs: simdc.load(module, (input,))")
        from simdc.frontends.torch_export import load_module

        return Network(load_module(path, example, batch, bind=bind, weights=weights, allow_uncosted=allow_uncosted))
    if example is not None:
        raise SimdcError("an example of inputs goes with a module of PyTorch, not with a file")
    with _no_collector():
        module = load_network(fspath(path), batch, bind=bind, weights=weights, allow_uncosted=allow_uncosted, run=run)
    return Network(module)


def compile(
    network: Network,
    hardware: AnyMachine,
    model: str = DEFAULT_MODEL,
    objective: Objective | None = None,
    *,
    fold: bool = True,
    fuse: bool = True,
) -> ModuleOp:
    """The network as annotated IR: split over the arrays, tiled and priced. Tilings are the model's default or the best
    for an objective: `cycles`, `energy`, `dram` or `edp`. Without `fold` no layer takes over the work of its neighbour,
    without `fuse` none runs as one with another.
    Raises SimdcError."""
    module = _valid_copy(network.module)
    set_hardware(module, hardware)
    run_pipeline(module, default_passes(model, objective, fold=fold, fuse=fuse), verify=False)
    return module


def evaluate(
    network: Network,
    hardware: AnyMachine,
    model: str = DEFAULT_MODEL,
    objective: Objective | None = None,
    *,
    fold: bool = True,
    fuse: bool = True,
) -> Sequence[LayerCost]:
    """What each layer costs on `hardware`, without making IR: some ten milliseconds a network with default tilings,
    about a second with those that are best for an objective (as `compile`; under models that can be searched).

    Raises SimdcError, which names layer, need and limit, when a buffer of the machine cannot hold one inner tile of
    some layer; its `__cause__` is the TilingError with these as numbers.
    """
    phase = network_of(network.module).phase.data
    priced_by = model_for(model, phase, hardware)
    if priced_by.forward_only and phase == "training":
        raise SimdcError(f"the model {model} prices forward layers only; `compile` names what it leaves out")
    tiler = None if objective is None else _tiler(priced_by, objective)
    workload = network.workload(hardware, model, fold=fold, fuse=fuse)
    try:
        return workload.price(priced_by, hardware, tiler, objective or "cycles")
    except TilingError as error:
        raise SimdcError(f"layer '{error.layer}' on {hardware.name}: {error}") from error


def explain(
    network: Network,
    layer: str,
    hardware: AnyMachine,
    model: str = DEFAULT_MODEL,
    objective: Objective | None = None,
    *,
    fold: bool = True,
    fuse: bool = True,
) -> Explanation:
    """Why a layer, by its name, takes as long as it does, and what would help: its cycles taken apart, how full array,
    lanes and buffers are, and what each change makes of it (`simdc.diagnosis`). Arguments are those of `compile`.
    Raises SimdcError."""
    from simdc.backends.report import make_report
    from simdc.backends.report.explained import explanation_of, layer_named

    report = make_report(compile(network, hardware, model, objective, fold=fold, fuse=fuse))
    return explanation_of(layer_named(report, layer), report)


def compare(
    networks: Network | str | Sequence[Network | str],
    machines: AnyMachine | str | Sequence[AnyMachine | str],
    model: str = DEFAULT_MODEL,
    objective: Objective | None = None,
) -> Comparison:
    """Each network on each machine: time, throughput, energy, DRAM and share of the peak, with ratios to the first
    machine, or of one machine to the first network. Both are given as they are or by what `load` and `load_machine`
    take. Raises SimdcError."""
    from simdc.backends.report import make_report
    from simdc.backends.report.comparison import compared
    from simdc.backends.report.figures import figures_of

    every_network = [networks] if isinstance(networks, (Network, str)) else list(networks)
    every_machine = list(machines) if isinstance(machines, Sequence) and not isinstance(machines, str) else [machines]
    read = [load(network) if isinstance(network, str) else network for network in every_network]
    made = [load_machine(machine) if isinstance(machine, str) else machine for machine in every_machine]
    reports = [make_report(compile(network, machine, model, objective)) for network in read for machine in made]
    if not reports:
        raise SimdcError("there is nothing to compare: name networks and machines")
    return compared([figures_of(report) for report in reports])


def _tiler(model: AnyModel, objective: Objective) -> Callable[[Kernel, AnyMachine], Tiling]:
    from simdc.cost.search import objective_for, search

    try:
        check_search(model.name, objective)
    except ValueError as error:
        raise SimdcError(str(error)) from None

    def tile(kernel: Kernel, hardware: AnyMachine) -> Tiling:
        # Only models of arrays can be searched.
        assert isinstance(hardware, Hardware)
        check_prices(hardware, objective)
        return search(kernel, hardware, objective_for(objective, kernel, hardware), rule=model.rule).tiling

    return tile
