"""What passes and backends ask a module for: its machine, its layers' kernels, and an error at a layer's place."""

from __future__ import annotations

from itertools import islice

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.utils.exceptions import VerifyException

from simdc.cost.hardware import Hardware
from simdc.errors import SimdcError

from .attributes import HardwareAttr
from .base import LayerOp
from .network import place_of

HARDWARE = "simdc.hardware"
COST_MODEL = "simdc.cost_model"


def hardware_of(module: ModuleOp) -> Hardware:
    """The machine that the module is compiled for. Raises VerifyException when nobody set it."""
    attribute = module.attributes.get(HARDWARE)
    if not isinstance(attribute, HardwareAttr):
        raise VerifyException(f"the module has no '{HARDWARE}' attribute: choose a machine (--hw)")
    return attribute.data


def set_hardware(module: ModuleOp, hardware: Hardware) -> None:
    module.attributes[HARDWARE] = HardwareAttr(hardware)


def cost_model_of(module: ModuleOp) -> str:
    """The name of the model that priced the module, if the pass that did it left one."""
    attribute = module.attributes.get(COST_MODEL)
    return attribute.data if isinstance(attribute, StringAttr) else "unnamed"


def layer_error(op: LayerOp, message: str) -> SimdcError:
    """An error about one layer, at the place that it was written at."""
    text = f"{op.name} '{op.layer.data}': {message}"
    place = place_of(op)
    if place is None:
        return SimdcError(text)
    file, line, column = place
    if line == 0:
        return SimdcError(text, file=file)
    return SimdcError(text, file=file, line=line, column=column, source_line=_source_line(file, line))


def _source_line(file: str, line: int) -> str | None:
    """The line that an error points at, if the file is still there."""
    try:
        with open(file, encoding="utf-8") as stream:
            return next(islice(stream, line - 1, line), "").rstrip("\n") or None
    except (OSError, UnicodeDecodeError):
        return None


def first_invalid(module: ModuleOp) -> SimdcError | None:
    """The first op that does not verify, as an error at its place; None for a valid module."""
    for op in module.walk():
        try:
            op.verify(verify_nested_ops=False)
        except VerifyException as error:
            return layer_error(op, str(error)) if isinstance(op, LayerOp) else SimdcError(f"{op.name}: {error}")
    return None
