"""The shell around the layers: the network, its parameters and its results."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import (
    ArrayAttr,
    FileLineColLoc,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    TensorType,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    MessageConstraint,
    base,
    irdl_op_definition,
    opt_attr_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import IsolatedFromAbove, IsTerminator, Pure, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from .base import TENSOR, LayerOp, check_static, shape_of
from .fields import FLAG
from .once_per_kind import OncePerKind
from .syntax import parse_layer, print_layer

if TYPE_CHECKING:
    from xdsl.parser import Parser
    from xdsl.printer import Printer

    from simdc.cost.kernel import Kernel

NOTES = MessageConstraint(base(ArrayAttr[StringAttr]), "'simdc.notes' must be a list of texts")


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """The network's results."""

    name = "simdc.return"

    results_ = var_operand_def(TENSOR)
    traits = traits_def(IsTerminator(), Pure())

    def __init__(self, *values: SSAValue):
        super().__init__(operands=[values])

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_list(self.operand_types, printer.print_attribute)

    @classmethod
    def parse(cls, parser: Parser) -> ReturnOp:
        values = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_unresolved_operand)
        attributes = parser.parse_optional_attr_dict()
        position = parser.pos
        parser.parse_punctuation(":")
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        return cls.create(operands=parser.resolve_operands(values, types, position), attributes=attributes)


CAUSAL = "causal"
"""The attribute of a parameter whose values say that a query sees no key that comes later, and the last one all:
`added` to scores, or 1 where a key is `seen`, or `hidden`."""
ROUTE = "route"
"""The attribute of a constant that holds numbers of tokens: the first turn of its expert, tokens, experts a token,
experts."""


@irdl_op_definition
class ParameterOp(IRDLOperation):
    """A tensor that comes with the network: a weight, a bias, or (`statistic`) something gathered, not trained. A
    `constant` is part of how the network computes, such as a mask or a table of positions: no parameter at all. A
    `frozen` parameter keeps its value in training."""

    name = "simdc.parameter"

    label = prop_def(StringAttr)
    statistic = opt_prop_def(UnitAttr)
    frozen = opt_prop_def(UnitAttr)
    constant = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)
    traits = traits_def(Pure())

    @classmethod
    def make(
        cls,
        label: str,
        kind: TensorType[Attribute],
        *,
        statistic: bool = False,
        frozen: bool = False,
        constant: bool = False,
    ) -> ParameterOp:
        """A parameter of type `kind`. Half of a network's ops are parameters, so this skips IRDL's general builder."""
        properties: dict[str, Attribute] = {"label": StringAttr(label)}
        for name, is_set in (("statistic", statistic), ("frozen", frozen), ("constant", constant)):
            if is_set:
                properties[name] = FLAG
        return cls.create(result_types=[kind], properties=properties)

    @property
    def counts(self) -> bool:
        """Whether it is one of the network's parameters, trained or frozen."""
        return self.statistic is None and self.constant is None

    def verify_(self) -> None:
        if self.constant is not None and (self.statistic is not None or self.frozen is not None):
            raise VerifyException("a constant is neither a statistic nor a frozen parameter")

    def print(self, printer: Printer) -> None:
        print_layer(self, printer, "label")

    @classmethod
    def parse(cls, parser: Parser) -> ParameterOp:
        return parse_layer(cls, parser, "label")


