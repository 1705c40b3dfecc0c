"""The loops of a `linalg` op in its own order, by the names that they have in the nest made of it."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import Operation

from .linalg_named import CONVOLUTION, POOL, PRODUCTS, SPATIAL, has_maps
from .maps import maps_of
from .module_text import attribute, name_of, segments, shape_of_type

OWN_ORDER = {"mmt4d": "mnkilj", "batch_mmt4d": "bmnkilj", "batch_reduce_matmul": "bmnk"}
"""Products whose summed loops do not all stand behind the others. Depthwise convolutions that have channels first run
over them behind the places of an image."""


# A matmul runs over m, n, k. Named by what lhs [m, k] and rhs [k, n] bring in turn they are d0, d2, d1.
def iteration_loops(op: Operation) -> tuple[str, ...]:
    """`d0`, `d2`, ...: the name of the op's first loop, of its second, and so on; none for an op without such loops."""
    dialect, _, short = name_of(op).partition(".")
    if dialect != "linalg":
        return ()
    if short in ("generic", "contract", "elementwise") or has_maps(op):
        return _numbered(range(maps_of(attribute(op, "indexing_maps"))[0].num_dims))
    if short in PRODUCTS:
        lhs, rhs, result = PRODUCTS[short]
        named = tuple(dict.fromkeys(lhs + rhs))
        own = OWN_ORDER.get(short) or tuple(dict.fromkeys((*result, *named)))
        return _numbered(named.index(each) for each in own)
    pool = POOL.fullmatch(short)
    if pool is not None:
        taps = sum(each in SPATIAL for each in pool[1])
        return _numbered(range(len(pool[1]) + taps))
    found = CONVOLUTION.fullmatch(short)
    if found is None:
        return _numbered(range(len(shape_of_type(segments(op, 2)[0][0].type))))
    spatial = SPATIAL[3 - int(found[2]) :]
    image, kernel = found[3] or spatial, found[4] or spatial
    made = image if found[1] is not None else image.replace("c", "f")
    made += "m" if found[1] is not None and "m" in kernel else ""
    summed = tuple(each.upper() if each in spatial else each for each in kernel)
    named = tuple(dict.fromkeys((*made, *spatial.upper(), *(each for each in image + kernel if each not in spatial))))
    own = ("n", *spatial, "c") if found[1] is not None and image[1] == "c" else made
    return _numbered(named.index(each) for each in dict.fromkeys((*own, *summed)))


def _numbered(places: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"d{place}" for place in places)
