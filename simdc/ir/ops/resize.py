"""Images of another size: nearest neighbour and bilinear, by any factor, and their gradients.

Access maps are affine, so an axis is cut into runs of positions that read alike (`sampling.py`): up-sampling by two has
one run for even rows, one for odd rows, and single rows where the border bends the window. A nest computes the points
of one run of rows and one of columns. Where that would be many nests, or many taps, rows are resized first, through
DRAM, then columns. Nearest neighbour by a whole factor needs no cutting: one loop over the input, one over its copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

from xdsl.dialects.builtin import DenseArrayBase, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, VectorProgram, affine
from simdc.ir.base import TENSOR, GradientOp, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.fields import Value
from simdc.ir.layers import image, layer
from simdc.ir.options import Pair, one_of
from simdc.ir.resampling import resample
from simdc.ir.sampling import COORDINATES, MODES, ROUNDINGS, Row, Sampling, period, rows, runs, transposed, whole_factor
from simdc.ir.window import image_shape

NEAREST, HALF_PIXEL, PREFER_FLOOR = (StringAttr(word) for word in ("nearest", "half_pixel", "round_prefer_floor"))
MOST_POSITIONS = 1 << 16
COPIES = ("c", "n", "h", "w", "rh", "rw")


class ResamplingOp(LayerOp):
    """`size` is the height and width of the result. `mode` is nearest or linear; `coordinates` say where a position of
    the larger or smaller image lies in the other; `rounding` is what nearest does between two positions. Words and
    defaults are those of ONNX. Channels lie across the lanes."""

    size = prop_def(DenseArrayBase.constr(i64))
    mode = prop_def(StringAttr, default_value=NEAREST)
    coordinates = prop_def(StringAttr, default_value=HALF_PIXEL)
    rounding = prop_def(StringAttr, default_value=PREFER_FLOOR)

    def result_shape(self) -> tuple[int, ...]:
        return _resized(self.operands[0], self.size.get_values())

    @property
    def sampling(self) -> Sampling:
        """Raises VerifyException for a word that is unknown."""
        found = Sampling(self.mode.data, self.coordinates.data, self.rounding.data)
        for what, word, known in zip(found._fields, found, (MODES, COORDINATES, ROUNDINGS), strict=True):
            if word not in known:
                raise VerifyException(f"{what} must be one of {', '.join(known)}, got '{word}'")
        return found

    def factor_program(
        self, kind: str, name: str, factors: Sequence[int], sizes: Sequence[int], code: Instruction
    ) -> VectorProgram:
        """`code` at each of the `sizes` positions of the small image for each of its copies in the large one; `name` is
        what it calls the operand."""
        n, channels = shape_of(self.operands[0])[:2]
        bounds = dict(zip(COPIES, (channels, n, *sizes, *factors), strict=True))
        small = ("n", "c", "h", "w")
        large = ("n", "c", affine(("h", factors[0]), "rh"), affine(("w", factors[1]), "rw"))
        up = code.opcode == "move"
        nest = LoopNest(
            tuple(Loop(loop, bound) for loop, bound in bounds.items()),
            (operand(name, self.operands[0], small if up else large),),
            (operand("y", self.results[0], large if up else small),),
            (CodeBlock(COPIES, (code,)),),
            initial=() if up else (("y", 0.0),),
        )
        return VectorProgram(kind, (nest,))


@irdl_op_definition
class ResizeGradOp(ResamplingOp, GradientOp):
    """Each element of an image of `size` receives the gradients of the elements that were read from it, times their
    weights."""

    name = "simdc.resize_grad"

    gradient = operand_def(TENSOR)
    result = result_def(TENSOR)

    @classmethod
    def of(cls, layer: str, forward: LayerOp, gradient: SSAValue, **fields: Value) -> Self:
        return super().of(layer, forward, gradient, size=shape_of(forward.operands[0])[2:], **fields)

    def kernel(self) -> VectorProgram:
        size, out = self.size.get_values(), shape_of(self.gradient)[2:]
        forward = [rows(self.sampling, count, made) for count, made in zip(size, out, strict=True)]
        factors = [whole_factor(axis, count) for axis, count in zip(forward, size, strict=True)]
        if all(factors):
            code = Instruction("add", "y", ("y", "gradient"))
            return self.factor_program("resize_grad", "gradient", factors, size, code)
        every = [period(self.sampling, count, made) for count, made in zip(size, out, strict=True)]
        cut = [
            runs(transposed(axis, count), steps[1], steps[0])
            for axis, count, steps in zip(forward, size, every, strict=True)
        ]
        return resample("resize_grad", "gradient", self.gradient, self.result, cut, self.accumulator_bits)


@irdl_op_definition
class ResizeOp(ResamplingOp):
    """Input [n, c, h, w] to [n, c, *size]."""

    name = "simdc.resize"
    GRADIENT: ClassVar = ResizeGradOp

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = super().result_shape()
        self.axes()
        return shape

    def axes(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """What each row and each column of the result reads."""
        (height, width), (oh, ow) = shape_of(self.input)[2:], self.size.get_values()
        return rows(self.sampling, height, oh), rows(self.sampling, width, ow)

    def kernel(self) -> VectorProgram:
        size, out, axes = shape_of(self.input)[2:], self.size.get_values(), self.axes()
        factors = [whole_factor(axis, count) for axis, count in zip(axes, size, strict=True)]
        if all(factors):
            return self.factor_program("resize", "x", factors, size, Instruction("move", "y", ("x",)))
        every = [period(self.sampling, count, made) for count, made in zip(size, out, strict=True)]
        cut = [runs(axis, *steps) for axis, steps in zip(axes, every, strict=True)]
        return resample("resize", "x", self.input, self.result, cut, self.accumulator_bits)


def _resized(input: SSAValue, size: Sequence[int]) -> tuple[int, ...]:
    shape = image_shape(input)
    if len(size) != 2 or min(size) < 1:
        raise VerifyException(f"size takes a positive height and width, got {list(size)}")
    if max(*size, *shape[2:]) > MOST_POSITIONS:
        raise VerifyException(f"images of more than {MOST_POSITIONS} rows or columns cannot be resized")
    return (*shape[:2], *size)


Mode = Annotated[str, one_of(*MODES)]
Coordinates = Annotated[str, one_of(*COORDINATES)]


@layer
def resize(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    size: Pair,
    mode: Mode = "nearest",
    coordinates: Coordinates = "half_pixel",
) -> SSAValue:
    """Another height and width, by the nearest pixel or by linear interpolation."""
    op = ResizeOp(name, x, size=size, mode=mode, coordinates=coordinates)
    # A size that reads its input in too many ways is refused here, where its place is known.
    op.kernel()
    return net.append(op, name)


@layer
def upsample(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    factor: Pair = (2, 2),
    mode: Mode = "nearest",
    coordinates: Coordinates = "half_pixel",
) -> SSAValue:
    """Resizes to a multiple."""
    _, _, height, width = image(x)
    size = (height * factor[0], width * factor[1])
    return resize(net, name, x, size=size, mode=mode, coordinates=coordinates)
