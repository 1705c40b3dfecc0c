"""Einsum: sums over one tensor, products of two, and of more one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from string import digits

from xdsl.dialects.builtin import f32
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Constant, Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.base import make_tensor_type, shape_of
from simdc.ir.ops.broadcast import MultiplyOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.reduce import ReduceSumOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.ir.product import ONE, Place, StackProduct, matrix_product
from simdc.ir.product_text import product_text
from simdc.named import NamedTuple

from .view import view


class Lettered(NamedTuple):
    """A tensor with the letter of each dimension."""

    value: SSAValue
    letters: str

    @property
    def sizes(self) -> dict[str, int]:
        return dict(zip(self.letters, shape_of(self.value), strict=True))


@operator("Einsum", sides=(1,))
def einsum(build: Build) -> Value:
    """Letters that only one tensor has are summed at once, those that two have in their product. Of more than two
    tensors the first two are multiplied first."""
    terms, result = _equation(build)
    if not result:
        raise Unsupported("its result is a single number")
    weight = build.constant(1)
    if len(terms) == 2 and weight is not None and build.constant(0) is None:
        (lhs, rhs), summed = terms, terms[0][-1:]
        # 'btd,de->bte' and 'btd,dhe->bthe': the layer that a MatMul would be.
        if summed == rhs[:1] and result == lhs[:-1] + rhs[1:] and len(rhs) > 1 and not set(lhs[:-1]) & set(rhs):
            return _linear(build, weight)
    rest = [Lettered(build.tensor(place, f"operand{place}"), letters) for place, letters in enumerate(terms)]
    while len(rest) > 1:
        (lhs, rhs), others = rest[:2], rest[2:]
        wanted = result + "".join(other.letters for other in others)
        lhs, rhs = _summed(build, lhs, rhs.letters + wanted), _summed(build, rhs, lhs.letters + wanted)
        letters = "".join(dict.fromkeys(each for each in lhs.letters + rhs.letters if each in wanted))
        name, letters = (build.part("product"), letters) if others else (build.name, result)
        rest = [_product(build, lhs, rhs, letters, name), *others]
    if len(terms) > 1:
        return rest[0].value
    return _ordered(build, _summed(build, rest[0], result), result, build.name).value


def _equation(build: Build) -> tuple[list[str], str]:
    """The letters of each input and of the result. Digits stand for what '...' hides, the last for the last of it."""
    text = build.node.text("equation", "").replace(" ", "")
    said = f"its equation '{text[:60]}'"
    given, arrow, result = text.partition("->")
    terms, ranks = given.split(","), [len(build.shape(place)) for place in range(len(build.inputs))]
    bare = [each.replace("...", "", 1) for each in terms]
    if any(each and not (each.isascii() and each.isalpha()) for each in bare):
        raise Unsupported(f"{said} has more than letters")
    if len(terms) != len(ranks):
        raise Unsupported(f"{said} is for {len(terms)} inputs, and it has {len(ranks)}")
    hidden = [rank - len(each) for each, rank in zip(bare, ranks, strict=True)]
    if any(count and (count < 0 or "..." not in each) for count, each in zip(hidden, terms, strict=True)):
        raise Unsupported(f"{said} does not fit inputs of {', '.join(map(str, ranks))} dimensions")
    dots = digits[: max(hidden)]
    if not arrow:
        # As numpy has it: the letters that stand there once, by the alphabet.
        once = (each for each in set(given) - {","} if given.count(each) == 1)
        result = ("..." if dots else "") + "".join(sorted(once))
    terms = [each.replace("...", dots[len(dots) - count :]) for each, count in zip(terms, hidden, strict=True)]
    result = result.replace("...", dots)
    if any(len(set(each)) < len(each) for each in (*terms, result)):
        raise Unsupported(f"{said} takes a diagonal")
    if set(result) - set("".join(terms)):
        raise Unsupported(f"{said} has a result with letters that no input has")
    return terms, result


def _linear(build: Build, weight: Constant) -> SSAValue:
    rows, *columns = weight.shape
    matrix = build.parameter(weight.reshaped((rows, prod(columns))).transposed((1, 0)), "weight")
    if len(columns) == 1:
        return build.add(LinearOp(build.name, build.tensor(0), matrix))
    x = build.add(LinearOp(build.part("linear"), build.tensor(0), matrix))
    return view(build, x, (*shape_of(x)[:-1], *columns))


def _summed(build: Build, tensor: Lettered, kept: str) -> Lettered:
    """Without the letters that nobody else wants."""
    axes = tuple(axis for axis, letter in enumerate(tensor.letters) if letter not in kept)
    if not axes:
        return tensor
    x = build.add(ReduceSumOp(build.part("sum"), tensor.value, axes=axes))
    return Lettered(x, "".join(letter for letter in tensor.letters if letter in kept))


def _ordered(build: Build, tensor: Lettered, letters: str, name: str) -> Lettered:
    """With its dimensions in the order of `letters`."""
    order = [tensor.letters.index(letter) for letter in letters if letter in tensor.letters]
    if order == sorted(order):
        return tensor
    x = build.add(TransposeOp(name, tensor.value, permutation=order))
    return Lettered(x, "".join(tensor.letters[place] for place in order))


def _product(build: Build, lhs: Lettered, rhs: Lettered, letters: str, name: str) -> Lettered:
    """The product with the dimensions `letters`; the others are summed over."""
    sizes = _sizes(lhs, rhs)
    if not sizes.keys() - set(letters):
        return Lettered(_elementwise(build, lhs, rhs, letters, name), letters)
    numbers = {letter: number for number, letter in enumerate(sizes)}

    def side(own: Mapping[str, int]) -> tuple[Place, ...]:
        return tuple(Place(numbers[each] if size == sizes[each] else ONE, size) for each, size in own.items())

    product = StackProduct(side(lhs.sizes), side(rhs.sizes), side({letter: sizes[letter] for letter in letters}))
    text = product_text(product)
    if text == _plain_text(shape_of(lhs.value), shape_of(rhs.value)):
        return Lettered(build.add(MatMulOp(name, lhs.value, rhs.value)), letters)
    result = make_tensor_type(f32, product.shape)
    return Lettered(build.add(MatMulOp(name, lhs.value, rhs.value, index=text, result=result)), letters)


def _plain_text(lhs: Sequence[int], rhs: Sequence[int]) -> str | None:
    """What a MatMul would compute; None where it would compute nothing."""
    try:
        return product_text(matrix_product(lhs, rhs))
    except VerifyException:
        return None


def _elementwise(build: Build, lhs: Lettered, rhs: Lettered, letters: str, name: str) -> SSAValue:
    """Nothing is summed: 'bh,bhd->bhd', 'i,j->ij'. One broadcasts over what the other has alone."""
    sides: list[SSAValue] = []
    for what, tensor in (("lhs", lhs), ("rhs", rhs)):
        ordered = _ordered(build, tensor, letters, build.part(what))
        shape = tuple(ordered.sizes.get(letter, 1) for letter in letters)
        same = len(shape) == len(ordered.letters)
        sides.append(ordered.value if same else view(build, ordered.value, shape, build.part(f"{what}.view")))
    return build.add(MultiplyOp(name, *sides))


def _sizes(lhs: Lettered, rhs: Lettered) -> dict[str, int]:
    """Of each letter, by the order of the sides. Only what '...' hides is broadcast."""
    found = dict(lhs.sizes)
    for letter, size in rhs.sizes.items():
        known = found.get(letter, size)
        if known != size and not (letter.isdigit() and 1 in (known, size)):
            raise Unsupported(f"its letter {letter} stands for {known} and for {size} positions")
        found[letter] = max(known, size)
    return found
