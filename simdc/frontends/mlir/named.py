"""Element-wise bodies that are a layer of ours, and those that a layer with weights before them takes in: what scales
or shifts channels by numbers that come with the network."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.ir import SSAValue

from simdc.cost.kernel import Affine, affine
from simdc.ir.base import shape_of
from simdc.ir.broadcasting import BroadcastOp, broadcast_shape
from simdc.ir.elements import NAMES
from simdc.ir.nest_text import nest_text, parse_nest
from simdc.ir.ops.broadcast import AddOp, DivideOp, MaximumOp, MinimumOp, MultiplyOp, SubtractOp
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.linear import LinearOp
from simdc.named import NamedTuple

from .body import Body
from .clipped import bounds_of, clip
from .functions import Symbol
from .network import ForeignNetwork
from .statistics import note_statistics, subtracted, under_roots
from .values import Made, ModuleConstant, Seen, Value, plain, roots_of

OF_TWO: dict[str, type[BroadcastOp]] = {
    "add": AddOp,
    "sub": SubtractOp,
    "mul": MultiplyOp,
    "div": DivideOp,
    "max": MaximumOp,
    "min": MinimumOp,
}
Tensors = Mapping[str, tuple[Seen, tuple[Affine, ...]]]


class ChannelChange(NamedTuple):
    """Whether a body multiplies its only changing operand by numbers, and adds some."""

    scales: bool = False
    shifts: bool = False


def named_layer(network: ForeignNetwork, body: Body, tensors: Tensors, made: Made) -> Value | None:
    """What gives the only result of an element-wise body, None where no layer of ours does."""
    index = tuple(affine(f"d{place}") if terms else affine() for place, (terms, _) in enumerate(made.index))
    if made.index != index or not made.shape:
        return None
    return _taken_in(network, body, tensors, made) or _layer(network, body, tensors, made)


def _layer(network: ForeignNetwork, body: Body, tensors: Tensors, made: Made) -> Value | None:
    if len(made.shape) > len(NAMES):
        return None
    shapes = {name: _broadcast_shape(*each, made) for name, each in tensors.items()}

    def operand(name: str, shape: tuple[int, ...]) -> SSAValue:
        seen, _ = tensors[name]
        return network.tensor(network.reshaped(plain(seen.base, seen.own), shape))

    bounds = bounds_of(body) if len(tensors) == 1 else None
    if bounds is not None:
        ((name, shape),) = shapes.items()
        if shape == made.shape:
            return plain(clip(network, operand(name, made.shape), bounds, made.bits), made.shape)
    if len(body.code) != 1 or body.code[0].opcode not in OF_TWO:
        return None
    opcode, _, sources = body.code[0]
    names = [each for each in sources if isinstance(each, str)]
    wide = [(name, shape) for name in names if (shape := shapes[name]) is not None]
    # All of this before an operand is made: one that nobody reads would stay.
    if len(wide) != 2 or broadcast_shape(wide[0][1], wide[1][1]) != made.shape:
        return None
    operands = [operand(name, shape) for name, shape in wide]
    return plain(network.add(OF_TWO[opcode](network.unused(), *operands), made.bits), made.shape)


def _broadcast_shape(seen: Seen, index: tuple[Affine, ...], made: Made) -> tuple[int, ...] | None:
    """The shape in which numpy broadcasts the tensor to the result's; None where it is not so seen."""
    access = seen.access(index)
    if seen.padding is not None:
        return None
    long = [(each, size) for each, size in zip(access.index, access.shape, strict=True) if size > 1]
    if any(len(each.terms) != 1 or each != affine(each.terms[0][0]) for each, _ in long):
        return None
    places = [int(each.terms[0][0][1:]) for each, _ in long]
    if places != sorted(set(places)) or [made.shape[place] for place in places] != [size for _, size in long]:
        return None
    return tuple(made.shape[place] if place in places else 1 for place in range(len(made.shape)))


