"""A sum of products from another compiler's IR, with loops and index maps of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod
from typing import ClassVar, Literal

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction, Instruction, Loop, Operand, VectorProgram, affine
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, UNKNOWN, FormedOp, shape_of, width_bits
from simdc.ir.form import Form
from simdc.ir.nest_merging import merged_nest
from simdc.ir.nest_text import Access, Nest, check_access, check_result, parse_nest

from .program import program_of

Side = Literal["lhs", "rhs"]


@irdl_op_definition
class ContractionOp(FormedOp):
    """`result[...] = start[...] + sum of lhs[...] * rhs[...]` over the loops that do not move the result.

    `nest` says which loops there are and how they index lhs, rhs, start if there is one, and the result
    (`ir/nest_text.py`). In `rhs_stationary` the right side stays in the array as weights do, in `lhs_stationary` the
    left. Where one side or the sum has no loop for the array, such as a depthwise convolution, it may also run on
    the `lanes`. `macs` is how many products the mathematics needs, where that is less than the loops run through.
    Along dimension d the elements of the lhs lie `apart[d]` positions from each other, zeros between them, as in a
    gradient of a convolution that strides; the dimensions `turned` of the rhs are read backwards.
    """

    name = "simdc.contraction"
    UNIT: ClassVar = Unit.SYSTOLIC
    ROLES: ClassVar = ("ifmap", "weight", "bias")

    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    start = opt_operand_def(TENSOR)
    nest = prop_def(StringAttr)
    macs = opt_prop_def(IntegerAttr.constr(i64))
    apart = opt_prop_def(DenseArrayBase.constr(i64))
    turned = opt_prop_def(DenseArrayBase.constr(i64))
    result = result_def(TENSOR)

    @property
    def stationary(self) -> Side:
        """The side that stays in the array."""
        return "lhs" if self.own_form == "lhs_stationary" else "rhs"

    def result_shape(self) -> tuple[int, ...]:
        nest = parse_nest(self.nest.data)
        if len(nest.inputs) != len(self.operands) or len(nest.results) != 1:
            raise VerifyException(f"'nest' indexes {len(nest.inputs)} operands, there are {len(self.operands)}")
        self._check_sides(nest)
        for name, value, access in zip(("rhs", "start"), self.operands[1:], nest.inputs[1:], strict=False):
            check_access(access, prod(shape_of(value)), f"the {name}")
        check_result(nest.results[0], nest)
        if not set(nest.inputs[0].loops) | set(nest.inputs[1].loops) >= set(nest.bounds):
            raise VerifyException("a loop moves neither of the sides")
        if self.start is not None and not set(nest.inputs[2].loops) <= set(nest.results[0].loops):
            raise VerifyException("a loop that is summed over moves what the sums start from")
        given = self.results[0].type
        shape = nest.results[0].shape if given is UNKNOWN else shape_of(self.result)
        check_access(nest.results[0], prod(shape), "the result")
        return shape

    def _check_sides(self, nest: Nest) -> None:
        lhs, rank = nest.inputs[0], len(shape_of(self.rhs))
        apart = self.distances
        if len(apart) != len(lhs.shape) or min(apart) < 1:
            raise VerifyException(f"'apart' takes {len(lhs.shape)} positive entries, got {list(apart)}")
        # 5 positions, 2 apart: elements at 0, 2 and 4.
        sizes = tuple((size - 1) // step + 1 for size, step in zip(lhs.shape, apart, strict=True))
        check_access(lhs._replace(shape=sizes), prod(shape_of(self.lhs)), "the lhs")
        if any(not 0 <= axis < rank for axis in self.backwards):
            raise VerifyException(f"'turned' names dimensions 0 to {rank - 1}, got {list(self.backwards)}")

    @property
    def distances(self) -> tuple[int, ...]:
        """`apart`, ones where nothing is said."""
        rank = len(parse_nest(self.nest.data).inputs[0].shape)
        return (1,) * rank if self.apart is None else self.apart.get_values()

    @property
    def backwards(self) -> tuple[int, ...]:
        """`turned`, none where nothing is said."""
        return () if self.turned is None else self.turned.get_values()

    def channel_axis(self, axis_of: Callable[[SSAValue], int | None]) -> int | None:
        """The dimension of the longest loop that moves the right side, the weights."""
        nest = parse_nest(self.nest.data)
        (access,) = nest.results
        own = loop_kinds(nest, "rhs")["oc"]
        if not own or access.shape != shape_of(self.result):
            return None
        return access.index.index(affine(max(own, key=lambda loop: nest.bounds[loop])))

    def forms(self) -> Mapping[str, Form]:
        found = {
            "rhs_stationary": Form(Unit.SYSTOLIC, partial(self._contraction, "rhs")),
            "lhs_stationary": Form(Unit.SYSTOLIC, partial(self._contraction, "lhs")),
        }
        kinds = loop_kinds(merged_nest(parse_nest(self.nest.data)), "rhs")
        if not kinds["oc"] or not kinds["ic"]:
            found["lanes"] = Form(Unit.SIMD, self._program)
        return found

    def _contraction(self, side: Side, psum_bits: int) -> Contraction:
        nest = merged_nest(parse_nest(self.nest.data))
        bits = [width_bits(value) for value in self.operands]
        if side == "lhs":
            nest = nest._replace(inputs=(nest.inputs[1], nest.inputs[0], *nest.inputs[2:]))
            bits[:2] = bits[1], bits[0]
        nest = _with_array_loops(nest)
        kinds = loop_kinds(nest, "rhs")
        order = {loop: rank for rank, kind in enumerate(("g", "oc", "ic", "k", "n")) for loop in kinds[kind]}
        loops = sorted(nest.loops, key=lambda loop: order[loop.name])
        ifmap, weight, *start = (
            Operand(name, width, *access)
            for name, width, access in zip(("ifmap", "weight", "bias"), bits, nest.inputs, strict=False)
        )
        psum = Operand("psum", psum_bits, *nest.results[0])
        bounds = nest.bounds
        rows, columns = (max(kinds[kind], key=lambda loop: bounds[loop]) for kind in ("ic", "oc"))
        macs = None if self.macs is None else self.macs.value.data
        out_bits, bias = width_bits(self.result), start[0] if start else None
        return Contraction("contraction", tuple(loops), ifmap, weight, psum, out_bits, bias, rows, columns, macs)

    def _program(self, sum_bits: int) -> VectorProgram:
        code = (Instruction("mac", "y0", ("y0", "x0", "x1")),)
        start = (Instruction("move", "y0", ("x2" if self.start is not None else 0.0,)),)
        widths = [width_bits(value) for value in (*self.operands, self.result)]
        return program_of(merged_nest(parse_nest(self.nest.data)), widths, code, start)


def loop_kinds(nest: Nest, side: Side) -> dict[str, list[str]]:
    """The loops by what they move: `oc` the side that stays and the result, `ic` both sides, by whole steps; `k` are
    all others that are summed over, such as windows; `g` move all three, `n` the side that passes and the result. Loops
    of `g` that share a dimension with others are among `n`."""
    passing, staying = (set(access.loops) for access in nest.inputs[:2])
    if side == "lhs":
        passing, staying = staying, passing
    result = set(nest.results[0].loops)
    every = (*nest.inputs[:2], *nest.results)
    shared = {loop for access in every for terms, _ in access.index if len(terms) > 1 for loop, _ in terms}
    found: dict[str, list[str]] = {"g": [], "oc": [], "ic": [], "k": [], "n": []}
    for loop in nest.bounds:
        if loop in result:
            kind = "n" if loop not in staying else "oc" if loop not in passing else "g" if loop not in shared else "n"
        else:
            kind = "ic" if loop in passing and loop in staying and loop not in shared else "k"
        found[kind].append(loop)
    return found


def _with_array_loops(nest: Nest) -> Nest:
    """With a loop along the rows and one along the columns, run once where the sum has none."""
    kinds = loop_kinds(nest, "rhs")
    lhs, rhs, *rest = nest.inputs
    (result,) = nest.results
    loops = list(nest.loops)

    def along(access: Access, loop: str) -> Access:
        return Access((1, *access.shape), (affine(loop), *access.index))

    if not kinds["oc"]:
        loops.append(Loop("oc", 1))
        rhs, result = along(rhs, "oc"), along(result, "oc")
    if not kinds["ic"]:
        loops.append(Loop("ic", 1))
        lhs, rhs = along(lhs, "ic"), along(rhs, "ic")
    return Nest(tuple(loops), (lhs, rhs, *rest), (result,))
