"""A row that was measured on nv_small, as a network of one hardware layer, and what a model makes of it."""

from __future__ import annotations

from functools import cache

from simdc.api import Network, evaluate, load_machine
from simdc.cost.machine import Machine
from simdc.cost.model_options import split_spec
from simdc.cost.model_table import load_model
from simdc.cost.result import Cost, Number
from simdc.errors import SimdcError
from simdc.frontends.presets import presets
from simdc.network_builder import NetworkBuilder

from .packaged import whole


def network_of(row: dict[str, str], images: int = 1) -> Network:
    """A convolution, or none, and what the row says of SDP and PDP."""
    net = NetworkBuilder(row["name"], images)
    result = net.input("image", [whole(row, size) for size in ("C", "H", "W")])
    if row["kind"] == "conv":
        result = net.conv(
            result,
            channels=whole(row, "K"),
            kernel=(whole(row, "R"), whole(row, "S")),
            stride=whole(row, "stride"),
            pad=whole(row, "pad"),
            bias=whole(row, "bias") > 0,
        )
    if whole(row, "add"):
        result = net.add(result, net.input("addend", result.shape[1:]))
    if whole(row, "relu"):
        result = net.relu(result)
    if window := whole(row, "pool"):
        # All pools that were measured halve the image.
        result = net.maxpool(result, kernel=window, stride=2)
    return net.finish(result)


@cache
def nv_small_with(*changes: str) -> Machine:
    """The preset. By its path: a file of the same name may stand where the command is called."""
    found = load_machine(str(presets("hardware")["nv_small"]), changes)
    assert isinstance(found, Machine)
    return found


def levels_of(spec: str) -> tuple[str, ...]:
    """A model that was given options is taken at one of its levels."""
    name, options = split_spec(spec)
    return (() if options else load_model(name).levels) or (f"all that {spec} knows",)


def priced(network: Network, machine: Machine, spec: str) -> tuple[Cost, tuple[Number, ...]]:
    """The cost of the one layer, and its cycles level by level. Raises SimdcError for a model that has no price."""
    (layer,) = evaluate(network, machine, spec)
    if layer.cost is None or layer.tiling is None:
        raise SimdcError(f"--model: '{spec}' has no price for a layer that was measured: {layer.reason}")
    if len(levels_of(spec)) == 1:
        return layer.cost, (layer.cost.cycles.total,)
    found = load_model(spec).analyse(layer.kernel, layer.tiling, machine)
    assert found is not None
    return layer.cost, found.levels
