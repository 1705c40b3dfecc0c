"""Sums of products and windows by their dimensions: matrix products, convolutions in any layout, pools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simdc.cost.kernel import Affine, affine
from simdc.named import NamedTuple

from .body import Body
from .functions import LaneCode, Symbol
from .network import ForeignNetwork
from .problems import Unpriced
from .tensors import bordered
from .values import Filled, Made, Read, Seen, Value
from .written import WrittenNest, emit


class Sliding(NamedTuple):
    """Along one spatial dimension: positions of the result and of the window, their steps, and what lies before."""

    places: int
    taps: int
    stride: int = 1
    dilation: int = 1
    before: int = 0

    @property
    def inside(self) -> Sliding:
        """The same where what lies before belongs to what it slides along; places that it leaves out stay so."""
        return self._replace(before=min(0, self.before))

    def behind(self, size: int) -> int:
        """Positions behind `size` elements that it looks at."""
        last = (self.places - 1) * self.stride + (self.taps - 1) * self.dilation - self.before
        return max(0, last - size + 1)


def slid_over(network: ForeignNetwork, image: Seen, windows: Mapping[int, Sliding]) -> Seen:
    """`image` with zeros around, as far as windows along its dimensions look: they begin with the first of these."""
    low, high = [0] * len(image.shape), [0] * len(image.shape)
    for place, window in windows.items():
        low[place], high[place] = max(0, window.before), window.behind(image.shape[place])
    found = bordered(network, image, low, high, 0.0)
    assert isinstance(found, Seen)
    return found


def multiply_add(symbols: Sequence[Symbol]) -> Body:
    """`y0 + x0 * x1`, of the first two symbols and the last."""
    code = LaneCode()
    product = code.put("mul", symbols[0], symbols[1])
    total = code.put("add", symbols[-1], product)
    return Body(tuple(code.steps), (total,))


def product(
    network: ForeignNetwork, letters: tuple[str, str, str], sides: Sequence[Value], made: tuple[Value, int | None]
) -> list[Value]:
    """`sum of lhs * rhs`, each side's dimensions and the result's named by letters, as einsum has it."""
    lhs, rhs, result = letters
    if not all(value.is_constant for value in sides):
        # One number everywhere, as the state that a recurrent layer begins with, is multiplied like any other.
        sides = tuple(network.written_out(value) if isinstance(value, Filled) else value for value in sides)
    bounds: dict[str, int] = {}
    for names, value in zip((lhs, rhs), sides, strict=True):
        for letter, size in zip(names, value.shape, strict=True):
            if bounds.setdefault(letter, size) != size:
                raise Unpriced(f"sides of {bounds[letter]} and {size} elements do not go together")
    index = numbered(bounds)
    reads = [Read(value, tuple(index[each] for each in names)) for names, value in zip((lhs, rhs), sides, strict=True)]
    start, bits = made
    makes = Made(tuple(bounds[each] for each in result), tuple(index[each] for each in result), start, bits)
    return emit(network, WrittenNest(tuple(bounds.values()), tuple(reads), (makes,), multiply_add))


def numbered(bounds: Mapping[str, int]) -> dict[str, Affine]:
    """Each letter as a loop `d0`, `d1`, ... in their order; one that runs once is none."""
    return {each: affine(f"d{place}") if bounds[each] > 1 else affine() for place, each in enumerate(bounds)}


def slid(index: Mapping[str, Affine], place: str, tap: str, window: Sliding) -> Affine:
    """The position that a window reads."""
    # Stride 2, dilation 1, a border of 3: 2*oh + kh - 3.
    steps: list[tuple[str, int]] = []
    for letter, step in ((place, window.stride), (tap, window.dilation)):
        steps += [(loop, step * inner) for loop, inner in index[letter].terms]
    return affine(*steps, constant=-window.before)
