"""The network as a graph: which layer reads what of which, how much that is, and where each was written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import PurePath

from xdsl.ir import BlockArgument

from simdc.backends.lowered.network import Edge
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import NetworkOp, ReturnOp, place_of

from .memory import tensor_bytes


def edges_of(network: NetworkOp) -> Iterator[Edge]:
    """In the order of the readers. What the parameters hold is not among them."""
    for op in network.body.block.ops:
        if isinstance(op, (LayerOp, ReturnOp)):
            end = op.layer.data if isinstance(op, LayerOp) else ""
            # A layer that reads a tensor twice reads one tensor.
            for value in dict.fromkeys(op.operands):
                if isinstance(value.owner, LayerOp):
                    yield Edge(value.owner.layer.data, end, tensor_bytes(value))
                elif isinstance(value, BlockArgument):
                    yield Edge("", end, tensor_bytes(value))


def input_shapes(network: NetworkOp) -> list[tuple[int, ...]]:
    """Of what goes into the network, batch included."""
    return [shape_of(value) for value in network.body.block.args]


def worker_of(op: LayerOp) -> LayerOp:
    """The layer itself, or of a view of data the layer that made them, where one did."""
    # A front end notes the bias of a product on the reshape behind it: the product adds it.
    while op.runs_on is None and op.uncosted is None and op.operands and isinstance(op.operands[0].owner, LayerOp):
        op = op.operands[0].owner
    return op


def place_in_source(op: LayerOp) -> tuple[str, int, int] | None:
    """The name of the file without its folder, line and column; None where nobody knows. In an ONNX model a node's
    number stands for the line, and 0 for the column."""
    place = place_of(op)
    if place is None or not place[1]:
        return None
    file, line, column = place
    return _base_name(file), line, column


@cache
def _base_name(file: str) -> str:
    return PurePath(file).name
