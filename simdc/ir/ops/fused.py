"""Layers that run as one unit of work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

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
from xdsl.traits import IsTerminator
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import ArrayKernel, Chain, Contraction, FusedProducts, Operand, links_of
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, LayerOp, shape_of
from simdc.ir.independent import layer_beside

from .free import FlattenOp
from .linear import LinearOp

if TYPE_CHECKING:
    from xdsl.parser import Parser
    from xdsl.printer import Printer


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

    def kernel(self) -> Chain | FusedProducts | None:
        """Of attention the kernel that keeps scores on chip; None where none of its layers computes anything."""
        whole = _attention_kernel([*self.members])
        if whole is not None:
            return whole
        links = self.links
        return Chain(links, ifmap_beside(self, links[0])) if links else None

    @property
    def links(self) -> tuple[ArrayKernel, ...]:
        """The kernels of its layers."""
        return tuple(link for member in self.members for link in _links(member))

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


def _attention_kernel(members: Sequence[LayerOp]) -> FusedProducts | None:
    if [member.name for member in members] != ["simdc.matmul", "simdc.softmax", "simdc.matmul"]:
        return None
    # Only here: chains of images need neither file.
    from .attention_members import attention_kernel, attention_of

    found = attention_of(members)
    return None if found is None else attention_kernel(found)


def _links(member: LayerOp) -> tuple[ArrayKernel, ...]:
    """The kernel of a member; a fully connected layer of a flattened image is a convolution by windows as large as the
    image, which tells how the image lies in memory."""
    if isinstance(member, LinearOp) and isinstance(member.input.owner, FlattenOp):
        return (member.of_image(shape_of(member.input.owner.input)),)
    kernel = member.kernel()
    return () if kernel is None else links_of(kernel)


def ifmap_beside(layer: LayerOp, head: ArrayKernel) -> Operand | None:
    """The ifmap of the layer just before one that begins with `head`, if they are independent (`Chain.beside`). None
    unless both are contractions: a vector program runs on another unit and holds no ifmap."""
    before = layer_beside(layer) if isinstance(head, Contraction) else None
    # Not its kernel, which would ask for the layer before that one, and so on.
    links = before.links if isinstance(before, FusedOp) else _links(before) if before is not None else ()
    return links[0].ifmap if links and isinstance(links[0], Contraction) else None
