"""Layers that run as one unit of work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsTerminator
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import ArrayKernel, Chain, Operand, links_of
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, LayerOp, shape_of

from .free import FlattenOp
from .linear import LinearOp


@irdl_op_definition
class YieldOp(IRDLOperation):
    """The results of a fused op: of its last layer."""

    name = "simdc.yield"

    values = var_operand_def(TENSOR)
    traits = traits_def(IsTerminator())

    def __init__(self, values: Sequence[SSAValue]):
        super().__init__(operands=[values])

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.values, printer.print_ssa_value)
        printer.print_string(" : ")
        printer.print_list(self.operand_types, printer.print_attribute)

    @classmethod
    def parse(cls, parser: Parser) -> YieldOp:
        values = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_unresolved_operand)
        position = parser.pos
        parser.parse_punctuation(":")
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        return cls(parser.resolve_operands(values, types, position))


@irdl_op_definition
class FusedOp(LayerOp):
    """Layers of `body` that run as one: what one hands to the next is in no memory. They read values of the network as
    if they stood in it; what the last of them gives is the result."""

    name = "simdc.fused"
    UNIT: ClassVar = Unit.SIMD

    body = region_def("single_block")
    result = var_result_def(TENSOR)

    def __init__(self, layer: str, members: Sequence[LayerOp]):
        """Takes the ops out of the block that they stand in; their readers must be changed to read the result."""
        results = list(members[-1].results)
        for member in members:
            member.detach()
        IRDLOperation.__init__(
            self,
            result_types=[[each.type for each in results]],
            properties={"layer": StringAttr(layer)},
            regions=[Region(Block([*members, YieldOp(results)]))],
        )

    @property
    def members(self) -> Iterator[LayerOp]:
        for op in self.body.block.ops:
            if isinstance(op, LayerOp):
                yield op

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        last = self.body.block.last_op
        if not isinstance(last, YieldOp):
            raise VerifyException("the layers of a fused op must end in simdc.yield")
        return tuple(shape_of(value) for value in last.values)

    @property
    def runs_on(self) -> Unit | None:
        """What runs the first of its layers that computes anything."""
        return next((member.runs_on for member in self.members if member.runs_on is not None), None)

    def kernel(self) -> Chain | None:
        """None where none of its layers computes anything."""
        links = tuple(link for member in self.members for link in _links(member))
        return Chain(links, _input_of(self._beside())) if links else None

    def _beside(self) -> LayerOp | None:
        """The layer before, where this one reads nothing of what that one gives."""
        before = self.prev_op
        while before is not None and not isinstance(before, LayerOp):
            before = before.prev_op
        if before is None:
            return None
        read = [value for op in self.body.walk() for value in op.operands]
        return None if any(value in read for value in before.results) else before

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_attribute(self.layer)
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body)
        printer.print_string(" : ")
        printer.print_list(self.result_types, printer.print_attribute)

    @classmethod
    def parse(cls, parser: Parser) -> FusedOp:
        layer = StringAttr(parser.parse_str_literal())
        attributes = parser.parse_optional_attr_dict_with_keyword()
        body = parser.parse_region()
        parser.parse_punctuation(":")
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        return cls.create(
            result_types=types,
            properties={"layer": layer},
            attributes={} if attributes is None else attributes.data,
            regions=[body],
        )


def _links(member: LayerOp) -> tuple[ArrayKernel, ...]:
    """The kernel of a member; a fully connected layer of a flattened image is a convolution by windows as large as the
    image, which tells how the image lies in memory."""
    if isinstance(member, LinearOp) and isinstance(member.input.owner, FlattenOp):
        return (member.of_image(shape_of(member.input.owner.input)),)
    kernel = member.kernel()
    return () if kernel is None else links_of(kernel)


def _input_of(layer: LayerOp | None) -> Operand | None:
    """What the first kernel of a layer reads first."""
    kernel = None if layer is None else layer.kernel()
    return None if kernel is None else links_of(kernel)[0].operands[0]
