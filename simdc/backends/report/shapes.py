"""A layer's size in a word or two, for tables."""

from __future__ import annotations

from simdc.cost.kernel import Contraction, Kernel, links_of


def shape_text(kernel: Kernel) -> str:
    """Of a convolution its channels, window, groups and the image that it makes; of a product its result and how many
    are summed; of anything else its result and window."""
    # conv1 of ResNet-50: 3->64 7x7 112x112; a depthwise one: 96 dw 3x3 56x56; a product: 128x768 k3072; a pool:
    # 1x64x56x56 by 3x3.
    first = links_of(kernel)[0]
    if isinstance(first, Contraction):
        return _convolution(first) if "kh" in first.bounds else _product(first)
    result = first.nests[-1].outputs[0]
    window = [first.bounds[loop] for loop in ("kd", "kh", "kw") if loop in first.bounds]
    return "x".join(map(str, result.shape)) + (f" by {'x'.join(map(str, window))}" if window else "")


def _convolution(kernel: Contraction) -> str:
    # A product written as a convolution has a window, and no image.
    size = {**dict.fromkeys(("g", "ic", "oc", "od", "kd", "oh", "ow", "kw", "n"), 1), **kernel.bounds}
    groups, into, out = size["g"], size["ic"], size["oc"]
    if groups > 1:
        channels = f"{groups} dw" if into == out == 1 else f"{groups * into}->{groups * out} g{groups}"
    else:
        channels = f"{into}->{out}"
    deep = size["od"] * size["kd"] > 1
    window = [size["kd"], size["kh"], size["kw"]] if deep else [size["kh"], size["kw"]]
    image = [size["od"], size["oh"], size["ow"]] if deep else [size["oh"], size["ow"]]
    batch = f" n{size['n']}" if size["n"] > 1 else ""
    return f"{channels} {'x'.join(map(str, window))} {'x'.join(map(str, image))}{batch}"


def _product(kernel: Contraction) -> str:
    summed = 1
    for loop in kernel.loops:
        summed *= 1 if loop.name in kernel.psum.loops else loop.bound
    return f"{'x'.join(map(str, kernel.psum.shape))} k{summed}"