def _taken_in(network: ForeignNetwork, body: Body, tensors: Tensors, made: Made) -> Value | None:
    """The layer with weights before, with what the body does in its weights and its bias. Its result may be seen
    turned, or with more or fewer dimensions of one element."""
    moving = [name for name, (value, _) in tensors.items() if not value.is_constant]
    if len(moving) != 1:
        return None
    seen, index = tensors[moving[0]]
    change = change_of(body, moving[0])
    same = tuple(affine(f"d{place}") if size > 1 else affine() for place, size in enumerate(seen.shape))
    places = _places(seen)
    if change is None or places is None or index != same or not isinstance(seen.base, SSAValue):
        return None
    producer = seen.base.owner
    if not isinstance(producer, (Conv2DOp, LinearOp, ContractionOp)) or seen.base.first_use is not None:
        return None
    # Weights that are an argument, as in a training step, are data: nobody scales them before the network runs.
    weight = producer.rhs if isinstance(producer, ContractionOp) else producer.weight
    if change.scales and not network.is_parameter(weight):
        return None
    axis = _channel(producer)
    constants = {name: value for name, (value, _) in tensors.items() if value.is_constant}
    numbers = [value.access(at) for value, at in tensors.values() if value.is_constant]
    others = {loop for access in numbers for loop in access.loops}
    if axis is None or others - {f"d{places.get(axis)}"} or network.is_read_again(seen.base):
        return None
    note_statistics(network, constants, subtracted(body, moving[0]) | under_roots(body), seen.own[axis])
    roots = roots_of(constants.values())
    network.use(roots)
    if isinstance(producer, ContractionOp):
        found = _with_start(network, producer, made._replace(shape=seen.own), axis, change)
        return None if found is None else found.through(made.shape, seen.index)
    wide = tuple(size if place == axis else 1 for place, size in enumerate(seen.own))
    value = seen.base
    for present, kind in ((change.scales, MultiplyOp), (change.shifts, AddOp)):
        if present:
            by = network.parameter_of(ModuleConstant(network.label(network.step), wide, of=roots))
            value = network.add(kind(network.unused(), value, by), made.bits)
    return plain(value, seen.own).through(made.shape, seen.index)


def _places(seen: Seen) -> dict[int, int] | None:
    """Which dimension of what is seen each of the tensor's is, but for those of one element; None where that is not all
    of it, each element once."""
    found: dict[int, int] = {}
    for place, (each, size) in enumerate(zip(seen.index, seen.own, strict=True)):
        if size > 1:
            name = each.terms[0][0] if each.terms else ""
            if each != affine(name) or seen.shape[int(name[1:])] != size:
                return None
            found[place] = int(name[1:])
        elif each.constant:
            return None
    whole = sorted(found.values()) == [place for place, size in enumerate(seen.shape) if size > 1]
    return found if whole and seen.padding is None else None


def change_of(body: Body, moving: str) -> ChannelChange | None:
    """What a body does to `moving`; None where that is more than to scale and to shift it. What other operands are is
    known before the network runs."""
    known: dict[Symbol, ChannelChange] = {moving: ChannelChange()}
    for opcode, dest, sources in body.code:
        places = [place for place, source in enumerate(sources) if source in known]
        if not places:
            continue
        if len(places) > 1:
            return None
        before, place = known[sources[places[0]]], places[0]
        match opcode:
            case "add" | "sub":
                known[dest] = ChannelChange(before.scales or (opcode == "sub" and place == 1), True)
            case "mul":
                known[dest] = before._replace(scales=True)
            case "div" if place == 0:
                known[dest] = before._replace(scales=True)
            case "move":
                known[dest] = before
            case "mac":
                known[dest] = ChannelChange(before.scales or place > 0, True)
            case _:
                return None
    return known.get(body.results[0])


def _channel(producer: Conv2DOp | LinearOp | ContractionOp) -> int | None:
    """The dimension of the result that its channels lie along."""
    if isinstance(producer, ContractionOp):
        return producer.channel_axis(lambda value: None)
    return 1 if isinstance(producer, Conv2DOp) else len(shape_of(producer.result)) - 1


def _with_start(
    network: ForeignNetwork, op: ContractionOp, made: Made, axis: int, change: ChannelChange
) -> Value | None:
    """Sums that start from a number for each channel."""
    if op.start is not None and not network.is_parameter(op.start):
        return None
    nest = parse_nest(op.nest.data)
    start = op.start
    if start is None and change.shifts:
        start = network.parameter_of(ModuleConstant(network.label(f"{op.layer.data}.bias"), (made.shape[axis],)))
        bias = nest.results[0]
        one = type(bias)((made.shape[axis],), (bias.index[axis],))
        nest = nest._replace(inputs=(*nest.inputs, one))
    # All else that it says of itself stays: products that count, distances, what is read backwards.
    fields = {name: each for name, each in op.properties.items() if name not in ("layer", "nest")}
    fresh = ContractionOp(op.layer.data, op.lhs, op.rhs, start, nest=nest_text(nest), **fields)
    return plain(network.replace(op, fresh, made.bits), made.shape)
