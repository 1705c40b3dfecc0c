"""What a layer works on, in a few letters: `3→64, 7×7, 112×112`."""

from __future__ import annotations

from math import prod

from simdc.cost.kernel import Contraction, FusedProducts, Kernel, links_of

IMAGE = ("od", "oh", "ow")
WINDOW = ("kd", "kh", "kw")


def shape_text(kernel: Kernel) -> str:
    """Of a contraction rows → columns of the array, the window and what else it runs over; of a program its loops."""
    first = links_of(kernel)[0]
    if isinstance(first, Contraction):
        return _contraction(first) + (" …" if isinstance(kernel, FusedProducts) else "")
    return _times([bound for bound in first.bounds.values() if bound > 1]) or "1"


def _contraction(kernel: Contraction) -> str:
    bounds = kernel.bounds
    window = [bounds.pop(name) for name in WINDOW if name in bounds]
    image = [bounds.pop(name) for name in IMAGE if name in bounds]
    parts = [f"{bounds.pop(kernel.rows)}→{bounds.pop(kernel.columns)}"]
    parts += [_times(window)] if prod(window) > 1 else []
    parts += [_times(image)] if image else []
    # Groups, images, rows of a product.
    parts += [f"{name} {bound}" for name, bound in bounds.items() if bound > 1]
    return ", ".join(parts)


def _times(sizes: list[int]) -> str:
    return "×".join(map(str, sizes))
