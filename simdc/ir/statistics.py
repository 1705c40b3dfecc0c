"""Normalization by mean and deviation: what batch norm takes over a channel, instance norm over a plane.

With N elements, `inv_std = 1 / sqrt(mean of squares - mean^2 + epsilon)`: of 1, 2, 3 the mean is 2, the mean of squares
14/3, the variance 2/3.
"""

from __future__ import annotations

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand
from simdc.named import NamedTuple

EPSILON = 1e-5
CENTERED = (
    Instruction("sub", "centered", ("x", "mean")),
    Instruction("mul", "normal", ("centered", "inv_std")),
)
NORMALIZE = (
    *CENTERED,
    Instruction("mul", "scaled", ("normal", "scale")),
    Instruction("add", "y", ("scaled", "shift")),
)
"""From x, its statistics, a scale and a shift to y."""


ADD_UP = (
    Instruction("add", "sum", ("sum", "x")),
    Instruction("mul", "square", ("x", "x")),
    Instruction("add", "squares", ("squares", "square")),
)


def moments_of(size: float, epsilon: float) -> tuple[Instruction, ...]:
    """`mean` and `inv_std` of what `ADD_UP` added up of `size` elements."""
    return (
        Instruction("div", "mean", ("sum", size)),
        Instruction("mul", "mean_square", ("mean", "mean")),
        Instruction("div", "square_mean", ("squares", size)),
        Instruction("sub", "variance", ("square_mean", "mean_square")),
        Instruction("add", "shifted", ("variance", epsilon)),
        Instruction("inv_sqrt", "inv_std", ("shifted",)),
    )


class Groups(NamedTuple):
    """Loops over all elements; `ends` are those that stay where a group's `size` elements are added up."""

    loops: tuple[Loop, ...]
    ends: tuple[str, ...]
    size: float

    @property
    def every(self) -> tuple[str, ...]:
        return tuple(loop.name for loop in self.loops)

    def moments(self, x: Operand, mean: Operand, inv_std: Operand, bits: int, epsilon: float) -> LoopNest:
        """The statistics of each group, in one pass over `x`; sums have `bits`."""
        return LoopNest(
            self.loops,
            (x,),
            (mean, inv_std),
            (CodeBlock(self.every, ADD_UP), CodeBlock(self.ends, moments_of(self.size, epsilon))),
            scratch=tuple(mean._replace(name=name, bits=bits) for name in ("sum", "squares")),
            initial=(("sum", 0.0), ("squares", 0.0)),
        )

    def input_gradient(
        self,
        inputs: tuple[Operand, Operand, Operand, Operand],
        weighted: Operand,
        total: Operand,
        y: Operand,
        bits: int,
    ) -> LoopNest:
        """`y = scale * inv_std / N * (N * gradient - total - normal * weighted)` from gradient, normal, inv_std and
        scale, where `weighted` is each group's sum of gradient * normal and `total` that of the gradient."""
        begin = (
            Instruction("mul", "spread", ("scale", "inv_std")),
            Instruction("div", "factor", ("spread", self.size)),
        )
        balance = (
            Instruction("mul", "all", ("gradient", self.size)),
            Instruction("mul", "along", ("normal", weighted.name)),
            Instruction("sub", "rest", ("all", "along")),
            Instruction("sub", "balanced", ("rest", total.name)),
            Instruction("mul", "y", ("balanced", "factor")),
        )
        return LoopNest(
            self.loops,
            (*inputs, weighted, total),
            (y,),
            (CodeBlock(self.ends, begin, at="start"), CodeBlock(self.every, balance)),
            scratch=(weighted._replace(name="factor", bits=bits),),
        )
