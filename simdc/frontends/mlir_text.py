"""Networks as IR text, in the form that `--emit-ir` prints or in MLIR's generic one, at any stage of the pipeline."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

from simdc.errors import SimdcError
from simdc.ir.context import HARDWARE, layer_error, machine_of, make_context
from simdc.ir.network import network_of
from simdc.ir.plugin_ops import register_plugin_dialects
from simdc.ir.provenance import runs_of
from simdc.ir.text import parse_ir
from simdc.visible import MAX_NAME, is_name

STEPS = ("forward", "input_gradient", "weight_gradient", "update")


def parse_mlir(text: str, file: str, batch: int | None, *, given_tilings: bool = False) -> ModuleOp:
    """The module in `text`, with the machine, tilings and costs that it has. An op without a location gets its place
    in `file`. `batch` must be None or the module's own. `given_tilings` makes every tiling one that stays, whatever
    machine it was made for. Raises SimdcError."""
    context = make_context()
    register_plugin_dialects(context)
    module = parse_ir(context, text, file)
    try:
        network = network_of(module)
        runs_of(module)
        if HARDWARE in module.attributes:
            machine_of(module)
    except VerifyException as error:
        raise SimdcError(str(error), file=file) from None
    if not is_name(network.sym_name.data):
        raise SimdcError(f"a network's name must be printable, got {network.sym_name.data!r:.80}", file=file)
    own = network.batch.value.data
    if batch is not None and batch != own:
        remedy = "make it anew from its network with --batch"
        raise SimdcError(f"the IR is for a batch of {own} and cannot become one of {batch}; {remedy}", file=file)
    for layer in network.layers():
        if not is_name(layer.layer.data):
            raise layer_error(layer, f"a name must have 1 to {MAX_NAME} printable characters")
        if layer.phase is not None and layer.phase.data not in STEPS:
            raise layer_error(layer, f"phase must be one of {', '.join(STEPS)}, got '{layer.phase.data[:80]}'")
        if layer.phase is not None and network.phase.data == "inference":
            raise layer_error(layer, f"has the phase {layer.phase.data}, and the network is for inference")
        if given_tilings:
            layer.tiled = layer.search = None
    return module
