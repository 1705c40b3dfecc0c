"""What `simdc-fuse-chains` does on a machine that has chains: which layers run as one, and the op that holds them."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from simdc.cost.kernel import VectorProgram, links_of
from simdc.cost.layer_shape import element_shape
from simdc.cost.machine import ComputeUnit, Machine
from simdc.ir.base import LayerOp
from simdc.ir.context import kernel_of, unit_of
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.free import FlattenOp
from simdc.ir.ops.fused import FusedOp, ifmap_beside
from simdc.ir.ops.linear import LinearOp

from .one_layer import run_as_one


def fuse_chains(network: NetworkOp, machine: Machine) -> None:
    """Fuse what `FuseChainsPass` says."""
    taken: set[LayerOp] = set()
    places: dict[Operation, int] = {op: place for place, op in enumerate(network.body.block.ops)}
    for layer in list(network.layers()):
        if layer in taken or isinstance(layer, FusedOp):
            continue
        members = _chain_of(layer, machine, places)
        taken.update(members)
        if len(members) > 1:
            places[run_as_one(members)] = places[members[-1]]
    for layer in list(network.layers()):
        if _is_beside(layer, machine):
            run_as_one([layer])


def _is_beside(layer: LayerOp, machine: Machine) -> bool:
    """Whether a layer by itself stands beside another: only a chain tells a cost model so."""
    unit = None if isinstance(layer, FusedOp) else unit_of(layer, machine)
    kernel = kernel_of(layer) if any(unit in chain for chain in machine.chains) else None
    return kernel is not None and ifmap_beside(layer, links_of(kernel)[0]) is not None


def _chain_of(first: LayerOp, machine: Machine, places: dict[Operation, int]) -> list[LayerOp]:
    """The layers that run as one with `first`, itself included; a flattened image counts to its reader. `places` tells
    in which order what is in the network runs."""
    unit = unit_of(first, machine)
    members = [first]
    if unit is None:
        return members
    chain = next((chain for chain in machine.chains if unit in chain), ())
    here = [unit]
    while (following := _only_reader(members[-1])) is not None:
        unit = unit_of(following, machine)
        if unit is None or unit not in chain or chain.index(unit) < chain.index(here[-1]):
            break
        mine = [each for each, its in zip(members, here, strict=True) if its == unit]
        others = [value for value in following.operands if value not in members[-1].results]
        if not _takes(machine.unit(unit), [*mine, following], others, places[first], places):
            break
        members.append(following)
        here.append(unit)
    view = first.operands[0].owner if isinstance(first, LinearOp) else None
    if isinstance(view, FlattenOp) and len(list(view.result.uses)) == 1:
        members.insert(0, view)
    return members


def _only_reader(layer: LayerOp) -> LayerOp | None:
    """Who alone reads the only result of a layer."""
    uses = [use for result in layer.results for use in result.uses]
    reader = uses[0].operation if len(uses) == 1 and len(layer.results) == 1 else None
    return reader if isinstance(reader, LayerOp) and not isinstance(reader, FusedOp) else None


def _takes(
    unit: ComputeUnit, layers: Sequence[LayerOp], others: Sequence[SSAValue], start: int, places: dict[Operation, int]
) -> bool:
    """Whether one unit runs `layers` in one pass, the last of which reads `others` beside what it is handed."""
    kernel = kernel_of(layers[-1])
    if len(layers) > unit.stages or not isinstance(kernel, VectorProgram):
        return False
    for value in others:
        owner = value.owner
        # A value that is made later than the first member starts would have to wait for itself.
        if isinstance(owner, Operation) and not isinstance(owner, ParameterOp) and places[owner] > start:
            return False
    kernels = [kernel_of(layer) for layer in layers]
    streamed = sum(element_shape(each).full_operands - 1 for each in kernels if isinstance(each, VectorProgram))
    shape = element_shape(kernel)
    window = max(shape.rows.window, shape.columns.window)
    return streamed <= unit.streamed_operands and (not unit.max_window or window <= unit.max_window)
