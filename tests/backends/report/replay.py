"""Layers rebuilt from the JSON report alone, as a reader without simdc's front end would."""

from __future__ import annotations

import re
from typing import Any

from simdc.cost import (
    Affine,
    CodeBlock,
    Contraction,
    Instruction,
    Kernel,
    Loop,
    LoopNest,
    Operand,
    Tiling,
    VectorProgram,
)

Data = dict[str, Any]


def index_of(text: str) -> Affine:
    """`2*oh + kh - 3`"""
    *sum_, sign, number = re.fullmatch(r"(.*?)(?: ([+-]) (\d+))?", text).groups()  # type: ignore[union-attr]
    terms = [] if sum_[0] == "0" else [term.rpartition("*") for term in sum_[0].split(" + ")]
    constant = 0 if number is None else int(sign + number)
    return Affine(tuple((loop, int(step or 1)) for step, _, loop in terms), constant)


def operand_of(data: Data, name: str | None = None) -> Operand:
    return Operand(
        name or data["name"], data["bits"], tuple(data["shape"]), tuple(index_of(text) for text in data["index"])
    )


def kernel_of(layer: Data) -> Kernel:
    operands = {data["name"]: operand_of(data) for data in layer["operands"]}
    if layer["unit"] == "simd":
        return program_of(layer, operands)
    return Contraction(
        layer["op"],
        tuple(Loop(name, bound) for name, bound in layer["dims"].items()),
        operands["ifmap"],
        operands["weight"],
        operands["psum"],
        # A result that leaves as wide as its partial sums is not listed twice.
        ofmap_bits=operands.get("ofmap", operands["psum"]).bits,
        bias=operands.get("bias"),
    )


def moved(one: Any, operands: dict[str, Operand]) -> Operand:
    """By name, or as this nest alone indexes it."""
    return operands[one] if isinstance(one, str) else operand_of(one)


def program_of(layer: Data, operands: dict[str, Operand]) -> VectorProgram:
    phases = tuple(
        LoopNest(
            loops=tuple(Loop(name, layer["dims"][name]) for name in phase["loops"]),
            inputs=tuple(moved(one, operands) for one in phase["inputs"]),
            outputs=tuple(moved(one, operands) for one in phase["outputs"]),
            blocks=tuple(
                CodeBlock(
                    tuple(block["loops"]),
                    tuple(Instruction(code[0], code[1], tuple(code[2:])) for code in block["instructions"]),
                    block["at"],
                )
                for block in phase["blocks"]
            ),
            scratch=tuple(operand_of(data) for data in phase["scratch"]),
            initial=tuple((name, float(value)) for name, value in phase["initial"].items()),
            views=tuple(operand_of(data) for data in phase["views"]),
            whole=tuple(phase.get("whole", ())),
        )
        for phase in layer["program"]
    )
    return VectorProgram(layer["op"], phases, layer["lanes"])


def tiling_of(layer: Data) -> Tiling:
    order = tuple(layer["tiling"]["order"])
    return Tiling(order, tuple(layer["tiling"]["tile"][loop] for loop in order))
