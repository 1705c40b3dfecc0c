"""Group normalization as exporters write it up to opset 20, when the operator had no scale of its own for each channel:

    x read as [n, groups, rest], instance normalization by ones and zeros, read as x again, * scale + shift

with a scale and a shift for each channel.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from math import prod

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.frontends.joined.layers import put_in_place
from simdc.ir.base import LayerOp, make_tensor_type, name_hint, shape_of, tensor_type
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.broadcast import AddOp, MultiplyOp
from simdc.ir.ops.free import FlattenOp, ReshapeOp
from simdc.ir.ops.group_norm import GroupNormOp
from simdc.ir.ops.instance_norm import InstanceNormOp
from simdc.named import NamedTuple

from .constant import Constant
from .problems import Unsupported

Constants = MutableMapping[str, Constant]
"""Values of parameters by label."""


class Written(NamedTuple):
    """The layers of one normalization: views before it, itself, views behind it, the factor, the sum."""

    x: SSAValue
    scale: ParameterOp
    shift: ParameterOp
    norm: InstanceNormOp
    last: AddOp
    inner: tuple[LayerOp, ...]
    """All but the last, the last of them first."""


def join_group_norms(network: NetworkOp, constants: Constants) -> None:
    """Put one layer in the place of each."""
    rows = _Rows(network, constants)
    for op in list(network.layers()):
        found = _written(op, constants) if isinstance(op, InstanceNormOp) else None
        if found is None:
            continue
        neutral = found.norm.scale, found.norm.shift
        fields = {"groups": shape_of(found.norm.input)[1], "epsilon": found.norm.epsilon}
        scale, shift = rows.of(found.scale), rows.of(found.shift)
        norm = GroupNormOp(found.last.layer.data, found.x, scale, shift, **fields)
        put_in_place(found.last, norm, found.inner)
        rows.drop_unread(*neutral)
    rows.finish()


def _written(op: InstanceNormOp, constants: Constants) -> Written | None:
    if not _all(op.scale, 1.0, constants) or not _all(op.shift, 0.0, constants):
        return None
    value, behind = _through_views(op.result)
    factor = _only_reader(value)
    if not isinstance(factor, MultiplyOp):
        return None
    scale = _of_channels(factor, value)
    last = _only_reader(factor.result)
    shift = _of_channels(last, factor.result) if isinstance(last, AddOp) else None
    if not isinstance(last, AddOp) or scale is None or shift is None:
        return None
    found = _before(op, shape_of(value))
    if found is None:
        return None
    x, before = found
    return Written(x, scale, shift, op, last, (factor, *reversed(behind), op, *before))


def _all(value: SSAValue, number: float, constants: Constants) -> bool:
    """Whether a parameter is this number everywhere. False where the file has no values."""
    owner = value.owner
    if not isinstance(owner, ParameterOp) or owner.label.data not in constants:
        return False
    try:
        return bool((constants[owner.label.data].settings() == number).all())
    except (SimdcError, Unsupported):
        return False


def _through_views(value: SSAValue) -> tuple[SSAValue, list[LayerOp]]:
    """What views make of a value that nobody but they read, and these in order."""
    passed: list[LayerOp] = []
    while isinstance(view := _only_reader(value), (FlattenOp, ReshapeOp)):
        passed.append(view)
        value = view.result
    return value, passed


def _only_reader(value: SSAValue) -> object:
    uses = list(value.uses)
    return uses[0].operation if len(uses) == 1 else None


def _of_channels(op: MultiplyOp | AddOp, value: SSAValue) -> ParameterOp | None:
    """The other side, if it has an element for each channel of `value`: [c, 1, 1] or [1, c, 1, 1] beside
    [n, c, h, w]."""
    other = op.rhs if op.lhs is value else op.lhs
    shape, own = shape_of(value), shape_of(other)
    wide = (*(1,) * (len(shape) - len(own)), *own)
    fits = len(shape) > 1 and len(wide) == len(shape) and wide[1] == shape[1] == prod(own)
    return other.owner if fits and isinstance(other.owner, ParameterOp) else None


def _before(op: InstanceNormOp, shape: tuple[int, ...]) -> tuple[SSAValue, list[LayerOp]] | None:
    """What of `shape` the layer reads by way of views that nobody else reads, and these, the last first."""
    # [2, 320, 64, 64] read as [2, 32, 40960]: the rows are groups of 10 channels.
    images, groups = shape_of(op.input)[:2]
    if shape[0] != images or shape[1] % groups:
        return None
    value, passed = op.input, list[LayerOp]()
    while shape_of(value) != shape:
        view = value.owner
        if not isinstance(view, (FlattenOp, ReshapeOp)) or _only_reader(value) is None:
            return None
        passed.append(view)
        value = view.input
    return (value, passed) if passed else None


class _Rows:
    """Parameters [c, 1, 1] as [c]: one for all layers that read it."""

    def __init__(self, network: NetworkOp, constants: Constants):
        self.network, self.block = network, network.body.block
        self.constants = constants
        self.made: dict[ParameterOp, ParameterOp] = {}

    def of(self, owner: ParameterOp) -> SSAValue:
        channels = prod(shape_of(owner.result))
        if shape_of(owner.result) == (channels,):
            return owner.result
        if owner not in self.made:
            kind = make_tensor_type(tensor_type(owner.result).element_type, (channels,))
            made = ParameterOp.create(
                result_types=[kind], properties=owner.properties.copy(), attributes=owner.attributes.copy()
            )
            made.result.name_hint, made.location = name_hint(owner.label.data), owner.location
            self.block.insert_op_after(made, owner)
            self.made[owner] = made
        return self.made[owner].result

    def drop_unread(self, *values: SSAValue) -> None:
        """Ones and zeros that the exporter put in; stored among the weights they were taken for parameters."""
        for value in dict.fromkeys(values):
            owner = value.owner
            if isinstance(owner, ParameterOp) and not list(value.uses):
                if owner.counts:
                    rest = self.network.parameters.value.data - prod(shape_of(value))
                    self.network.parameters = IntegerAttr(rest, i64)
                self.constants.pop(owner.label.data, None)
                self.block.erase_op(owner)

    def finish(self) -> None:
        """Let what else reads such a parameter read a view of the row, and the row have its values."""
        for owner, made in self.made.items():
            label, shape = owner.label.data, shape_of(owner.result)
            if list(owner.result.uses):
                view = ReshapeOp(f"{label}.view", made.result, shape=shape)
                view.location, view.result.name_hint = owner.location, name_hint(view.layer.data)
                self.block.insert_op_after(view, made)
                owner.result.replace_all_uses_with(view.result)
            if label in self.constants:
                self.constants[label] = self.constants[label].reshaped(shape_of(made.result))
            self.block.erase_op(owner)
