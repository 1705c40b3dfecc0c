"""Rotary position embedding: pairs of elements turned by an angle that grows with the token's position."""

from __future__ import annotations

from math import prod
from typing import Annotated

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, UnitAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, CodeBlock, Instruction, Loop, LoopNest, LoopRoles, Operand, VectorProgram, affine
from simdc.errors import SimdcError
from simdc.ir.base import TENSOR, LayerOp, shape_of, width_bits
from simdc.ir.builder import ModuleBuilder
from simdc.ir.context import layer_error
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.options import AboveZero, Flag, Positive

ROLES = LoopRoles(channels=(), batch=("h",), image=())
TURN = (
    Instruction("mul", "kept", ("x", "cos")),
    Instruction("mul", "turned", ("x_high", "sin")),
    Instruction("sub", "y0", ("kept", "turned")),
    Instruction("mul", "kept_high", ("x_high", "cos")),
    Instruction("mul", "turned_high", ("x", "sin")),
    Instruction("add", "y1", ("kept_high", "turned_high")),
)
BACK = (*TURN[:2], TURN[2]._replace(opcode="add"), *TURN[3:5], TURN[5]._replace(opcode="sub"))


@irdl_op_definition
class RopeOp(LayerOp):
    """`y[p] = x[p] * cos[t, p] - x[q] * sin[t, p]` and `y[q] = x[q] * cos[t, p] + x[p] * sin[t, p]`: input
    [..., t, d], cos and sin [t, rotary / 2] or, where positions differ, [n, t, rotary / 2].

    Of the first `rotary` elements of a token q is the one half of them behind p; with `interleaved` p and q are
    neighbours, 0 and 1, 2 and 3. The others are copied. With `tokens_first` the input is [..., t, heads, d]. With
    `inverse` sines change their sign: that turns back, and is
    the gradient. `base` tells of what the tables were made and nothing else.

    Both elements of a pair are read where they lie, in one pass, by the lane of their token, or of their head where
    there are more of these.
    """

    name = "simdc.rope"

    input = operand_def(TENSOR)
    cos = operand_def(TENSOR)
    sin = operand_def(TENSOR)
    rotary = prop_def(IntegerAttr.constr(i64))
    base = prop_def(FloatAttr.constr(f64), default_value=FloatAttr(10000.0, f64))
    interleaved = opt_prop_def(UnitAttr)
    inverse = opt_prop_def(UnitAttr)
    tokens_first = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape, rotary = shape_of(self.input), self.rotary.value.data
        if len(shape) < (2 if self.tokens_first is None else 3):
            raise VerifyException(f"turns [..., tokens, features], got shape {list(shape)}")
        if rotary % 2 or not 2 <= rotary <= shape[-1]:
            raise VerifyException(f"turns pairs of at most {shape[-1]} features, got rotary {rotary}")
        if self.interleaved is not None and shape[-1] % 2:
            raise VerifyException(f"neighbours of {shape[-1]} features make no pairs")
        table = (self.bounds["t"], rotary // 2)
        for value in (self.cos, self.sin):
            if shape_of(value) not in (table, (shape[0], *table)):
                raise VerifyException(f"expected tables of shape {list(table)}, got {list(shape_of(value))}")
        if shape_of(self.cos) != shape_of(self.sin):
            raise VerifyException(f"cos has shape {list(shape_of(self.cos))}, sin {list(shape_of(self.sin))}")
        return shape

    @property
    def bounds(self) -> dict[str, int]:
        """Images apart where their positions are, else with the heads."""
        *outer, tokens, _ = shape_of(self.input)
        if self.tokens_first is not None:
            *before, first = outer
            return {"n": prod(before), "t": first, "h": tokens}
        if len(shape_of(self.cos)) == 3:
            return {"n": outer[0], "h": prod(outer[1:]), "t": tokens}
        return {"h": prod(outer), "t": tokens}

    def kernel(self) -> VectorProgram:
        pairs, bounds = self.rotary.value.data // 2, self.bounds
        code = TURN if self.inverse is None else BACK
        lanes = max(("t", "h"), key=lambda name: bounds[name])
        loops = {**bounds, "p": pairs}
        inputs = (self._whole("x", self.input, self._first), self._whole("x_high", self.input, self._second))
        tables = (self._table("cos", self.cos), self._table("sin", self.sin))
        outputs = (self._whole("y0", self.result, self._first), self._whole("y1", self.result, self._second))
        nests = [_nest(loops, (*inputs, *tables), outputs, code)]
        rest = shape_of(self.input)[-1] - 2 * pairs
        if rest:
            index = (affine("r", constant=2 * pairs),)
            if self.interleaved is not None:
                index = (affine("r", constant=pairs), affine("e"))
            copied = {**bounds, "r": rest} if len(index) == 1 else {**bounds, "r": rest // 2, "e": 2}
            source, target = self._whole("x_rest", self.input, index), self._whole("y2", self.result, index)
            nests.append(_nest(copied, (source,), (target,), (Instruction("move", "y2", ("x_rest",)),)))
        return VectorProgram("rope", tuple(nests), lanes, ROLES)

    @property
    def _first(self) -> tuple[Affine, ...]:
        return (affine("p"),) if self.interleaved is None else (affine("p"), affine())

    @property
    def _second(self) -> tuple[Affine, ...]:
        half = self.rotary.value.data // 2
        return (affine("p", constant=half),) if self.interleaved is None else (affine("p"), affine(constant=1))

    def _whole(self, name: str, value: SSAValue, index: tuple[Affine, ...]) -> Operand:
        """All of a tensor; neighbours have a dimension of their own, so that a pass over one does not count both."""
        bounds, features = self.bounds, shape_of(self.input)[-1]
        inner = (features,) if self.interleaved is None else (features // 2, 2)
        return Operand(name, width_bits(value), (*bounds.values(), *inner), (*map(affine, bounds), *index))

    def _table(self, name: str, value: SSAValue) -> Operand:
        names = ("n", "t", "p") if len(shape_of(value)) == 3 else ("t", "p")
        return Operand(name, width_bits(value), shape_of(value), tuple(map(affine, names)))


def _nest(
    bounds: dict[str, int], inputs: tuple[Operand, ...], outputs: tuple[Operand, ...], code: tuple[Instruction, ...]
) -> LoopNest:
    loops = tuple(Loop(*each) for each in bounds.items())
    return LoopNest(loops, inputs, outputs, (CodeBlock(tuple(bounds), code),))


@rule_for(RopeOp)
def rope_gradient(op: RopeOp, back: Backward) -> None:
    """Turned back by the same angle. The tables are constants."""
    if back.needs(op.cos) or back.needs(op.sin):
        error: SimdcError = layer_error(op, "has no gradient for its tables, which must not depend on what is trained")
        raise error
    name, upstream = f"{op.layer.data}.grad_input", back.upstream(op.result)
    fields = {"rotary": op.rotary, "base": op.base, "interleaved": op.interleaved, "tokens_first": op.tokens_first}
    give_input(back, op.input, RopeOp(name, upstream, op.cos, op.sin, inverse=op.inverse is None, **fields))


@layer
def rope(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    rotary: Annotated[Positive | None, "features that are turned, the first ones; all if left out"] = None,
    interleaved: Annotated[Flag, "whether a pair are neighbours, else half of the features lie between"] = False,
    base: Annotated[AboveZero, "the angle of pair p at token t is `t / base^(2p / rotary)`"] = 10000.0,
) -> SSAValue:
    """Rotary position embedding of `[..., tokens, features]`."""
    *_, tokens, features = shape_of(x)
    turned = features if rotary is None else rotary
    if turned % 2 or turned > features:
        raise LayerError(f"rotary must be even and at most {features}, got {turned}", "rotary")
    cos, sin = (net.fixed(name, role, (tokens, turned // 2)) for role in ("cos", "sin"))
    return net.append(RopeOp(name, x, cos, sin, rotary=turned, interleaved=interleaved, base=base), name)
