"""What passes and backends ask a module for: its machine, its layers' kernels, and an error at a layer's place."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, ModuleOp, StringAttr
from xdsl.ir import Dialect, Operation
from xdsl.utils.exceptions import VerifyException

from simdc.cost.forms import Forms
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel, links_of
from simdc.cost.machines import AnyMachine
from simdc.cost.mapped_forms import machine_mappings, with_mappings
from simdc.cost.wellformed import KernelError
from simdc.errors import SimdcError

from .attributes import HardwareAttr, Unit
from .base import OF_PRICES, LayerOp
from .fields import whole, word
from .form import accumulator_bits
from .network import NetworkOp, place_of
from .once_per_kind import OncePerKind

HARDWARE = "simdc.hardware"
COST_MODEL = "simdc.cost_model"


def make_context() -> Context:
    """A context that knows our dialect, and loads it only when IR text is read."""
    context = Context()
    context.load_dialect(Builtin)
    context.register_dialect("simdc", _dialect)
    return context


def _dialect() -> Dialect:
    from .dialect import Simdc

    return Simdc


def machine_of(module: ModuleOp) -> AnyMachine:
    """The machine that the module is compiled for. Raises VerifyException when nobody set it."""
    attribute = module.attributes.get(HARDWARE)
    if attribute is None:
        raise VerifyException(f"the module has no '{HARDWARE}' attribute: choose a machine (--hw)")
    if not isinstance(attribute, HardwareAttr):
        raise VerifyException(f"'{HARDWARE}' must be a machine, #simdc.hardware<...>, got {str(attribute)[:80]}")
    return attribute.data


def hardware_of(module: ModuleOp) -> Hardware:
    """The module's machine, which must be one of a systolic and a SIMD array. Raises VerifyException as `machine_of`,
    SimdcError for another."""
    machine = machine_of(module)
    if not isinstance(machine, Hardware):
        raise SimdcError(f"{machine.name} has units and memories; this needs a systolic and a SIMD array")
    return machine


def set_hardware(module: ModuleOp, hardware: AnyMachine) -> None:
    """Compile for `hardware` from now on. What layers cost on another machine is dropped."""
    before, module.attributes[HARDWARE] = module.attributes.get(HARDWARE), HardwareAttr(hardware)
    if before not in (None, module.attributes[HARDWARE]):
        for op in module.walk():
            if isinstance(op, LayerOp):
                op.drop_price()


def set_cost_model(module: ModuleOp, name: str) -> None:
    module.attributes[COST_MODEL] = StringAttr(name)


def cost_model_of(module: ModuleOp) -> str:
    """The name of the model that priced the module, if the pass that did it left one."""
    attribute = module.attributes.get(COST_MODEL)
    return attribute.data if isinstance(attribute, StringAttr) else "unnamed"


def layer_error(op: LayerOp, message: str) -> SimdcError:
    """An error about one layer, at the place that it was written at. What does not verify may lack a name."""
    name = op.properties.get("layer")
    return _error_at(
        op, f"{op.name} '{name.data}': {message}" if isinstance(name, StringAttr) else f"{op.name}: {message}"
    )


def kernel_of(op: LayerOp) -> Kernel | None:
    """`op.laid_kernel()`. Raises SimdcError at the layer for a kernel that is not sound, or a layer that has none
    because of its sizes."""
    try:
        return op.laid_kernel()
    except (KernelError, VerifyException) as error:
        raise layer_error(op, str(error)) from None


def kernels_of(network: NetworkOp) -> OncePerKind[LayerOp, Kernel | None]:
    """`kernel_of` for the network's layers, which asks one of each kind as long as the network lives."""
    if network.kernels is None:
        network.kernels = OncePerKind(kernel_of, apart=OF_PRICES)
    return network.kernels


def unit_of(op: LayerOp, machine: AnyMachine) -> str | None:
    """The unit of the machine that runs the layer, by the first of its links where its kernel is a chain; None where
    there is none, or nothing to run. Raises as `kernel_of`."""
    if op.runs_on is None or isinstance(machine, Hardware):
        return op.runs_on
    kernel = kernel_of(op)
    return None if kernel is None else machine.unit_of(links_of(kernel)[0].kind)


def forms_of(op: LayerOp, hardware: AnyMachine, given: str | None = None) -> Forms:
    """The kernels that the layer can be on a machine, or the one form that is `given`; none for one that moves and
    computes nothing. Raises as `kernel_of`."""
    # A form that has no mapping here is asked for by its name: kernels of others are not made.
    plain = plain_forms_of(op, hardware, None if machine_mappings(hardware) else given)
    return tuple([each for each in with_mappings(plain, hardware) if given in (None, each[0])])


def plain_forms_of(op: LayerOp, hardware: AnyMachine, given: str | None = None) -> Forms:
    """The same but for the mappings of what runs on the systolic array."""
    forms = op.forms()
    try:
        kernels = [
            (name, op.laid(form.kernel(accumulator_bits(form.unit, hardware))))
            for name, form in forms.items()
            if given in (None, name)
        ]
    except (KernelError, VerifyException) as error:
        raise layer_error(op, str(error)) from None
    only = None if forms else _plain_kernel(op)
    return tuple(kernels) if only is None else (("", only),)


def has_choice(op: LayerOp, hardware: AnyMachine) -> bool:
    """Whether the layer may have several forms on a machine."""
    return len(op.forms()) > 1 or (bool(machine_mappings(hardware)) and op.runs_on is Unit.SYSTOLIC)


def _plain_kernel(op: LayerOp) -> Kernel | None:
    """`kernel_of` in no form: the mapping is none of the kernel's own."""
    form, op.form = op.form, None
    try:
        return kernel_of(op)
    finally:
        op.form = form


def take_form(op: LayerOp, name: str | None, hardware: AnyMachine) -> None:
    """Carry the layer out in a form from now on; None is the first. Its partial sums get the width of its array."""
    op.form = None if name is None else word(name)
    if op.runs_on is not None:
        op.accumulator = whole(accumulator_bits(op.runs_on, hardware))


def _error_at(op: Operation, text: str) -> SimdcError:
    place = place_of(op)
    if place is None:
        return SimdcError(text)
    file, line, column = place
    if line == 0:
        return SimdcError(text, file=file)
    if column == 0:
        # A model without lines: its front end counts nodes.
        return SimdcError(text, file=file, path=f"node {line}")
    return SimdcError(text, file=file, line=line, column=column, source_line=_source_line(file, line))


def _source_line(file: str, line: int) -> str | None:
    """The line that an error points at, if the file is still there."""
    if not Path(file).is_file():
        return None
    try:
        with open(file, encoding="utf-8") as stream:
            return next(islice(stream, line - 1, line), "").rstrip("\n") or None
    except (OSError, UnicodeDecodeError):
        return None


def first_invalid(module: ModuleOp) -> SimdcError | None:
    """The first op that does not verify, as an error at its place; None for a valid module."""
    verify = OncePerKind[Operation, None](lambda op: op.verify(verify_nested_ops=False), names=("layer", "label"))
    for op in module.walk():
        try:
            # The last op of a block has to end it, others need not.
            if op.next_op is None:
                op.verify(verify_nested_ops=False)
            else:
                verify(op)
        except VerifyException as error:
            # What xDSL adds to a message of ours speaks of its classes.
            message = str(error).partition("\nUnderlying verification failure")[0]
            return layer_error(op, message) if isinstance(op, LayerOp) else _error_at(op, f"{op.name}: {message}")
    return None
