"""Two products and the program on the lanes between them, on arrays: of one tile, or of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from simdc.cost.kernel import Contraction, FusedProducts, Loop, LoopNest, Operand

from .arrays import Array
from .contraction import run_contraction
from .program import run_block

Values = Mapping[str, range]


class FusedMemory:
    """What the lanes have in vector memory, as arrays of one tile by name. An operand in the place of another has its
    very array, so that what it overwrites is gone."""

    def __init__(self, kernel: FusedProducts):
        self.kernel = kernel
        self.arrays: dict[str, Array] = {}
        self._initial = {name: value for nest in kernel.nests for name, value in nest.initial}
        self._scratch = {operand.name: operand for nest in kernel.nests for operand in nest.scratch}

    def begin(self, values: Values) -> None:
        """A new place of the result: what is kept stands at its beginning."""
        for name, operand in self._scratch.items():
            self.arrays[name] = np.full([len(values[loop]) for loop in operand.loops], self._initial.get(name, np.nan))

    def hand_over(self, operand: Operand, array: Array) -> None:
        self.arrays[operand.name] = array

    def run(self, nest: LoopNest, values: Values) -> None:
        """All blocks of a nest over the tile."""
        kernel, diagonal = self.kernel, self.kernel.diagonal
        if diagonal is not None:
            self.arrays[diagonal.last] = np.array(values[diagonal.rows], dtype=float) + diagonal.first - 1
            self.arrays[diagonal.position] = np.array(values[kernel.streamed], dtype=float)
        for one, other in kernel.in_place:
            self.arrays[one] = self.arrays[other]
        sizes = {loop.name: len(values[loop.name]) for loop in nest.loops}
        here = nest._replace(
            inputs=_of_tile(nest.inputs, sizes),
            outputs=_of_tile(nest.outputs, sizes),
            scratch=_of_tile(nest.scratch, sizes),
        )
        for block in here.blocks:
            run_block(block, here, {loop: sizes[loop] for loop in block.loops}, self.arrays)


def multiply(product: Contraction, sizes: Mapping[str, int], ifmap: Array, weight: Array) -> Array:
    """One product of a tile."""
    here = product._replace(
        loops=tuple(Loop(loop.name, sizes[loop.name]) for loop in product.loops),
        ifmap=_of_tile((product.ifmap,), sizes)[0],
        weight=_of_tile((product.weight,), sizes)[0],
        psum=_of_tile((product.psum,), sizes)[0],
    )
    return run_contraction(here, ifmap, weight).psum


def _of_tile(operands: Iterable[Operand], sizes: Mapping[str, int]) -> tuple[Operand, ...]:
    return tuple(operand._replace(shape=tuple(sizes[loop] for loop in operand.loops)) for operand in operands)


def run_fused(kernel: FusedProducts, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The results, everything in one tile; `inputs` by the names of operands."""
    sizes = kernel.bounds | kernel.whole
    values = {loop: range(size) for loop, size in sizes.items()}
    memory = FusedMemory(kernel)
    memory.begin(values)
    for operand in kernel.row.inputs:
        memory.hand_over(operand, inputs[operand.name])
    first, second = kernel.first, kernel.second
    memory.hand_over(first.psum, multiply(first, sizes, inputs[first.ifmap.name], inputs[first.weight.name]))
    memory.run(kernel.edge or kernel.row, values)
    handed = memory.arrays[second.ifmap.name]
    memory.hand_over(second.psum, multiply(second, sizes, handed, inputs[second.weight.name]))
    memory.run(kernel.merge, values)
    memory.run(kernel.finish, values)
    return {operand.name: memory.arrays[operand.name] for operand in kernel.finish.outputs}
