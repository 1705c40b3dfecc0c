"""A product as a contraction: which of its loops lie along the array, and what its dimensions are called."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from simdc.cost.kernel import Affine, Contraction, Loop, Operand, affine

from .product import ONE, Place, StackProduct, merged, without_units

Stationary = Literal["lhs", "rhs"]


def product_kernel(
    product: StackProduct, bits: tuple[int, int, int], psum_bits: int, stationary: Stationary
) -> Contraction:
    """The contraction whose side `stationary` lies in the array as weights do, while the other passes. `bits` are the
    widths of lhs, rhs and result.

    Loops have the names of a fully connected layer: `ic` is summed over and runs along the rows, `oc` moves what stays
    and runs along the columns, `n` moves what passes, `g` both, such as heads. Where there are several of a kind the
    longest has the name, the others have it with a number. Query heads that share keys are such: `n1`.
    """
    bare = _bare(product)
    if stationary == "lhs":
        bare, bits = StackProduct(bare.rhs, bare.lhs, bare.result), (bits[1], bits[0], bits[2])
    bare = _with_array_loops(bare)
    names = _names(bare)
    bounds = bare.bounds
    # The weights stay while everything else passes: their loops stand outside.
    order = sorted(names, key=lambda loop: ("g", "oc", "ic", "n").index(names[loop].rstrip("0123456789")))
    ifmap, weight, psum = (
        Operand(name, width, tuple(place.size for place in side), tuple(_index(place, names) for place in side))
        for name, width, side in zip(("ifmap", "weight", "psum"), (*bits[:2], psum_bits), bare, strict=True)
    )
    loops = tuple(Loop(names[loop], bounds[loop]) for loop in order)
    return Contraction("matmul", loops, ifmap, weight, psum, bits[2])


@lru_cache(maxsize=64)
def _bare(product: StackProduct) -> StackProduct:
    """With as few loops as there can be, whichever side stays."""
    return merged(without_units(product))


def _index(place: Place, names: dict[int, str]) -> Affine:
    return affine(constant=place.first) if place.loop == ONE else affine(names[place.loop], constant=place.first)


def _kinds(product: StackProduct) -> dict[str, list[int]]:
    """The loops by what they move, in the order of the sides."""
    passing, staying, result = ({p.loop for p in side if p.loop != ONE} for side in product)
    found: dict[str, list[int]] = {"g": [], "oc": [], "ic": [], "n": []}
    for loop in dict.fromkeys(p.loop for side in product for p in side if p.loop != ONE):
        in_all = loop in passing, loop in staying, loop in result
        kind = {(True, True, True): "g", (False, True, True): "oc", (True, True, False): "ic", (True, False, True): "n"}
        found[kind[in_all]].append(loop)
    return found


def _with_array_loops(product: StackProduct) -> StackProduct:
    """With a loop along the rows and one along the columns of the array, run once where the product has none."""
    lhs, rhs, result = product
    kinds, fresh = _kinds(product), max(product.bounds, default=0) + 1
    if not kinds["oc"]:
        rhs, result = (*rhs, Place(fresh, 1)), (*result, Place(fresh, 1))
    if not kinds["ic"]:
        lhs, rhs = (*lhs, Place(fresh + 1, 1)), (*rhs, Place(fresh + 1, 1))
    if not kinds["n"]:
        lhs, result = (Place(fresh + 2, 1), *lhs), (Place(fresh + 2, 1), *result)
    return StackProduct(lhs, rhs, result)


def _names(product: StackProduct) -> dict[int, str]:
    bounds, found = product.bounds, dict[int, str]()
    for kind, loops in _kinds(product).items():
        ranked = sorted(loops, key=lambda loop: -bounds[loop])
        found |= {loop: kind if number == 0 else f"{kind}{number}" for number, loop in enumerate(ranked)}
    return found
