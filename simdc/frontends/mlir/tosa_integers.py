"""TOSA's arithmetic of quantized numbers: other scales, shifted products, tables."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import affine
from simdc.ir.ops.gather import GatherOp

from .asked import operand, operands
from .functions import LaneCode, Symbol
from .linalg import called, pointwise
from .module_text import attribute, element_kind, integer, integers, shape_of_type, text_of
from .problems import Unpriced
from .reader import Reader, reads, refuses, result_bits, result_shape
from .values import Filled, ModuleConstant, Value, plain

SHAPES = ("add", "concat", "div_ceil", "div_floor", "exp2", "log2_ceil", "log2_floor", "max", "min", "mod", "mul",
          "slice", "sub")  # fmt: skip
BLOCKS = ("cast_from", "cast_to", "conv2d", "matmul_t", "reshape", "row_gather")
BITS = "the lanes have no code for the bits of numbers"
refuses(
    {
        f"tosa.{name}": reason
        for names, reason in (
            (("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "clz"), BITS),
            (("arithmetic_right_shift", "logical_left_shift", "logical_right_shift"), BITS),
            (("fft2d", "rfft2d"), "there is no Fourier transform"),
            (("variable", "variable_read", "variable_write"), "what stays between runs is an argument and a result"),
            (tuple(f"{each}_shape" for each in SHAPES), "shapes are constants: fold them before"),
            (("dim", "assert_equal_shape"), "shapes are constants: fold them before"),
            (tuple(f"{each}_block_scaled" for each in BLOCKS), "numbers in blocks of one scale are not read"),
            (("avg_pool2d_adaptive", "max_pool2d_adaptive", "row_gather"), "it is newer than what is read"),
            (("apply_scale",), "it stands in bodies only: keep rescale"),
        )
        for name in names
    }
)


@reads("tosa.rescale")
def rescale(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes: `(x - zero_in) * multiplier / 2^shift`, to the nearest whole number, half up, plus
    `zero_out`, within what the result's type holds. One factor for each channel is a tensor, one for all a number."""
    value, shape = reader.value(operand(op, 0)), result_shape(op)
    zero_in, zero_out = (reader.number(each) for each in operands(op, 3, 5))
    if "DOUBLE" in str(attribute(op, "rounding_mode")):
        raise Unpriced("it rounds twice")
    low, high = _range(op)
    multipliers, shifts = (integers(each.owner, "values") if isinstance(each.owner, Operation) else None
                           for each in operands(op, 1, 3))  # fmt: skip
    values = [value]
    factor: float | None = None
    if multipliers is not None and shifts is not None and len(set(zip(multipliers, shifts, strict=False))) == 1:
        factor = multipliers[0] / 2 ** shifts[0]
    else:
        count = shape_of_type(operand(op, 1).type)
        made = ModuleConstant(reader.network.label(f"{reader.network.step}.factor"), count, 32)
        index = [affine(f"v{len(shape) - 1}") if count[0] > 1 else affine()]
        values.append(plain(made, count).through(shape, index))

    def code(written: LaneCode, x: Symbol, *by: Symbol) -> Symbol:
        moved = written.put("sub", x, zero_in) if zero_in else x
        scaled = written.put("mul", moved, *(by or (factor or 0.0,)))
        whole = written.call("floor", (written.put("add", scaled, 0.5),))
        shifted = written.put("add", whole, zero_out) if zero_out else whole
        return written.put("min", written.put("max", shifted, low), high)

    return pointwise(reader.network, values, shape, result_bits(op), code)


def _range(op: Operation) -> tuple[float, float]:
    """What fits the result's elements."""
    kind = element_kind(op.results[0].type)
    digits = kind.lstrip("usi")
    if not digits.isdecimal():
        raise Unpriced(f"it makes {kind}, no whole numbers")
    bits = int(digits)
    if kind[0] == "u" or integer(op, "output_unsigned", 0):
        return 0.0, 2.0**bits - 1
    return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1


@reads("tosa.table")
def table(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program and a `gather`: a number of 256 for each of 8 bits, the lowest first. Tables of 16 bits are
    interpolated."""
    network, shape, held = reader.network, result_shape(op), reader.seen(operand(op, 1))
    if held.shape != (256,):
        raise Unpriced("it interpolates between entries of its table")
    moved = [reader.value(operand(op, 0)), Filled((), 128.0)]
    (places,) = pointwise(network, moved, shape, 16, called("add"))
    entries, numbers = network.tensor(held), network.tensor(places)
    try:
        made = GatherOp(network.unused(), entries, numbers, axis=0)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return [plain(network.add(made, result_bits(op)), shape or (1,), shape)]


@reads("tosa.negate")
def negate(reader: Reader, op: Operation) -> Sequence[Value]:
    """A program for the lanes: `zero_in + zero_out - x`."""
    total = sum(reader.number(each) for each in operands(op, 1, 3))
    values = [Filled((), total), reader.value(operand(op, 0))]
    return pointwise(reader.network, values, result_shape(op), result_bits(op), called("sub"))


@reads("tosa.custom")
def custom(reader: Reader, op: Operation) -> Sequence[Value]:
    """It is refused by its name."""
    raise Unpriced(f"nobody knows what the custom op '{text_of(op, 'operator_name') or '?'}' computes")
