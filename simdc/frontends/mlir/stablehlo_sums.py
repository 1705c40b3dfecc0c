"""StableHLO's products, convolutions in any layout, and windows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from string import ascii_lowercase

from xdsl.ir import Operation
from xdsl.utils.exceptions import VerifyException

from simdc.ir.base import shape_of
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.reverse import ReverseOp
from simdc.named import NamedTuple

from .asked import block_of, listed_like, operand
from .body import Body
from .functions import Symbol
from .linalg_named import max_pool
from .module_text import attribute, integer, integers, lists_of, name_of
from .network import ForeignNetwork
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .stablehlo import accumulated
from .sums import Sliding, multiply_add, numbered, product, slid, slid_over
from .tensors import bordered
from .values import Filled, Made, ModuleConstant, Read, Seen, Value, plain
from .written import WrittenNest, emit

REVERSE = "stablehlo.reverse"
LAYOUT = re.compile(r"\[([^\]]*)\]\s*x\s*\[([^\]]*)\]\s*->\s*\[([^\]]*)\]")


@reads("stablehlo.dot_general")
def dot_general(reader: Reader, op: Operation) -> Sequence[Value]:
    """A sum of products for the array."""
    lists = lists_of(op, "dot_dimension_numbers")
    sides = reader.value(operand(op, 0)), reader.value(operand(op, 1))
    letters = iter(ascii_lowercase)
    names = [["" for _ in side.shape] for side in sides]
    shared: dict[str, list[str]] = {"batching": [], "contracting": []}
    for kind, found in shared.items():
        lhs, rhs = (lists.get(f"{side}_{kind}_dimensions") or list[int]() for side in ("lhs", "rhs"))
        for one, two in zip(lhs, rhs, strict=True):
            names[0][one] = names[1][two] = next(letters)
            found.append(names[0][one])
    free: list[str] = []
    for own in names:
        for place, letter in enumerate(own):
            own[place] = letter or next(letters)
            free += [] if letter else [own[place]]
    letters_ = "".join(names[0]), "".join(names[1]), "".join([*shared["batching"], *free])
    return product(reader.network, letters_, sides, (Filled(result_shape(op), 0.0), result_bits(op)))


@reads("stablehlo.dot")
def dot(reader: Reader, op: Operation) -> Sequence[Value]:
    """A sum of products for the array: the last dimension of one side and the first of the other."""
    sides = reader.value(operand(op, 0)), reader.value(operand(op, 1))
    lhs, rhs = "mk"[2 - len(sides[0].shape) :], "kn"[: len(sides[1].shape)]
    letters = lhs, rhs, f"{lhs[:-1]}{rhs[1:]}"
    return product(reader.network, letters, sides, (Filled(result_shape(op), 0.0), result_bits(op)))


class Convolution(NamedTuple):
    """How a convolution lies, by letters: b and f of the image and the result, i and o of the weights, digits for
    spatial dimensions. One number for each spatial dimension: steps, places before and behind, distances of the image's
    elements and of the window's."""

    image: list[str]
    weight: list[str]
    result: list[str]
    stride: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    apart: tuple[int, ...]
    dilation: tuple[int, ...]
    turned: tuple[int, ...]
    groups: int
    batch_groups: int

    @property
    def spatial(self) -> list[str]:
        return [str(place) for place in range(len(self.stride))]


def _read(op: Operation) -> Convolution:
    found = LAYOUT.search(str(attribute(op, "dimension_numbers")))
    if found is None:
        raise Unpriced("its dimension numbers are not known")
    image, weight, result = ([each.strip() for each in side.split(",")] for side in found.groups())
    rank = len(image) - 2
    ones = (1,) * rank
    border = listed_like(op, "padding", (0,) * 2 * rank)
    stride, apart, dilation = (
        listed_like(op, name, ones) for name in ("window_strides", "lhs_dilation", "rhs_dilation")
    )
    reversal = listed_like(op, "window_reversal", (0,) * rank)
    turned = tuple(weight.index(str(place)) for place, each in enumerate(reversal) if each)
    groups, batches = (integer(op, f"{name}_group_count", 1) for name in ("feature", "batch"))
    return Convolution(
        image, weight, result, stride, border[::2], border[1::2], apart, dilation, turned, groups, batches
    )


