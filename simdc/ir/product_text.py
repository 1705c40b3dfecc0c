"""How IR text writes a product: `12:a 128:b 64:c, 12:a 128:d 64:c -> 12:a 128:b 128:d`, in the letters of einsum.

A dimension is its size and the loop that runs along it, `36:b+12` from position 12 on; `3:2` reads position 2 alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_letters

from xdsl.utils.exceptions import VerifyException

from .product import ONE, Place, Side, StackProduct

DIMENSION = re.compile(r"([1-9][0-9]{0,17}):(?:([a-zA-Z])(?:\+([0-9]{1,18}))?|([0-9]{1,18}))", re.ASCII)


def product_text(product: StackProduct) -> str:
    """The loops are lettered as they turn up. A product has at most 52."""
    letters: dict[int, str] = {}
    for place in (*product.lhs, *product.rhs):
        if place.loop != ONE:
            letters.setdefault(place.loop, ascii_letters[len(letters)])
    lhs, rhs, result = (" ".join(_dimension(place, letters) for place in side) for side in product)
    return f"{lhs}, {rhs} -> {result}"


def _dimension(place: Place, letters: dict[int, str]) -> str:
    if place.loop == ONE:
        return f"{place.size}:{place.first}"
    return f"{place.size}:{letters[place.loop]}{f'+{place.first}' if place.first else ''}"


# Each form of a product asks anew.
@lru_cache(maxsize=64)
def parse_product(text: str) -> StackProduct:
    """Raises VerifyException for what `product_text` does not write."""
    sides, arrow, result = text.partition("->")
    lhs, comma, rhs = sides.partition(",")
    if not arrow or not comma:
        raise VerifyException(f"a product reads 'sizes:loops, sizes:loops -> sizes:loops', got '{text[:80]}'")
    return StackProduct(*map(_side, (lhs, rhs, result)))


def _side(text: str) -> Side:
    found: list[Place] = []
    for word in text.split():
        match = DIMENSION.fullmatch(word)
        if match is None:
            raise VerifyException(f"a dimension of a product reads '36:b', '36:b+12' or '36:5', got '{word[:40]}'")
        size, letter, first, position = match.groups()
        if letter is None:
            found.append(Place(ONE, int(size), int(position)))
        else:
            found.append(Place(ascii_letters.index(letter), int(size), int(first or 0)))
    return tuple(found)
