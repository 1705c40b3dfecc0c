"""What a kernel's index expressions say about its sliding window, as far as the released program has words for it."""

from __future__ import annotations

from collections.abc import Mapping

from ..kernel import Affine
from ..model import Uncosted


def steps(index: tuple[Affine, ...]) -> dict[str, int]:
    """The coefficient of each loop in the index of an operand."""
    return {loop: step for expression in index for loop, step in expression.terms}


def common_stride(kind: str, coefficients: Mapping[str, int], bounds: Mapping[str, int]) -> int:
    """The one stride of a window. A loop that takes a single step says nothing. Raises Uncosted for two different
    strides and for dilation."""
    # The release has one S for both directions; along a loop of one step any stride fits.
    strides = {coefficients[name] for name in ("oh", "ow") if name in coefficients and bounds[name] > 1}
    if len(strides) > 1:
        raise Uncosted(
            f"the released SimDIT has one stride for both directions, this '{kind}' has "
            f"{coefficients['oh']} along oh and {coefficients['ow']} along ow"
        )
    # Nor has it a dilation: docs/architecture.md, "What simdit does differently", groups and windows.
    for name in ("kh", "kw"):
        if coefficients.get(name, 1) != 1 and bounds[name] > 1:
            raise Uncosted(
                f"the released SimDIT has no dilated window, this '{kind}' is dilated by "
                f"{coefficients[name]} along {name}"
            )
    return strides.pop() if strides else 1


def check_known(kind: str, bounds: Mapping[str, int], known: frozenset[str]) -> None:
    """Raise Uncosted when the kernel has a loop that the release's layer of this kind does not have."""
    if not bounds.keys() <= known:
        extra = ", ".join(f"'{name}'" for name in bounds if name not in known)
        raise Uncosted(f"the released SimDIT's layer '{kind}' has no loop {extra}, only {', '.join(sorted(known))}")
