"""Pooling and its gradients: a window slides over each channel, and one loop nest goes through all windows.

A gradient has the loops of the forward layer: each window hands its gradient back to the positions that it covers.
With windows of 3 and stride 2, input row 2 belongs to the windows of output rows 0 and 1 and receives from both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from xdsl.dialects.builtin import DenseArrayBase, UnitAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, CodeBlock, Loop, LoopNest, Operand, VectorProgram, affine

from .base import TENSOR, GradientOp, LayerOp, operand, shape_of
from .fields import Value
from .window import NUMBERS, ONES, ZEROS, Geometry, Stretch, along, image_shape, window_index, window_output


class WindowOp(LayerOp):
    """A window of `kernel_size`; `padding` is top, left, bottom, right. With `ceil_mode` a last window may reach beyond
    the padded image, if it begins before its padding ends there. `SPATIAL` is the number of dimensions that it moves
    along, three in a volume, where planes stand before rows."""

    SPATIAL: ClassVar[int] = 2

    kernel_size = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    ceil_mode = opt_prop_def(UnitAttr)

    @property
    def geometry(self) -> Geometry:
        return Geometry(self.stride.get_values(), self.padding.get_values(), self.dilation.get_values())

    @property
    def places(self) -> tuple[str, ...]:
        """Loops over what each window gives, outermost first."""
        return ("c", "n", *along("o", self.SPATIAL))

    @property
    def window_places(self) -> tuple[str, ...]:
        """The same and those through the window."""
        return (*self.places, *along("k", self.SPATIAL))

    def positions(self, size: Sequence[int]) -> tuple[int, ...]:
        """Rows and columns of windows over an image of `size`. Raises VerifyException."""
        kernel = self.kernel_size.get_values()
        if len(kernel) != self.SPATIAL or min(kernel) < 1:
            raise VerifyException(f"the window must have {NUMBERS[self.SPATIAL]} positive sizes, got {list(kernel)}")
        return window_output(size, kernel, *self.geometry, ceil=self.ceil_mode is not None)


class PoolOp(WindowOp):
    """A window at each output position: input [n, c, h, w], of a volume [n, c, d, h, w]."""

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        n, channels, *size = image_shape(self.input, self.SPATIAL)
        return (n, channels, *self.positions(size))

    def window_nest(
        self, blocks: Sequence[CodeBlock], initial: float, sides: Sequence[Stretch], *, sums: bool = False
    ) -> LoopNest:
        """The nest of the windows in a stretch of rows and one of columns: operands x (windows) and y, and with `sums`
        a scratch accumulator `sum`, else y accumulates. What accumulates begins as `initial`."""
        n, channels, *_ = shape_of(self.result)
        read = window_index(*self.geometry)
        made = [affine(stretch.loop, constant=stretch.first) for stretch in sides]
        seen = [_begun_at(*each) for each in zip(read, sides, self.stride.get_values(), strict=True)]
        bounds = {"c": channels, "n": n, **{stretch.loop: stretch.length for stretch in sides}}
        bounds |= dict(zip(along("k", self.SPATIAL), self.kernel_size.get_values(), strict=True))
        index = ("n", "c", *made)
        scratch = (operand("sum", self.result, index, self.accumulator_bits),) if sums else ()
        return LoopNest(
            tuple(Loop(name, bound) for name, bound in bounds.items()),
            (operand("x", self.input, ("n", "c", *seen)),),
            (operand("y", self.result, index),),
            tuple(blocks),
            scratch,
            (("sum" if sums else "y", initial),),
        )


def _begun_at(expression: Affine, stretch: Stretch, stride: int) -> Affine:
    """The window's index over the positions of `stretch` alone."""
    (_, step), window = expression.terms
    return affine((stretch.loop, step), window, constant=expression.constant + stretch.first * stride)


class PoolGradOp(WindowOp, GradientOp):
    """Window of the forward layer, and `size`, the height and width of its input."""

    gradient = operand_def(TENSOR)
    size = prop_def(DenseArrayBase.constr(i64))

    @classmethod
    def of(cls, layer: str, forward: LayerOp, gradient: SSAValue, **fields: Value) -> Self:
        return super().of(layer, forward, gradient, size=shape_of(forward.operands[0])[2:], **fields)

    def result_shape(self) -> tuple[int, ...]:
        n, channels, *positions = image_shape(self.gradient, self.SPATIAL)
        size = self.size.get_values()
        found = self.positions(size)
        if found != tuple(positions):
            raise VerifyException(f"the gradient has {positions} positions, the window {list(found)}")
        return (n, channels, *size)

    def scatter_program(
        self,
        kind: str,
        blocks: tuple[CodeBlock, ...],
        inputs: tuple[tuple[str, SSAValue], ...],
        scratch: tuple[Operand, ...] = (),
    ) -> VectorProgram:
        """Operands `gradient`, those of `inputs` (x: the forward input, read by window; y: its result) and `dx`."""
        n, channels, *sizes = shape_of(self.gradient)
        sizes = (channels, n, *sizes, *self.kernel_size.get_values())
        windows = ("n", "c", *window_index(*self.geometry))
        positions = ("n", "c", *along("o", self.SPATIAL))
        loaded = [operand(name, value, windows if name == "x" else positions) for name, value in inputs]
        nest = LoopNest(
            tuple(map(Loop, self.window_places, sizes)),
            (*loaded, operand("gradient", self.gradient, positions)),
            (operand("dx", self.results[0], windows),),
            blocks,
            scratch,
            initial=(("dx", 0.0),),
        )
        return VectorProgram(kind, (nest,))
