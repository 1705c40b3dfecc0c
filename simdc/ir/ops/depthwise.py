"""Depthwise convolutions as vector programs: each channel has a window of its own, so channels lie on the lanes.

On the systolic array each group of channels has the array for itself: one of its rows and a few of its columns work. A
3x3 window over 64 channels of 8x8 pixels is 36,864 products. On 16 lanes these are 2,304 multiply-accumulates; on an
array of 16 x 16 they are 64 groups x 9 x 64 steps, 36,864.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from xdsl.ir import SSAValue

from simdc.cost.kernel import Affine, CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.ir.attributes import Unit
from simdc.ir.base import shape_of, width_bits
from simdc.ir.form import Form
from simdc.ir.window import Geometry, along, window_index
from simdc.named import NamedTuple


class Depthwise(NamedTuple):
    """The window of a depthwise convolution: `image` [n, c, h, w], `weight` [c*m, 1, kh, kw] and `positions`
    [n, c*m, oh, ow], for the convolution itself or a gradient of it; m is the channel multiplier."""

    image: SSAValue
    weight: SSAValue
    positions: SSAValue
    geometry: Geometry

    def bounds(self) -> dict[str, int]:
        """Loop `m` runs over the channels that are made of one; it is there if they are several."""
        n, channels, *_ = shape_of(self.image)
        _, made, *positions = shape_of(self.positions)
        multiplied = {"m": made // channels} if made > channels else {}
        slid = dict(zip((*self.places, *self.taps), (*positions, *shape_of(self.weight)[2:]), strict=True))
        return {"c": channels, **multiplied, "n": n, **slid}

    @property
    def spatial(self) -> int:
        return len(self.geometry.stride)

    @property
    def places(self) -> tuple[str, ...]:
        """The loops over the windows' positions."""
        return along("o", self.spatial)

    @property
    def taps(self) -> tuple[str, ...]:
        """The loops through the window."""
        return along("k", self.spatial)

    def image_operand(self, name: str) -> Operand:
        index = (affine("n"), affine("c"), *window_index(*self.geometry))
        return Operand(name, width_bits(self.image), shape_of(self.image), index)

    def weight_operand(self, name: str) -> Operand:
        return self._split(name, self.weight, (), shape_of(self.weight)[1:], (affine(), *map(affine, self.taps)))

    def position_operand(self, name: str, bits: int | None = None) -> Operand:
        n, _, *positions = shape_of(self.positions)
        found = self._split(name, self.positions, (n,), tuple(positions), tuple(map(affine, self.places)))
        return found if bits is None else found._replace(bits=bits)

    def channel_operand(self, name: str, value: SSAValue) -> Operand:
        """One element for each channel that is made."""
        return self._split(name, value, (), (), ())

    def _split(
        self, name: str, value: SSAValue, before: tuple[int, ...], after: tuple[int, ...], index: tuple[Affine, ...]
    ) -> Operand:
        """A tensor whose channels c*m are a dimension for each of the two loops."""
        bounds = self.bounds()
        loops = [loop for loop in ("c", "m") if loop in bounds]
        channels = (affine("n"), *map(affine, loops)) if before else tuple(map(affine, loops))
        shape = (*before, *(bounds[loop] for loop in loops), *after)
        return Operand(name, width_bits(value), shape, (*channels, *index))


def lanes_form(
    groups: int, window: Callable[[], Depthwise], program: Callable[[Depthwise, int], VectorProgram]
) -> dict[str, Form]:
    """The form on the lanes of a layer with a group for each channel of its image; of any other there is none."""
    # Asked several times of each convolution, most of which have one group.
    if groups == 1:
        return {}
    conv = window()
    return {"lanes": Form(Unit.SIMD, partial(program, conv))} if shape_of(conv.weight)[1] == 1 else {}


def forward_program(conv: Depthwise, sum_bits: int, bias: SSAValue | None = None) -> VectorProgram:
    """`y[n, c, oh, ow] = bias[c] + sum over kh, kw of weight[c, kh, kw] * x[n, c, s*oh + d*kh - p, s*ow + d*kw - p]`.

    The sum is `sum_bits` wide until it is complete: y is as narrow as its readers want it.
    """
    bounds = conv.bounds()
    x, weight, y = conv.image_operand("x"), conv.weight_operand("weight"), conv.position_operand("y")
    finish = Instruction("move", "y", ("sum",)) if bias is None else Instruction("add", "y", ("sum", "bias"))
    offsets = () if bias is None else (conv.channel_operand("bias", bias),)
    kind = f"depthwise_conv{conv.spatial}d"
    return _summed(kind, bounds, (x, weight, *offsets), y, sum_bits, ("x", "weight"), finish)


def weight_grad_program(conv: Depthwise, sum_bits: int) -> VectorProgram:
    """`y[c, kh, kw] = sum over n, oh, ow of gradient[n, c, oh, ow] * x[n, c, s*oh + d*kh - p, s*ow + d*kw - p]`.

    The window's loops stand outside: its few sums stay in vector memory while the image passes.
    """
    bounds = conv.bounds()
    outside = [loop for loop in ("c", "m", *conv.taps) if loop in bounds]
    kept = {loop: bounds[loop] for loop in (*outside, "n", *conv.places)}
    x, gradient, y = conv.image_operand("x"), conv.position_operand("gradient"), conv.weight_operand("y")
    finish = Instruction("move", "y", ("sum",))
    return _summed("depthwise_weight_grad", kept, (x, gradient), y, sum_bits, ("x", "gradient"), finish)


def _summed(
    kind: str,
    bounds: Mapping[str, int],
    inputs: tuple[Operand, ...],
    result: Operand,
    sum_bits: int,
    factors: tuple[str, str],
    finish: Instruction,
) -> VectorProgram:
    """Products of two inputs, summed over the loops that do not move the result; `finish` makes the result of a sum."""
    every = tuple(bounds)
    ends = tuple(loop for loop in every if loop in result.loops)
    accumulate = CodeBlock(every, (Instruction("mac", "sum", ("sum", *factors)),))
    nest = LoopNest(
        tuple(Loop(name, bound) for name, bound in bounds.items()),
        inputs,
        (result,),
        (accumulate, CodeBlock(ends, (finish,))),
        scratch=(result._replace(name="sum", bits=sum_bits),),
        initial=(("sum", 0.0),),
    )
    return VectorProgram(kind, (nest,))


def input_grad_program(conv: Depthwise, _sum_bits: int) -> VectorProgram:
    """`dx[n, c, s*oh + d*kh - p, s*ow + d*kw - p] += weight[c, kh, kw] * gradient[n, c, oh, ow]`: the loops are those
    of the convolution, so that strides multiply with no zeros. Windows overlap: sums are in the result, at its
    width."""
    bounds = conv.bounds()
    code = (Instruction("mac", "dx", ("dx", "weight", "gradient")),)
    nest = LoopNest(
        tuple(Loop(name, bound) for name, bound in bounds.items()),
        (conv.weight_operand("weight"), conv.position_operand("gradient")),
        (conv.image_operand("dx"),),
        (CodeBlock(tuple(bounds), code),),
        initial=(("dx", 0.0),),
    )
    return VectorProgram("depthwise_input_grad", (nest,))
