"""What a network keeps in DRAM: parameters for good, everything else from where it is made to where it is last read."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from xdsl.ir import SSAValue

from simdc.cost.numbers import ceil_div
from simdc.ir.base import LayerOp, shape_of, width_bits
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.update import UpdateOp

BITS_PER_BYTE = 8


class Memory(NamedTuple):
    """Bytes of DRAM.

    `weights` are parameters; `statistics` what else comes with the network, dropout masks, running statistics and
    constants; `state` the optimizer's, master weights included; `gradients` those of parameters; `kept` the results of
    forward layers that backward layers read; `peak` the most that is there at once, at layer `peak_layer`.

    Tensors count as they are, without padding of channels to the arrays.
    """

    weights: int
    statistics: int
    state: int
    gradients: int
    kept: int
    peak: int
    peak_layer: str


def memory_of(network: NetworkOp) -> Memory:
    """Lifetimes in program order. A free op's results are its operands' data; an update works in place, and so
    does whatever takes the place of an operand (`taken`)."""
    storage: dict[SSAValue, SSAValue] = {}
    # The steps of a sequence are made one by one and read together: whoever reads the first reads all.
    together: dict[SSAValue, list[SSAValue]] = {}
    for op in network.body.block.ops:
        if isinstance(op, LayerOp) and op.UNIT is None and op.operands and op.results:
            first, *others = (storage.get(value, value) for value in op.operands)
            storage.update(dict.fromkeys(op.results, first))
            if others:
                together.setdefault(first, []).extend(others)
        elif isinstance(op, UpdateOp):
            storage.update({new: storage.get(old, old) for new, old in zip(op.results, op.replaced, strict=True)})
        elif isinstance(op, LayerOp) and op.taken is not None:
            storage[op.results[0]] = storage.get(op.taken, op.taken)

    last_use: dict[SSAValue, int] = {}
    forward: set[SSAValue] = set()
    kept: set[SSAValue] = set()
    gradients: set[SSAValue] = set()
    state: set[SSAValue] = set()
    ops = list(network.body.block.ops)
    for number, op in enumerate(ops):
        is_forward = isinstance(op, LayerOp) and op.phase is None
        for value in op.operands:
            root = storage.get(value, value)
            roots = [root, *together.get(root, ())] if value in storage else [root]
            last_use.update(dict.fromkeys(roots, number))
            if isinstance(op, LayerOp) and not is_forward:
                kept.update(each for each in roots if each in forward)
        if isinstance(op, UpdateOp):
            gradients.add(storage.get(op.operands[1], op.operands[1]))
            state.update(op.replaced[1:] if op.copy_of is None else op.replaced[:-1])
        if is_forward:
            forward.update(storage.get(result, result) for result in op.results)

    parameters = [op for op in ops if isinstance(op, ParameterOp)]
    weights = sum(_bytes(op.result) for op in parameters if op.counts)
    state_bytes = sum(_bytes(value) for value in state)
    statistics = sum(_bytes(op.result) for op in parameters if not op.counts and op.result not in state)
    peak, peak_layer = _peak(network, storage, last_use, weights + state_bytes + statistics)
    return Memory(
        weights=weights,
        statistics=statistics,
        state=state_bytes,
        gradients=sum(_bytes(value) for value in gradients),
        kept=sum(_bytes(value) for value in kept),
        peak=peak,
        peak_layer=peak_layer,
    )


def _peak(
    network: NetworkOp, storage: dict[SSAValue, SSAValue], last_use: dict[SSAValue, int], resident: int
) -> tuple[int, str]:
    """The most bytes alive while some layer runs, and its name. Inputs are there from the beginning."""
    live = resident + sum(_bytes(argument) for argument in network.body.block.args)
    peak, peak_layer = live, ""
    ending: dict[int, list[SSAValue]] = {}
    for value, number in last_use.items():
        if not isinstance(value.owner, ParameterOp):
            ending.setdefault(number, []).append(value)
    for number, op in enumerate(network.body.block.ops):
        if isinstance(op, LayerOp):
            live += sum(_bytes(result) for result in op.results if result not in storage)
            if live > peak:
                peak, peak_layer = live, op.layer.data
            live -= sum(_bytes(r) for r in op.results if r not in storage and r not in last_use)
        live -= sum(_bytes(value) for value in ending.get(number, []))
    return peak, peak_layer


def _bytes(value: SSAValue) -> int:
    return ceil_div(prod(shape_of(value)) * width_bits(value), BITS_PER_BYTE)