@reads("stablehlo.reverse", "tosa.reverse")
def reverse(reader: Reader, op: Operation) -> Sequence[Value]:
    """`reverse`; of constants another constant; of weights of a convolution nothing, they are read backwards."""
    value, network = reader.value(operand(op, 0)), reader.network
    axes = integers(op, "dimensions")
    axes = (integer(op, "axis", 0),) if axes is None else tuple(axis for axis in axes if value.shape[axis] > 1)
    if isinstance(value, Filled) or not axes or all(value.shape[axis] == 1 for axis in axes):
        return [value]
    if isinstance(value.base, ModuleConstant):
        label = network.label(network.step)
        made = ModuleConstant(label, value.shape or (1,), result_bits(op), value.base.roots)
        return [plain(made, made.shape, value.shape)]
    if _is_window(op):
        return [value]
    source = network.tensor(value)
    try:
        turned = ReverseOp(network.unused(), source, axes=axes)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return [plain(network.add(turned, result_bits(op)), value.shape)]


def _is_window(op: Operation) -> bool:
    """Whether what the op turns round is read by convolutions only, as their weights."""
    return {(name_of(use.operation), use.index) for use in op.results[0].uses} == {("stablehlo.convolution", 1)}


def _turned_before(op: Operation, conv: Convolution) -> tuple[int, ...]:
    """Dimensions of the weights that are read backwards, those that a `reverse` before turned round with them."""
    owner = operand(op, 1).owner
    is_turned = isinstance(owner, Operation) and name_of(owner) == REVERSE and _is_window(owner)
    before = integers(owner, "dimensions") or () if is_turned and isinstance(owner, Operation) else ()
    return tuple(sorted(set(conv.turned) ^ set(before)))


@reads("stablehlo.convolution")
def convolution(reader: Reader, op: Operation) -> Sequence[Value]:
    """`conv2d` of images [b, f, 0, 1] and weights [o, i, 0, 1]; a sum of products for the array in any other layout."""
    conv = _read(op)
    sides = reader.seen(operand(op, 0)), reader.seen(operand(op, 1))
    if not sides[1].is_constant:
        conv = conv._replace(turned=_turned_before(op, conv))
    native = _native(reader.network, conv, sides, result_bits(op))
    if native is not None:
        return [native]
    return [_general(reader.network, conv, sides, result_shape(op), result_bits(op))]


def _native(network: ForeignNetwork, conv: Convolution, sides: tuple[Seen, Seen], bits: int | None) -> Value | None:
    """Our own layer, which others may fold into; None for another layout."""
    layout = (conv.image, conv.weight, conv.result)
    own = (["b", "f", "0", "1"], ["o", "i", "0", "1"], ["b", "f", "0", "1"])
    plain_ = set(conv.apart) == {1} and not conv.turned and conv.batch_groups == 1
    if layout != own or not plain_ or min((*conv.before, *conv.after)) < 0 or not all(each.is_plain for each in sides):
        return None
    fields = {"stride": conv.stride, "padding": (*conv.before, *conv.after), "dilation": conv.dilation}
    try:
        op = Conv2DOp(network.unused(), *map(network.base, sides), **fields, groups=conv.groups)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return plain(network.add(op, bits), shape_of(op.result))


def _check_layout(conv: Convolution, sides: tuple[Seen, Seen], shape: tuple[int, ...]) -> None:
    """Raise Unpriced where letters and numbers are not as many as dimensions."""
    rank = len(conv.image)
    found = [len(each) for each in (conv.weight, conv.result, sides[0].shape, sides[1].shape, shape)]
    spatial = [conv.stride, conv.before, conv.after, conv.apart, conv.dilation]
    if {rank, *found} != {rank} or {len(each) for each in spatial} != {rank - 2}:
        raise Unpriced(f"its dimension numbers are of {rank} dimensions, its window or its tensors are not")


class _Split(NamedTuple):
    """A side whose dimension of groups is cut in two: its letters, and it as a value."""

    letters: list[str]
    value: Seen