@irdl_op_definition
class NetworkOp(IRDLOperation):
    """A network: its arguments are the inputs, its single block holds the layers in program order.

    `parameters` counts the trained values of the network as it was described, before any pass rewrote it: those that
    its parameter ops hold and those `elsewhere`, which a pass took away or, below zero, put in or holds twice. `batch`
    is the first size of one of the inputs, or 1 where none has a second. Where the source does not tell data from
    weights there is `unknown_batch`, and the run counts as one.
    """

    name = "simdc.network"

    sym_name = prop_def(StringAttr)
    phase = prop_def(StringAttr)
    batch = prop_def(IntegerAttr.constr(i64))
    parameters = prop_def(IntegerAttr.constr(i64))
    elsewhere = opt_prop_def(IntegerAttr.constr(i64))
    unknown_batch = opt_attr_def(UnitAttr, attr_name="simdc.unknown_batch")
    notes = opt_attr_def(NOTES, attr_name="simdc.notes")
    body = region_def("single_block")
    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())

    def __init__(self, name: str, phase: str, batch: int, parameters: int, body: Region | Block):
        super().__init__(
            regions=[body if isinstance(body, Region) else Region(body)],
            properties={
                "sym_name": StringAttr(name),
                "phase": StringAttr(phase),
                "batch": IntegerAttr(batch, i64),
                "parameters": IntegerAttr(parameters, i64),
            },
        )
        self.settle_parameters()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.kernels: OncePerKind[LayerOp, Kernel | None] | None = None
        """Those of layers that were asked before (`kernels_of` in `context.py`)."""

    @property
    def batch_text(self) -> str:
        """For people."""
        return f"batch {self.batch.value.data}" if self.unknown_batch is None else "batch not known"

    def held_parameters(self) -> int:
        """Trained values that the parameter ops hold."""
        held = OncePerKind[ParameterOp, int](lambda op: prod(shape_of(op.result)) if op.counts else 0)
        return sum(map(held, self._parameter_ops()))

    def _parameter_ops(self) -> Iterator[ParameterOp]:
        for op in self.body.block.ops:
            if isinstance(op, ParameterOp):
                yield op

    def settle_parameters(self) -> None:
        """For whoever added or took away parameters, to a network that is described as before."""
        elsewhere = self.parameters.value.data - self.held_parameters()
        self.elsewhere = IntegerAttr(elsewhere, i64) if elsewhere else None

    @property
    def is_routed(self) -> bool:
        """Whether it says of any tokens how they are given out to experts."""
        return any(ROUTE in op.attributes for op in self._parameter_ops())

    def layers(self) -> Iterator[LayerOp]:
        """The layers in program order."""
        for op in self.body.block.ops:
            if isinstance(op, LayerOp):
                yield op

    def verify_(self) -> None:
        if self.phase.data not in ("inference", "training"):
            raise VerifyException(f"phase must be inference or training, got '{self.phase.data}'")
        if not isinstance(self.body.block.last_op, ReturnOp):
            raise VerifyException("the network must end in simdc.return")
        values = (*self.body.block.args, *(op.result for op in self._parameter_ops()))
        # Parameters alike share their types.
        for value in {id(value.type): value for value in values}.values():
            check_static(value)
        self._verify_counts()
        seen: set[Attribute] = set()
        for layer in self.layers():
            # A layer without a name is refused by itself, later than this.
            name = layer.properties.get("layer")
            if name in seen:
                raise VerifyException(f"two layers are called '{layer.layer.data}'")
            if name is not None:
                seen.add(name)

    def _verify_counts(self) -> None:
        batch, parameters, held = self.batch.value.data, self.parameters.value.data, self.held_parameters()
        shapes = [shape_of(argument) for argument in self.body.block.args]
        sizes = list(dict.fromkeys(shape[0] for shape in shapes if shape))
        without = batch == 1 and (self.unknown_batch is not None or all(len(shape) < 2 for shape in shapes))
        if shapes and batch not in sizes and not without:
            found = ", ".join(map(str, sizes))
            raise VerifyException(f"the batch is {batch}, and no input has that many images, but {found}")
        elsewhere = 0 if self.elsewhere is None else self.elsewhere.value.data
        if parameters != held + elsewhere:
            raise VerifyException(
                f"it has {parameters} parameters, but its ops hold {held} trained values and {elsewhere} are elsewhere"
            )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        with printer.in_parens():
            printer.print_list(self.body.block.args, printer.print_block_argument)
        printer.print_string(
            f" {self.phase.data} batch {self.batch.value.data} parameters {self.parameters.value.data}"
        )
        if self.elsewhere is not None:
            printer.print_string(f" elsewhere {self.elsewhere.value.data}")
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)

    @classmethod
    def parse(cls, parser: Parser) -> NetworkOp:
        name = parser.parse_symbol_name().data
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: _parse_argument(parser))
        phase = parser.expect(parser.parse_optional_identifier, "'inference' or 'training' expected")
        parser.parse_keyword("batch")
        batch = parser.parse_integer(allow_boolean=False, allow_negative=False)
        parser.parse_keyword("parameters")
        parameters = parser.parse_integer(allow_boolean=False, allow_negative=False)
        counted = parser.parse_optional_keyword("elsewhere")
        elsewhere = None if counted is None else IntegerAttr(parser.parse_integer(allow_boolean=False), i64)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        network = cls(name, phase, batch, parameters, parser.parse_region(arguments))
        network.elsewhere = elsewhere
        if attributes is not None:
            network.attributes |= attributes.data
        return network


def _parse_argument(parser: Parser) -> Parser.Argument:
    """An argument with its location, which xDSL 0.74 prints and does not parse."""
    argument = parser.parse_argument()
    argument.location = parser.parse_optional_location()
    return argument


def network_of(module: ModuleOp) -> NetworkOp:
    """The one network of a module. Raises VerifyException when there is none or more than one."""
    networks = [op for op in module.body.block.ops if isinstance(op, NetworkOp)]
    if len(networks) != 1:
        raise VerifyException(f"expected one simdc.network in the module, found {len(networks)}")
    return networks[0]


def place_of(op: Operation) -> tuple[str, int, int] | None:
    """File, line and column that the op was written at, if its front end said so."""
    where = op.location
    if not isinstance(where, FileLineColLoc):
        return None
    return where.filename.data, where.line.data, where.column.data
