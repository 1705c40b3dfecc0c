"""Gates of recurrent layers: several functions of one matrix [n, gates * h], whose columns are those of one gate after
the other. A kernel sees it as [n, gates, h] and reads each gate's columns as an operand of their own."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine

from .base import operand, shape_of, width_bits
from .elements import decay

Code = tuple[Instruction, ...]
LOOPS = ("c", "n")


def sigmoid(source: str, result: str) -> Code:
    return (*decay(source), Instruction("div", result, (1.0, "whole")))


def tanh(source: str, result: str) -> Code:
    """As the layer tanh: `1 - 2 / (exp(2x) + 1)`, cut off where nothing changes any more."""
    return (
        Instruction("min", "cut", (source, 20.0)),
        Instruction("mul", "twice", ("cut", 2.0)),
        Instruction("exp", "power", ("twice",)),
        Instruction("add", "whole", ("power", 1.0)),
        Instruction("div", "rest", (2.0, "whole")),
        Instruction("sub", result, (1.0, "rest")),
    )


def sigmoid_slope(value: str, factor: str, result: str) -> Code:
    """`factor * s * (1 - s)` of a sigmoid that is known."""
    return (
        Instruction("sub", "rest", (1.0, value)),
        Instruction("mul", "slope", (value, "rest")),
        Instruction("mul", result, (factor, "slope")),
    )


def tanh_slope(value: str, factor: str, result: str) -> Code:
    """`factor * (1 - t * t)` of a tanh that is known."""
    return (
        Instruction("mul", "square", (value, value)),
        Instruction("sub", "slope", (1.0, "square")),
        Instruction("mul", result, (factor, "slope")),
    )


def columns(name: str, value: SSAValue, gates: int) -> list[Operand]:
    """The columns of each gate, called `name` and its number."""
    n, width = shape_of(value)
    shape = (n, gates, width // gates)
    return [
        Operand(f"{name}{gate}", width_bits(value), shape, (affine("n"), affine(constant=gate), affine("c")))
        for gate in range(gates)
    ]


def state(name: str, value: SSAValue) -> Operand:
    return operand(name, value, ("n", "c"))


def gate_program(
    kind: str,
    shape: tuple[int, int],
    inputs: Sequence[Operand],
    outputs: Sequence[Operand],
    code: Code,
) -> VectorProgram:
    """`code` for each element of states of `shape`, [n, h]; lanes lie along h."""
    n, features = shape
    loops = (Loop("c", features), Loop("n", n))
    return VectorProgram(kind, (LoopNest(loops, tuple(inputs), tuple(outputs), (CodeBlock(LOOPS, code),)),))


def check_gates(gates: int, states: Sequence[SSAValue], matrices: Sequence[SSAValue]) -> tuple[int, int]:
    """The shape [n, h] of the `states`; `matrices` must have `gates` times as many columns. Raises VerifyException."""
    shapes = [shape_of(value) for value in states]
    shape = shapes[0]
    wide = [shape_of(value) for value in matrices]
    if len(shape) != 2 or set(shapes) != {shape} or set(wide) != {(shape[0], gates * shape[-1])}:
        found = ", ".join(str(list(each)) for each in (*wide, *shapes))
        raise VerifyException(f"expected matrices [n, {gates}*h] and states [n, h], got shapes {found}")
    return shape[0], shape[1]
