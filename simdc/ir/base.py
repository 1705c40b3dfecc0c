"""What every op of the dialect shares, and the one place where operand types are narrowed to tensors."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Self, cast

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, NoneAttr, StringAttr, TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation, VarResultDef, base, opt_attr_def, prop_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import OUR_NAMES, Affine, Kernel, Operand, VectorProgram, affine
from simdc.cost.mapped_forms import split_form

from .attributes import CostAttr, ExecutionUnitAttr, OriginAttr, TilingAttr, Unit
from .fields import Value, add_defaults, build, make_properties, make_tensor_type
from .form import Form, map_kernel, names_of, no_form
from .layout import NONE, laid_out, loop_along
from .once_per_kind import OncePerKind
from .syntax import parse_layer, print_layer

if TYPE_CHECKING:
    from xdsl.parser import Parser
    from xdsl.printer import Printer

TENSOR = TensorType.constr()
UNKNOWN = NoneAttr()
"""Stands for the type of a result until operands and properties tell it."""
OF_PRICES = ("tiling", "tiled", "search", "cost", "uncosted", "artefacts", "priced")
"""Attributes that passes write onto a layer because of its kernel, so that no kernel follows from them."""


def tensor_type(value: SSAValue) -> TensorType[Attribute]:
    """The type of a value that must be a tensor. Raises VerifyException."""
    kind = value.type
    if not isinstance(kind, TensorType):
        raise VerifyException(f"expected a tensor, got {kind}")
    return cast("TensorType[Attribute]", kind)


def name_hint(name: str) -> str | None:
    """`name` as an SSA name, or None where it cannot be one."""
    return name if re.fullmatch(r"[A-Za-z_][\w.$-]*", name, re.ASCII) else None


def shape_of(value: SSAValue) -> tuple[int, ...]:
    return tuple([size.data for size in tensor_type(value).shape.data])


def check_static(value: SSAValue) -> None:
    """Raise VerifyException unless every dimension is known and positive."""
    if any(size < 1 for size in shape_of(value)):
        raise VerifyException(f"expected a tensor with a static, non-empty shape, got {value.type}")


def width_bits(value: SSAValue) -> int:
    """Bits that one element of the tensor takes in DRAM: the width of its element type."""
    element = tensor_type(value).element_type
    width = getattr(element, "bitwidth", None)
    if not isinstance(width, int):
        raise VerifyException(f"element type {element} has no width in bits")
    return width


def operand(name: str, value: SSAValue, index: Sequence[str | Affine], bits: int | None = None) -> Operand:
    """The kernel's view of a tensor, `bits` wide if it is not the tensor's own width that counts. A name in `index` is
    the loop of that name."""
    expressions = tuple(affine(entry) if isinstance(entry, str) else entry for entry in index)
    return Operand(name, width_bits(value) if bits is None else bits, shape_of(value), expressions)


class LayerOp(IRDLOperation):
    """A node of the network. `layer` is its name.

    Passes write `unit`, `tiling`, `accumulator` (bits of a partial sum on the array that runs the op), `folded` (names
    of layers that became part of this one) and `cost`, or into `uncosted` why the cost model has no price for it;
    `artefacts` is what the model itself finds wrong with its answer. `tiled` and `priced` say what a tiling was made
    for and a price of (`derived.py`).
    `merged` names nodes of the source that a front end made one layer of together with this one.
    `form` is the way in which the op is carried out, where it can be in several; `formed` says what a pass chose it
    for, and is missing where a person did. `channels` is the dimension of the largest of its tensors that counts
    channels, -1 for none; without it dimension 1 does (`layout.py`).
    `UNIT` is the array that runs the op (in its first form), None for an op that moves and computes nothing; `ROLES`
    says, operand by operand, which of the systolic array's operands each one is; one that rows are picked from is a
    `table`, one with an empty role has the SIMD array's width. `GRADIENT` is the gradient with respect to the first
    operand (`gradient.py`).
    """

    UNIT: ClassVar[Unit | None] = Unit.SIMD
    ROLES: ClassVar[tuple[str, ...]] = ()
    GRADIENT: ClassVar[type[GradientOp] | None] = None

    # xDSL would make the constraint of a class anew for each of a hundred ops that inherit the field.
    layer = prop_def(base(StringAttr))
    unit = opt_attr_def(base(ExecutionUnitAttr))
    tiling = opt_attr_def(base(TilingAttr))
    tiled = opt_attr_def(base(OriginAttr))
    cost = opt_attr_def(base(CostAttr))
    uncosted = opt_attr_def(base(StringAttr))
    artefacts = opt_attr_def(base(ArrayAttr[StringAttr]))
    priced = opt_attr_def(base(OriginAttr))
    folded = opt_attr_def(base(ArrayAttr[StringAttr]))
    merged = opt_attr_def(base(ArrayAttr[StringAttr]))
    accumulator = opt_attr_def(base(IntegerAttr))
    phase = opt_attr_def(base(StringAttr))
    search = opt_attr_def(base(DictionaryAttr))
    form = opt_attr_def(base(StringAttr))
    formed = opt_attr_def(base(OriginAttr))
    channels = opt_attr_def(base(IntegerAttr))
    traits = traits_def(Pure())

    def __init__(self, layer: str, *operands: SSAValue | Sequence[SSAValue] | None, **fields: Value):
        """Operands in their order, None for one that is left out; properties by name, as plain values. Results have the
        shapes of `result_shapes` and the element types of `alike`, but for those whose type is given by name.

        Raises VerifyException if operands and properties do not go together, TypeError for fields that are not there.
        """
        definition = self.get_irdl_definition()
        types: list[Attribute | Sequence[Attribute]] = []
        for name, field in definition.results:
            given = fields.pop(name, None)
            assert given is None or isinstance(given, Attribute)
            types.append(given or ([] if isinstance(field, VarResultDef) else UNKNOWN))
        build(self, operands, types, make_properties(definition, {"layer": StringAttr(layer), **fields}))
        try:
            own = result_types(self)
        except VerifyException:
            # An op that is not made reads nothing: others ask who reads their values.
            self.drop_all_references()
            raise
        for result, kind in zip(self.results, own, strict=True):
            if result.type is UNKNOWN:
                # Nobody reads it yet, so its type may change in place.
                result._type = kind  # pyright: ignore[reportPrivateUsage]

    def __post_init__(self) -> None:
        add_defaults(self)

    def alike(self) -> Sequence[SSAValue]:
        """For each result the operand whose element type it has: the first, where an op says nothing else."""
        return [self.operands[0]] * len(self.results)

    @property
    def accumulator_bits(self) -> int:
        """Width of partial sums and temporaries: the array's own once widths are assigned, until then the result's."""
        return width_bits(self.results[0]) if self.accumulator is None else self.accumulator.value.data

    @property
    def taken(self) -> SSAValue | None:
        """The operand whose place in DRAM the result takes, None where it has a place of its own. Updates name theirs
        one by one (`replaced`)."""
        return None

    def drop_price(self) -> None:
        """Take away what the layer cost, or why it had no price: to be called where something changes that it was made
        from. `priced` stays, so that whoever misses the price can say what became of it."""
        if self.UNIT is not None:
            self.cost = self.uncosted = self.artefacts = None

    def print(self, printer: Printer) -> None:
        print_layer(self, printer, "layer")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        return parse_layer(cls, parser, "layer")

    @abstractmethod
    def kernel(self) -> Kernel | None:
        """What the layer is to the cost models; None for an op that moves and computes nothing."""

    def laid_kernel(self) -> Kernel | None:
        """`kernel()` with its loops as the tensors lie, and on the array as the form says. Raises KernelError for a
        mapping that the kernel has no loops for."""
        kernel = self.kernel()
        return None if kernel is None else map_kernel(self.laid(kernel), self.form and self.form.data)

    def laid(self, kernel: Kernel) -> Kernel:
        """A kernel of the op with its loops as the tensors lie, where these are dimensions by their usual names. A
        program that says itself what its loops are, such as one over rows, is laid out already."""
        if self.channels is None or not isinstance(kernel, VectorProgram) or kernel.roles != OUR_NAMES:
            return kernel
        axis = self.channels.value.data
        return laid_out(kernel, None if axis == NONE else loop_along(kernel, shape_of(self.largest), axis))

    @property
    def largest(self) -> SSAValue:
        """The first of results and operands with the most dimensions."""
        return max((*self.results, *self.operands), key=lambda value: len(shape_of(value)))

    def channel_axis(self, axis_of: Callable[[SSAValue], int | None]) -> int | None:
        """The dimension of the first result that counts channels, if any, by that of what the op reads: dimensions
        stand below each other from the last on. What an array makes of images has channels in dimension 1."""
        shape = shape_of(self.results[0])
        if self.UNIT is Unit.SYSTOLIC:
            return 1
        for value in self.operands:
            axis, own = axis_of(value), shape_of(value)
            if axis is None or len(own) > len(shape):
                continue
            # A mask [1, 1, 128, 128] is repeated for 12 heads: these are no channels.
            behind = axis - len(own)
            if own[axis] > 1 or shape[behind] == 1:
                return len(shape) + behind
        return None

    def forms(self) -> Mapping[str, Form]:
        """The ways in which the op can be carried out at its sizes, by name, the first for models that know no other.
        None by itself: `kernel()` is the only one."""
        return {}

    @property
    def own_form(self) -> str | None:
        """The form without its mapping."""
        return None if self.form is None else split_form(self.form.data)[0]

    def form_names(self) -> list[str]:
        """All ways to carry it out on some machine, mappings included."""
        return names_of(self.forms(), self.kernel if self.UNIT is Unit.SYSTOLIC else None, self.accumulator_bits)

    @property
    def members(self) -> Iterator[LayerOp]:
        """The layers that it runs as one, in the order in which data runs through them; none for a layer by itself."""
        return iter(())

    @property
    def runs_on(self) -> Unit | None:
        """The array that runs the op in its form."""
        return self.UNIT

    def result_shape(self) -> tuple[int, ...]:
        """Shape of the only result, from operands and properties. Raises VerifyException if they do not go together."""
        raise NotImplementedError

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of all results, for an op that has several. Raises VerifyException as `result_shape`."""
        return (self.result_shape(),)

    def verify_(self) -> None:
        for value in self.operands:
            check_static(value)
        for expected, result in zip(self.result_shapes(), self.results, strict=True):
            if shape_of(result) != expected:
                raise VerifyException(f"result has shape {list(shape_of(result))}, expected {list(expected)}")
        if self.form is not None and self.form.data not in self.forms():
            names = self.form_names()
            if self.form.data not in names:
                raise no_form(self.form.data, names)


