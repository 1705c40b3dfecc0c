"""A layer's size in a word or two, for tables."""

from __future__ import annotations

from math import prod

from simdc.cost.greedy.contraction import loop_groups
from simdc.cost.kernel import Contraction, Kernel, links_of


def shape_text(kernel: Kernel) -> str:
    """Of a convolution its channels, window, groups and the image that it makes; of a product its result and how many
    are summed; of anything else its result and window."""
    # conv1 of ResNet-50: 3->64 7x7 112x112; a depthwise one: 96 dw 3x3 56x56; a product: 128x768 k3072; a pool:
    # 1x64x56x56 by 3x3.
    first = links_of(kernel)[0]
    if isinstance(first, Contraction):
        return _convolution(first) if _slides(first) else _product(first)
    result = first.nests[-1].outputs[0]
    window = [first.bounds[loop] for loop in ("kd", "kh", "kw") if loop in first.bounds]
    return "x".join(map(str, result.shape)) + (f" by {'x'.join(map(str, window))}" if window else "")


def _slides(kernel: Contraction) -> bool:
    """Whether a window slides over an image, as in ifmap[n, ic, 2*oh + kh], whatever the loops are called."""
    loops = loop_groups(kernel)
    return bool(loops.image and loops.window)


def _convolution(kernel: Contraction) -> str:
    bounds, loops = kernel.bounds, loop_groups(kernel)
    groups, batch = (prod([bounds[loop] for loop in each]) for each in (loops.groups, loops.batch))
    into, out = bounds[kernel.rows], bounds[kernel.columns]
    if groups > 1:
        channels = f"{groups} dw" if into == out == 1 else f"{groups * into}->{groups * out} g{groups}"
    else:
        channels = f"{into}->{out}"
    window, image = ("x".join(str(bounds[loop]) for loop in each) for each in (loops.window, loops.image))
    return f"{channels} {window} {image}" + (f" n{batch}" if batch > 1 else "")


def _product(kernel: Contraction) -> str:
    summed = 1
    for loop in kernel.loops:
        summed *= 1 if loop.name in kernel.psum.loops else loop.bound
    return f"{'x'.join(map(str, kernel.psum.shape))} k{summed}"
