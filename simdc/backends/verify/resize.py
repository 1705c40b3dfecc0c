"""The same kernel with other loop bounds: tensors grow or shrink with the loops that index them."""

from __future__ import annotations

from collections.abc import Mapping

from simdc.cost.kernel import Affine, Contraction, FusedProducts, Loop, LoopNest, Operand, TiledKernel, VectorProgram
from simdc.cost.tiling import loop_bounds

from .fused import resized_fused

LARGEST_OFFSET = 4
"""Elements that the loops leave out before and after, as where one tensor follows another, need not be more."""


def resized(kernel: TiledKernel, bounds: Mapping[str, int]) -> TiledKernel:
    """`kernel` with these bounds. Strides, dilations and the padding before and after stay, and where loops lie in one
    dimension without a gap (`8*g + c` with 8 channels a group) they still do."""
    if isinstance(kernel, FusedProducts):
        return resized_fused(kernel, bounds)
    own = loop_bounds(kernel)

    def loops(given: tuple[Loop, ...]) -> tuple[Loop, ...]:
        return tuple(Loop(loop.name, bounds[loop.name]) for loop in given)

    def operand(given: Operand) -> Operand:
        return _resized(given, own, bounds)

    def operands(given: tuple[Operand, ...]) -> tuple[Operand, ...]:
        return tuple(map(operand, given))

    if isinstance(kernel, Contraction):
        return kernel._replace(
            loops=loops(kernel.loops),
            ifmap=operand(kernel.ifmap),
            weight=operand(kernel.weight),
            psum=operand(kernel.psum),
            bias=None if kernel.bias is None else operand(kernel.bias),
            macs=None,
        )
    nests = [
        nest._replace(
            loops=loops(nest.loops),
            inputs=operands(nest.inputs),
            outputs=operands(nest.outputs),
            scratch=operands(nest.scratch),
            views=operands(nest.views),
        )
        for nest in kernel.nests
    ]
    return kernel._replace(nests=tuple(_with_common_shapes(nests)))


def window_loops(kernel: TiledKernel) -> set[str]:
    """Loops that share a dimension with another loop: those of windows, and the positions of windows."""
    if isinstance(kernel, VectorProgram):
        operands = [o for nest in kernel.nests for o in (*nest.inputs, *nest.outputs, *nest.views)]
    else:
        operands = list(kernel.operands)
    shared = [terms for operand in operands for terms, _ in operand.index if len(terms) > 1]
    return {loop for terms in shared for loop, _ in terms}


def _resized(operand: Operand, own: Mapping[str, int], bounds: Mapping[str, int]) -> Operand:
    index: list[Affine] = []
    shape: list[int] = []
    for expression, extent in zip(operand.index, operand.shape, strict=True):
        terms = _terms(expression, own, bounds)
        constant = min(expression.constant, LARGEST_OFFSET)
        after = min(extent - expression.constant - expression.span(own), LARGEST_OFFSET)
        index.append(Affine(terms, constant))
        shape.append(max(1, constant + Affine(terms).span(bounds) + after))
    return operand._replace(shape=tuple(shape), index=tuple(index))


def _with_common_shapes(nests: list[LoopNest]) -> list[LoopNest]:
    """A tensor has one shape in all nests and views: the largest that one of them gave it."""
    shapes: dict[str, tuple[int, ...]] = {}
    for nest in nests:
        for o in (*nest.inputs, *nest.outputs, *nest.scratch, *nest.views):
            name = o.name.partition(".")[0]
            shapes[name] = tuple(map(max, o.shape, shapes.get(name, o.shape)))

    def common(operands: tuple[Operand, ...]) -> tuple[Operand, ...]:
        return tuple(o._replace(shape=shapes[o.name.partition(".")[0]]) for o in operands)

    return [
        nest._replace(
            inputs=common(nest.inputs),
            outputs=common(nest.outputs),
            scratch=common(nest.scratch),
            views=common(nest.views),
        )
        for nest in nests
    ]


def _terms(expression: Affine, own: Mapping[str, int], bounds: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """The steps, those of which are exactly as long as what another loop covers made to fit it again."""
    steps = dict(expression.terms)
    for loop, step in sorted(expression.terms, key=lambda term: term[1]):
        for inner, inner_step in expression.terms:
            if inner != loop and step > 1 and step == inner_step * own[inner]:
                steps[loop] = max(1, steps[inner] * bounds[inner])
    return tuple((loop, steps[loop]) for loop, _ in expression.terms)
