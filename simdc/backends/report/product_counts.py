"""How many products a layer has, counted in the three ways that compilers count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import singledispatch
from itertools import product
from math import prod

from simdc.cost.kernel import Affine, Contraction, Operand
from simdc.ir.base import LayerOp
from simdc.ir.convolution import WindowedOp
from simdc.ir.nest_text import Access, parse_nest
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.conv import ConvolutionInputGradOp, ConvolutionWeightGradOp
from simdc.ir.ops.conv_transpose import TransposedConvolutionOp
from simdc.named import NamedTuple

ANY_BITS = 32
"""A width of partial sums, which changes no count."""
MOST_WALKED = 1 << 20
"""Iterations that are walked one by one, of loops that move several dimensions at once."""


class ProductCounts(NamedTuple):
    """Multiply-accumulates: `written`, one for each iteration of the loops; `macs`, what costs and reports call MACs,
    without the zeros between elements that lie apart; `on_elements`, without those in a border either."""

    written: int
    macs: int
    on_elements: int


class _Dimension(NamedTuple):
    """A dimension with elements at 0, `step`, 2 * `step` ... below `size`, read `at` a place that the loops give."""

    at: Affine
    size: int
    step: int


def product_counts(op: LayerOp) -> ProductCounts | None:
    """None for a layer that is no single sum of products, or of which too much would have to be walked."""
    # A depthwise convolution on the lanes has the products that it has on the array.
    kernels = [form.kernel(ANY_BITS) for form in op.forms().values()] or [op.kernel()]
    kernel = next((kernel for kernel in kernels if isinstance(kernel, Contraction)), None)
    if kernel is None:
        return None
    bounds, dimensions = _read(op, kernel)
    on_elements = prod(bounds.values())
    for loops, together in _connected(dimensions):
        many = prod(bounds[loop] for loop in loops)
        hits = _hits(together, {loop: bounds[loop] for loop in loops})
        if hits is None:
            return None
        on_elements = on_elements // many * hits
    return ProductCounts(prod(bounds.values()), kernel.useful_macs, on_elements)


@singledispatch
def _read(_op: LayerOp, kernel: Contraction) -> tuple[Mapping[str, int], list[_Dimension]]:
    """The loops, and the dimensions of both sides."""
    return kernel.bounds, [*_dimensions(kernel.ifmap), *_dimensions(kernel.weight)]


@_read.register(ConvolutionInputGradOp)
@_read.register(TransposedConvolutionOp)
def _(op: WindowedOp, kernel: Contraction) -> tuple[Mapping[str, int], list[_Dimension]]:
    return kernel.bounds, [*_dimensions(kernel.ifmap, op.geometry.stride), *_dimensions(kernel.weight)]


@_read.register
def _(op: ConvolutionWeightGradOp, kernel: Contraction) -> tuple[Mapping[str, int], list[_Dimension]]:
    return kernel.bounds, [*_dimensions(kernel.ifmap), *_dimensions(kernel.weight, op.geometry.stride)]


@_read.register
def _(op: ContractionOp, _kernel: Contraction) -> tuple[Mapping[str, int], list[_Dimension]]:
    # The kernel has dimensions that move as one joined, `apart` counts those of the nest.
    nest = parse_nest(op.nest.data)
    lhs, rhs = nest.inputs[:2]
    return nest.bounds, [*_dimensions(lhs, op.distances), *_dimensions(rhs)]


def _dimensions(read: Operand | Access, steps: Sequence[int] = ()) -> Iterator[_Dimension]:
    """`steps` are those of the last dimensions, as many as there are."""
    every = *(1 for _ in read.shape[len(steps) :]), *steps
    return map(_Dimension, read.index, read.shape, every)


def _connected(dimensions: Iterable[_Dimension]) -> Iterator[tuple[set[str], list[_Dimension]]]:
    """Dimensions in groups that have no loop in common, with their loops."""
    groups: list[tuple[set[str], list[_Dimension]]] = []
    for each in dimensions:
        loops, together = {loop for loop, _ in each.at.terms}, [each]
        for group in [group for group in groups if group[0] & loops]:
            loops, together = loops | group[0], [*group[1], *together]
            groups.remove(group)
        groups.append((loops, together))
    return iter(groups)


def _hits(dimensions: list[_Dimension], bounds: Mapping[str, int]) -> int | None:
    """Iterations of the loops that find an element in each dimension."""
    missing = [each for each in dimensions if not _always_hits(each, bounds)]
    if not missing:
        return prod(bounds.values())
    if len(missing) == 1:
        return _hits_of_one(missing[0], bounds)
    if prod(bounds.values()) > MOST_WALKED:
        return None
    walk = (dict(zip(bounds, turn, strict=True)) for turn in product(*map(range, bounds.values())))
    return sum(all(_is_element(each, _place(each.at, turn)) for each in missing) for turn in walk)


def _hits_of_one(dimension: _Dimension, bounds: Mapping[str, int]) -> int:
    # oh + kh - 1 for 3 places and 3 taps: -1 to 3, met 1, 2, 3, 2 and 1 times; 3 pixels, 0 to 2, are met 7 times.
    places = Counter({dimension.at.constant: 1})
    for loop, reach in dimension.at.terms:
        further = Counter[int]()
        for place, many in places.items():
            for turn in range(bounds[loop]):
                further[place + reach * turn] += many
        places = further
    beside = prod(bound for loop, bound in bounds.items() if loop not in dict(dimension.at.terms))
    return beside * sum(many for place, many in places.items() if _is_element(dimension, place))


def _always_hits(dimension: _Dimension, bounds: Mapping[str, int]) -> bool:
    ends = [dimension.at.constant, dimension.at.constant]
    for loop, reach in dimension.at.terms:
        ends[reach > 0] += reach * (bounds[loop] - 1)
    return dimension.step == 1 and ends[0] >= 0 and ends[1] < dimension.size


def _place(at: Affine, turn: Mapping[str, int]) -> int:
    return at.constant + sum(reach * turn[loop] for loop, reach in at.terms)


def _is_element(dimension: _Dimension, place: int) -> bool:
    return 0 <= place < dimension.size and place % dimension.step == 0
