"""What a network keeps in DRAM: parameters for good, everything else from where it is made to where it is last read."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from xdsl.ir import SSAValue

from simdc.backends.lowered.network import Memory
from simdc.cost.numbers import ceil_div
from simdc.ir.base import LayerOp, shape_of, width_bits
from simdc.ir.in_use import update_of
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.named import NamedTuple

BITS_PER_BYTE = 8


class _Lifetimes(NamedTuple):
    """`storage` has the value whose bytes another value is; `last_use` is the number of the op that reads a value's
    bytes last; `kept` are results of forward layers that others read, `gradients` and `state` what updates read."""

    storage: dict[SSAValue, SSAValue]
    last_use: dict[SSAValue, int]
    kept: set[SSAValue]
    gradients: set[SSAValue]
    state: set[SSAValue]


def memory_of(network: NetworkOp) -> Memory:
    """Lifetimes in program order. A free op's results are its operands' data; an update works in place, and so
    does whatever takes the place of an operand (`taken`)."""
    lives = _lifetimes(network)
    weights, statistics, state = _resident(network, lives)
    peak, peak_layer = _at_first(network, lives), ""
    for name, alive in _alive(network, lives):
        if alive > peak:
            peak, peak_layer = alive, name
    return Memory(
        weights=weights,
        statistics=statistics,
        state=state,
        gradients=sum(tensor_bytes(value) for value in lives.gradients),
        kept=sum(tensor_bytes(value) for value in lives.kept),
        peak=peak,
        peak_layer=peak_layer,
    )


def alive_bytes(network: NetworkOp) -> dict[str, int]:
    """Bytes of DRAM that are in use while each layer runs, by its name: parameters and all that comes with the network,
    and every tensor from where it is made to where it is last read."""
    # Weights of 100 bytes, an input of 10, conv makes 20, relu makes 20 of these: 130 at conv, 140 at relu, for the
    # input is read last by conv.
    return dict(_alive(network, _lifetimes(network)))


def resident_bytes(network: NetworkOp) -> int:
    """Bytes of DRAM of what is there all the time: parameters, the optimizer's state and what else comes with the
    network."""
    return sum(_resident(network, _lifetimes(network)))


def _storage(network: NetworkOp) -> tuple[dict[SSAValue, SSAValue], dict[SSAValue, list[SSAValue]]]:
    """The value whose bytes another one is; and values that are read together with one, by that one."""
    storage: dict[SSAValue, SSAValue] = {}
    # The steps of a sequence are made one by one and read together: whoever reads the first reads all.
    together: dict[SSAValue, list[SSAValue]] = {}
    for op in network.body.block.ops:
        if isinstance(op, LayerOp) and op.UNIT is None and op.operands and op.results:
            first, *others = (storage.get(value, value) for value in op.operands)
            storage.update(dict.fromkeys(op.results, first))
            if others:
                together.setdefault(first, []).extend(others)
        elif (update := update_of(op)) is not None:
            pairs = zip(update.results, update.replaced, strict=True)
            storage.update({new: storage.get(old, old) for new, old in pairs})
        elif isinstance(op, LayerOp) and op.taken is not None:
            storage[op.results[0]] = storage.get(op.taken, op.taken)
    return storage, together


def _lifetimes(network: NetworkOp) -> _Lifetimes:
    storage, together = _storage(network)
    lives = _Lifetimes(storage, {}, set(), set(), set())
    forward: set[SSAValue] = set()
    for number, op in enumerate(network.body.block.ops):
        is_forward = isinstance(op, LayerOp) and op.phase is None
        for value in op.operands:
            root = storage.get(value, value)
            roots = [root, *together.get(root, ())] if value in storage else [root]
            lives.last_use.update(dict.fromkeys(roots, number))
            if isinstance(op, LayerOp) and not is_forward:
                lives.kept.update(each for each in roots if each in forward)
        if (update := update_of(op)) is not None:
            lives.gradients.add(storage.get(op.operands[1], op.operands[1]))
            lives.state.update(update.replaced[1:] if update.copy_of is None else update.replaced[:-1])
        if is_forward:
            forward.update(storage.get(result, result) for result in op.results)
    return lives


def _resident(network: NetworkOp, lives: _Lifetimes) -> tuple[int, int, int]:
    """Bytes of weights, of statistics and of the optimizer's state."""
    parameters = [op for op in network.body.block.ops if isinstance(op, ParameterOp)]
    weights = sum(tensor_bytes(op.result) for op in parameters if op.counts)
    statistics = sum(tensor_bytes(op.result) for op in parameters if not op.counts and op.result not in lives.state)
    return weights, statistics, sum(tensor_bytes(value) for value in lives.state)


def _at_first(network: NetworkOp, lives: _Lifetimes) -> int:
    """Before the first layer: inputs are there from the beginning."""
    return sum(_resident(network, lives)) + sum(tensor_bytes(argument) for argument in network.body.block.args)


def _alive(network: NetworkOp, lives: _Lifetimes) -> Iterator[tuple[str, int]]:
    """Each layer with the bytes alive while it runs."""
    storage, last_use = lives.storage, lives.last_use
    live = _at_first(network, lives)
    ending: dict[int, list[SSAValue]] = {}
    for value, number in last_use.items():
        if not isinstance(value.owner, ParameterOp):
            ending.setdefault(number, []).append(value)
    for number, op in enumerate(network.body.block.ops):
        if isinstance(op, LayerOp):
            live += sum(tensor_bytes(result) for result in op.results if result not in storage)
            yield op.layer.data, live
            live -= sum(tensor_bytes(r) for r in op.results if r not in storage and r not in last_use)
        live -= sum(tensor_bytes(value) for value in ending.get(number, []))


def tensor_bytes(value: SSAValue) -> int:
    """Bytes of DRAM that a tensor takes."""
    return ceil_div(prod(shape_of(value)) * width_bits(value), BITS_PER_BYTE)
