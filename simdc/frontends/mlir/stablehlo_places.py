"""StableHLO's slices that begin where numbers say, known ones or data."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.ir.ops.at_place import GIVEN, PutAtOp, SliceAtOp
from simdc.named import NamedTuple

from .constants import refuse_known
from .module_text import integers
from .problems import Unpriced
from .reader import Reader, reads, result_bits
from .tensors import bordered, sliced
from .values import Filled, Value, plain


class _Corner(NamedTuple):
    """`first` has the first position along each dimension, `GIVEN` where it is that of the next of `starts`."""

    first: tuple[int, ...]
    starts: tuple[SSAValue, ...]


def _corner(reader: Reader, whole: Sequence[int], sizes: Sequence[int], starts: Sequence[SSAValue]) -> _Corner:
    """Where a box of `sizes` begins in a tensor of shape `whole`; it begins earlier where it would not fit."""
    if not len(whole) == len(sizes) == len(starts):
        raise Unpriced(f"a box of {list(sizes)} at {len(starts)} numbers does not lie in {list(whole)}")
    first: list[int] = []
    given: list[SSAValue] = []
    for full, size, start in zip(whole, sizes, starts, strict=True):
        value = reader.value(start)
        if value.shape not in ((), (1,)):
            raise Unpriced(f"its box begins at {list(value.shape)} in the place of a number")
        if isinstance(value, Filled) or full == size:
            number = int(value.number or 0) if isinstance(value, Filled) else 0
            first.append(min(max(number, 0), full - size))
        else:
            first.append(GIVEN)
            given.append(reader.network.tensor(value.through((1,), ())))
    return _Corner(tuple(first), tuple(given))


@reads("stablehlo.dynamic_slice")
def cut_somewhere(reader: Reader, op: Operation) -> Sequence[Value]:
    """`slice_at`, which moves the box, wherever it begins; a slice at a place that is known."""
    source, *starts = op.operands
    value, sizes, network = reader.value(source), integers(op, "slice_sizes") or (), reader.network
    if isinstance(value, Filled):
        return [Filled(tuple(sizes), value.number)]
    known = [reader.value(each) for each in starts]
    if not all(isinstance(each, Filled) for each in known):
        refuse_known(value, *known)
    place = _corner(reader, value.shape, sizes, starts)
    if not place.starts:
        return [sliced(value, place.first, sizes, [1] * len(sizes), tuple(sizes))]
    try:
        made = SliceAtOp(network.unused(), network.tensor(value), place.starts, first=place.first, sizes=sizes)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return [plain(network.add(made, result_bits(op)), tuple(sizes))]


@reads("stablehlo.dynamic_update_slice")
def put_somewhere(reader: Reader, op: Operation) -> Sequence[Value]:
    """`put_at`: the box is written over what is there; into a tensor of one number, at a known place, it is a
    border."""
    target, source, *starts = op.operands
    data, part, network = reader.value(target), reader.value(source), reader.network
    if part.shape == data.shape:
        return [part]
    refuse_known(data, part, *(reader.value(each) for each in starts))
    place = _corner(reader, data.shape, part.shape, starts)
    if isinstance(data, Filled) and not place.starts:
        sizes = zip(data.shape, part.shape, place.first, strict=True)
        after = [full - size - first for full, size, first in sizes]
        return [bordered(reader.network, part, place.first, after, data.number or 0.0)]
    whole, box = network.tensor(data), network.tensor(part)
    try:
        made = PutAtOp(network.unused(), whole, box, place.starts, first=place.first)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return [plain(network.add(made, result_bits(op)), data.shape)]
