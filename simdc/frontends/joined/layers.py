"""Layers that are joined, and the one in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation, SSAValue

from simdc.frontends.imported_network import free_name
from simdc.ir.base import LayerOp, make_tensor_type, name_hint, shape_of, tensor_type
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.free import FlattenOp, ReshapeOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.ir.stored_width import take_width


class LayerChain:
    """Layers before a value, last first, each of which nobody but the next one reads."""

    def __init__(self, value: SSAValue):
        self.value = value
        self.layers: list[LayerOp] = []

    def take(self, *kinds: type[LayerOp]) -> LayerOp | None:
        """Step back over the layer that makes the value, if it is one of `kinds`."""
        op = self.value.owner
        readers = {use.operation for use in self.value.uses}
        if not isinstance(op, kinds) or len(readers) != 1:
            return None
        self.layers.append(op)
        self.value = op.operands[0]
        return op

    def scalar(self, function: str) -> float | None:
        """Step back over a function of the value and a number; the number."""
        op = self.take(ScalarOp)
        return op.value.value.data if isinstance(op, ScalarOp) and op.function.data == function else None

    def views(self) -> None:
        while self.take(FlattenOp, ReshapeOp):
            pass


def read_once(value: SSAValue) -> bool:
    return len(list(value.uses)) == 1


def in_shape(value: SSAValue, shape: tuple[int, ...], reader: LayerOp) -> SSAValue:
    """The value as its new `reader` wants it: a view. `drop_unread` makes none of what views a parameter alone."""
    if shape_of(value) == shape:
        return value
    block = reader.parent
    assert block is not None
    view = ReshapeOp(free_name(f"{reader.layer.data}.view", names_beside(reader)), value, shape=shape)
    view.location, view.result.name_hint = reader.location, name_hint(view.layer.data)
    block.insert_op_before(view, reader)
    return view.result


def names_beside(layer: LayerOp) -> set[str]:
    """Of all layers of its network."""
    block = layer.parent
    return {op.layer.data for op in block.ops if isinstance(op, LayerOp)} if block is not None else set()


def put_in_place(op: LayerOp, joined: LayerOp, inner: Sequence[LayerOp]) -> None:
    """`joined` gives what `op` gave. `inner` are layers before `op` that nobody else reads, the last first; the new one
    remembers them."""
    names = [StringAttr(layer.layer.data) for layer in reversed(inner)]
    kept = [name for layer in (*reversed(inner), op) for name in layer.merged or ()]
    joined.merged = ArrayAttr([*names, *kept]) if names or kept else None
    joined.location, joined.results[0].name_hint = op.location, op.results[0].name_hint
    take_width(joined, op)
    block = op.parent
    assert block is not None
    block.insert_op_before(joined, op)
    op.results[0].replace_all_uses_with(joined.results[0])
    gone: list[Operation] = [op, *inner]
    for each in gone:
        block.erase_op(each)


def put_before_readers(made: LayerOp, behind: Callable[[SSAValue], LayerOp]) -> None:
    """Let what reads `made` read what `behind` makes of it."""
    (value,), block = made.results, made.parent
    uses = list(value.uses)
    view = behind(value)
    view.location, view.results[0].name_hint = made.location, name_hint(view.layer.data)
    assert block is not None
    block.insert_op_after(view, made)
    for use in uses:
        use.operation.operands[use.index] = view.results[0]


def drop_unread(network: NetworkOp) -> None:
    """Take out views and parameters that nobody reads any more, and views that are all that reads a parameter: it lies
    in their shape from the start."""
    block = network.body.block
    for op in reversed(list(block.ops)):
        if not isinstance(op, ParameterOp | ReshapeOp):
            continue
        if op.result.first_use is None:
            block.erase_op(op)
        elif isinstance(op, ParameterOp):
            _lay_as_read(op)


def _lay_as_read(parameter: ParameterOp) -> None:
    readers = [use.operation for use in parameter.result.uses]
    views = [each for each in readers if isinstance(each, ReshapeOp)]
    shapes = {shape_of(each.result) for each in views}
    if len(views) < len(readers) or len(shapes) != 1:
        return
    kind, block = make_tensor_type(tensor_type(parameter.result).element_type, shapes.pop()), parameter.parent
    assert block is not None
    made = ParameterOp.create(result_types=[kind], properties=parameter.properties, attributes=parameter.attributes)
    made.result.name_hint, made.location = parameter.result.name_hint, parameter.location
    block.insert_op_after(made, parameter)
    for each in views:
        each.result.replace_all_uses_with(made.result)
        block.erase_op(each)
    block.erase_op(parameter)
