"""A program from another compiler's IR: loops, index maps and a body, which is what `linalg.generic` is."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, opt_prop_def, prop_def, var_operand_def, var_result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, LoopRoles, Operand, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, shape_of, tensor_type, width_bits
from simdc.ir.elements import SINGLE
from simdc.ir.nest_merging import merged_nest
from simdc.ir.nest_text import Access, Nest, check_access, check_result, code_text, nest_text, parse_code, parse_nest

ROLES = LoopRoles(channels=(), batch=(), image=())
"""Nobody says what the loops are: none is rounded up."""


@irdl_op_definition
class ProgramOp(LayerOp):
    """`code` for each point of a nest, on the SIMD array. `nest` says which loops there are and how they index the
    inputs `x0`, `x1`, ... and the results `y0`, `y1`, ... (`ir/nest_text.py`).

    What loops move no result gather into it: `start` says what it holds before the first of them, `finish` what is done
    behind the last. Loops that every operand has side by side run as one.
    """

    name = "simdc.program"

    inputs = var_operand_def(TENSOR)
    nest = prop_def(StringAttr)
    code = prop_def(StringAttr)
    start = opt_prop_def(StringAttr)
    finish = opt_prop_def(StringAttr)
    outputs = var_result_def(TENSOR)

    @classmethod
    def make(
        cls,
        layer: str,
        inputs: Sequence[SSAValue],
        nest: Nest,
        shapes: Sequence[tuple[int, ...]],
        code: Sequence[Instruction],
        start: Sequence[Instruction] = (),
        finish: Sequence[Instruction] = (),
    ) -> ProgramOp:
        """`shapes` are those of the results. Raises VerifyException if these do not go together."""
        properties = {"layer": layer, "nest": nest_text(nest), "code": code_text(code)}
        properties |= {name: code_text(part) for name, part in (("start", start), ("finish", finish)) if part}
        element = tensor_type(inputs[0]).element_type
        op = cls.create(
            operands=list(inputs),
            result_types=[make_tensor_type(element, shape) for shape in shapes],
            properties={name: StringAttr(text) for name, text in properties.items()},
        )
        try:
            op.result_shapes()
        except VerifyException:
            op.drop_all_references()
            raise
        return op

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        nest = parse_nest(self.nest.data)
        if not self.results:
            raise VerifyException("has no result")
        for what, values, accesses in (("input", self.inputs, nest.inputs), ("result", self.outputs, nest.results)):
            if len(values) != len(accesses):
                raise VerifyException(f"'nest' indexes {len(accesses)} {what}s, there are {len(values)}")
            for number, (value, access) in enumerate(zip(values, accesses, strict=True)):
                check_access(access, prod(shape_of(value)), f"{what} {number}")
        for access in nest.results:
            check_result(access, nest)
        parse_code(self.code.data)
        return tuple(shape_of(value) for value in self.outputs)

    def kernel(self) -> VectorProgram:
        nest = merged_nest(parse_nest(self.nest.data))
        return program_of(
            nest,
            [width_bits(value) for value in (*self.inputs, *self.outputs)],
            parse_code(self.code.data),
            () if self.start is None else parse_code(self.start.data),
            () if self.finish is None else parse_code(self.finish.data),
        )


def program_of(
    nest: Nest,
    bits: Sequence[int],
    code: tuple[Instruction, ...],
    start: tuple[Instruction, ...] = (),
    finish: tuple[Instruction, ...] = (),
) -> VectorProgram:
    """The program of a nest; `bits` are the widths of inputs and results. Numbers that `start` moves to results are
    what these hold at first, which takes no time."""
    nest = _with_lanes(nest)
    names = [*(f"x{number}" for number in range(len(nest.inputs))), *(f"y{n}" for n in range(len(nest.results)))]
    operands = [
        Operand(name, width, access.shape, access.index)
        for name, width, access in zip(names, bits, (*nest.inputs, *nest.results), strict=True)
    ]
    inputs, results = tuple(operands[: len(nest.inputs)]), tuple(operands[len(nest.inputs) :])
    summed = set(nest.summed)
    order = tuple(sorted(nest.loops, key=lambda loop: loop.name in summed))
    every = tuple(loop.name for loop in order)
    kept = tuple(loop for loop in every if loop not in summed)
    plain = [step for step in start if step.opcode == "move" and not isinstance(step.sources[0], str)]
    initial = tuple((step.dest, float(step.sources[0])) for step in plain)
    begin = tuple(step for step in start if step not in plain)
    blocks = [CodeBlock(kept, begin, at="start")] if begin else []
    blocks.append(CodeBlock(every, code))
    if finish:
        blocks.append(CodeBlock(kept, finish))
    read = {source for block in blocks for step in block.instructions for source in step.sources}
    loaded = tuple(operand for operand in inputs if operand.name in read)
    body = LoopNest(order, loaded, results, tuple(blocks), initial=initial)
    return VectorProgram("program", (body,), lanes=_lanes(nest), roles=ROLES)


def _with_lanes(nest: Nest) -> Nest:
    """With a loop that runs once for the one lane that works, where no other can lie across the lanes."""
    if _choices(nest):
        return nest
    results = tuple(Access((*r.shape, 1), (*r.index, affine(SINGLE))) for r in nest.results)
    return Nest((*nest.loops, Loop(SINGLE, 1)), nest.inputs, results)


def _choices(nest: Nest) -> list[Loop]:
    """Loops that may lie across the lanes: those that move each result, and each operand by whole steps from its first
    position on, since lanes do not see each other."""
    operands = (*nest.inputs, *nest.results)
    indices = [expression for each in operands for expression in each.index]
    bent = {loop for each in indices for loop, _ in each.terms if each != affine(loop)}
    everywhere = set(nest.results[0].loops).intersection(*(set(each.loops) for each in nest.results))
    return [loop for loop in nest.loops if loop.name in everywhere - bent]


def _lanes(nest: Nest) -> str:
    """The longest loop that moves every operand; else the longest there is: a value that it does not move is there for
    all lanes."""
    choices = _choices(nest)
    operands = (*nest.inputs, *nest.results)
    everywhere = [loop for loop in choices if all(loop.name in each.loops for each in operands)]
    return max(everywhere or choices, key=lambda loop: loop.bound).name