def _split(network: ForeignNetwork, letters: list[str], value: Seen, letter: str, groups: int) -> _Split:
    """`letter` as `g` outside and itself inside."""
    if groups == 1:
        return _Split(letters, value)
    at = letters.index(letter)
    shape = (*value.shape[:at], groups, value.shape[at] // groups, *value.shape[at + 1 :])
    return _Split([*letters[:at], "g", *letters[at:]], network.reshaped(value, shape))


def _general(
    network: ForeignNetwork, conv: Convolution, sides: tuple[Seen, Seen], shape: tuple[int, ...], bits: int | None
) -> Value:
    _check_layout(conv, sides, shape)
    groups = max(conv.groups, conv.batch_groups)
    by = "f" if conv.groups > 1 else "b"
    image = _split(network, conv.image, sides[0], by, groups)
    if max(conv.apart) > 1 and not image.value.is_plain:
        # Elements lie apart in a tensor, not in a view of one.
        image = image._replace(value=network.written_out(image.value))
    weight = _split(network, conv.weight, sides[1], "o", groups)
    turned = tuple(weight.letters.index(conv.weight[axis]) for axis in conv.turned)
    if any(weight.value.shape[each] > 1 and weight.value.dimension_of_base(each) is None for each in turned):
        weight = weight._replace(value=network.written_out(weight.value))
    made = list(conv.result)
    sizes = list(shape)
    if groups > 1:
        at = made.index("f")
        made.insert(at, "g")
        sizes[at : at + 1] = [groups, shape[at] // groups]
    # The image's f is the weight's i, the result's f its o.
    bounds = {("o" if each == "f" else each): size for each, size in zip(made, sizes, strict=True)}
    bounds |= {f"k{each}": weight.value.shape[weight.letters.index(each)] for each in conv.spatial}
    bounds["i"] = weight.value.shape[weight.letters.index("i")]
    index = numbered(bounds)
    windows = {
        each: Sliding(bounds[each], bounds[f"k{each}"], stride, dilation, before)
        for each, stride, dilation, before in zip(conv.spatial, conv.stride, conv.dilation, conv.before, strict=True)
    }
    seen = image.value
    if max(conv.apart) == 1:
        seen = slid_over(network, seen, {image.letters.index(each): window for each, window in windows.items()})
        windows = {each: window.inside for each, window in windows.items()}
    at_image = {"f": index["i"]} | {each: slid(index, each, f"k{each}", windows[each]) for each in windows}
    at_weight = {each: index[f"k{each}"] for each in conv.spatial}
    reads_ = (
        Read(seen, tuple(at_image.get(each) or index[each] for each in image.letters)),
        Read(weight.value, tuple(at_weight.get(each) or index[each] for each in weight.letters)),
    )
    result = Made(
        tuple(sizes), tuple(index["o" if each == "f" else each] for each in made), Filled(tuple(sizes), 0.0), bits
    )
    apart = None
    if max(conv.apart) > 1:
        apart = tuple(conv.apart[int(each)] if each.isdigit() else 1 for each in image.letters)
    nest = WrittenNest(
        tuple(bounds.values()), reads_, (result,), multiply_add, _macs(conv, image, bounds), apart, turned
    )
    (found,) = emit(network, nest)
    assert isinstance(found, Seen)
    return network.reshaped(found, shape) if groups > 1 else found


def _macs(conv: Convolution, image: _Split, bounds: dict[str, int]) -> int | None:
    """Without the zeros between the image's elements: each element meets each place of the window."""
    if max(conv.apart) == 1:
        return None
    every = prod(bounds.values())
    places = prod(bounds[each] for each in conv.spatial)
    elements = prod(image.value.shape[image.letters.index(each)] for each in conv.spatial)
    return min(every, every // places * elements)


@reads("stablehlo.reduce_window")
def reduce_window(reader: Reader, op: Operation) -> Sequence[Value]:
    """`max_pool` of images [n, c, h, w]; else a program for the lanes."""
    if len(op.operands) != 2:
        raise Unpriced("it gathers several tensors at once")
    image, start = reader.value(operand(op, 0)), reader.value(operand(op, 1))
    rank, shape = len(image.shape), result_shape(op)
    taps = listed_like(op, "window_dimensions", (1,) * rank)
    ones = (1,) * rank
    stride, dilation, apart = (
        listed_like(op, name, ones) for name in ("window_strides", "window_dilations", "base_dilations")
    )
    border = listed_like(op, "padding", (0,) * 2 * rank)
    if max(apart) > 1 or not isinstance(start, Filled):
        raise Unpriced("its elements lie apart, or where it starts depends on data")
    seen = bordered(reader.network, image, border[::2], border[1::2], start.number or 0.0)
    if isinstance(seen, Filled):
        seen = reader.seen(operand(op, 0))
    first = block_of(op, 0).first_op
    opcode = "" if first is None else name_of(first)
    if rank == 4 and opcode == "stablehlo.maximum" and tuple(taps[:2]) == (1, 1):
        window = taps[2:], stride[2:], dilation[2:]
        native = max_pool(reader.network, seen, window, shape, result_bits(op))
        if native is not None:
            return [native]
    bounds = {f"o{place}": size for place, size in enumerate(shape)}
    bounds |= {f"k{place}": size for place, size in enumerate(taps)}
    index = numbered(bounds)
    windows = map(Sliding, shape, taps, stride, dilation)
    at = tuple(slid(index, f"o{place}", f"k{place}", window) for place, window in enumerate(windows))
    block = block_of(op, 0)

    def body(symbols: Sequence[Symbol]) -> Body:
        return accumulated(reader, block, symbols, 1)

    made = Made(shape, tuple(index[f"o{place}"] for place in range(rank)), Filled(shape, start.number), result_bits(op))
    return emit(reader.network, WrittenNest(tuple(bounds.values()), (Read(seen, at),), (made,), body))