@OncePerKind
def result_types(op: LayerOp) -> list[Attribute]:
    """As they were given, or by operands and properties. Raises VerifyException if these do not go together."""
    shapes, given = op.result_shapes(), list(op.result_types)
    if UNKNOWN not in given:
        return given
    pairs = zip(op.alike(), shapes, strict=True)
    made = [make_tensor_type(tensor_type(like).element_type, shape) for like, shape in pairs]
    return [new if kind is UNKNOWN else kind for kind, new in zip(given, made, strict=True)]


class FormedOp(LayerOp):
    """An op with `forms()`: its kernel is that of its form, of the first while nobody has chosen."""

    def kernel(self) -> Kernel:
        return self._form().kernel(self.accumulator_bits)

    @property
    def runs_on(self) -> Unit:
        return self._form().unit

    def _form(self) -> Form:
        forms = self.forms()
        name = next(iter(forms)) if self.own_form is None else self.own_form
        if name not in forms:
            raise no_form(name, forms)
        return forms[name]


class GradientOp(LayerOp):
    """The gradient of an op. Operands and properties have the names that they have there, `gradient` is the one with
    respect to its result, and `output` that result. `OF` is the operand that `result` is a gradient with respect to; a
    `scale_grad` is one with respect to `scale`. It has the operand's type."""

    OF: ClassVar[str] = "input"

    @classmethod
    def of(cls, layer: str, forward: LayerOp, gradient: SSAValue, **fields: Value) -> Self:
        """The gradient of `forward`; `fields` are what it has no property for."""
        definition = cls.get_irdl_definition()
        sources = {"gradient": gradient, "output": forward.results[0]}
        operands = [sources.get(name) or getattr(forward, name) for name, _ in definition.operands]
        names = [name for name, _ in definition.results]
        of = [cls.OF if name == "result" else name.removesuffix("_grad") for name in names]
        types = {name: getattr(forward, own).type for name, own in zip(names, of, strict=True)}
        shared = {name: forward.properties.get(name) for name in definition.properties if name != "layer"}
        return cls(layer, *operands, **{**types, **shared, **fields})
