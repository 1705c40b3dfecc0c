"""Fold a border of zeros into the windows that slide over it: their own padding costs no layer."""

from __future__ import annotations

from typing import TypeAlias

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, ModuleOp, i64
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.average_pool import WindowMeanOp
from simdc.ir.ops.conv import ConvolutionOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.max_pool3d import MaxPool3DOp
from simdc.ir.ops.pad import PadOp
from simdc.ir.ops.relu import ReluOp

from .channelwise import erase
from .distinct import fold_layers

Window: TypeAlias = ConvolutionOp | MaxPoolOp | MaxPool3DOp | WindowMeanOp
IMAGE = 2
"""The first dimension that windows slide along."""


def fold(pad: LayerOp) -> bool:
    """Give a border to the layers that read it, if all are windows that treat it as their own padding. False where it
    stays, or the layer is no border."""
    if not isinstance(pad, PadOp):
        return False
    before, after = pad.before.get_values(), pad.after.get_values()
    # Own padding of a window is zeros around the image; it cannot pad batch or channels, nor crop (less than zero).
    if pad.value.value.data != 0 or any(before[:IMAGE]) or any(after[:IMAGE]) or min(*before, *after) < 0:
        return False
    image, views = _image(pad)
    windows = [use.operation for use in image.uses]
    takers = [window for window in windows if isinstance(window, (ConvolutionOp, MaxPoolOp, MaxPool3DOp, WindowMeanOp))]
    # All readers or none: for one that needs the border the layer would stay, and cost as much as before.
    if not takers or len(takers) < len(windows) or not all(_takes(window, pad) for window in takers):
        return False
    # A row [n, c, w] that is read as the image [n, c, 1, w] is padded at the left and at the right.
    border = (0, before[-1], 0, after[-1]) if views else (*before[IMAGE:], *after[IMAGE:])
    for window in takers:
        window.drop_price()
        own = window.padding.get_values()
        window.padding = DenseArrayBase.from_list(i64, [one + more for one, more in zip(own, border, strict=True)])
        if isinstance(window, WindowMeanOp):
            # The border was data, and data counts.
            window.exclude_padding = None
    merged = takers[0].merged.data if takers[0].merged is not None else ()
    takers[0].merged = ArrayAttr([*merged, pad.layer])
    pad.result.replace_all_uses_with(pad.input)
    erase(pad)
    for view in views:
        view.result.replace_all_uses_with(_reviewed(view))
        erase(view)
    return True


def _image(pad: PadOp) -> tuple[SSAValue, list[ReshapeOp]]:
    """What windows slide over: the padded image, or the padded row read as an image of height 1."""
    readers = [use.operation for use in pad.result.uses]
    if len(readers) == 1 and isinstance(readers[0], ReshapeOp):
        n, channels, *size = shape_of(pad.result)
        view = readers[0]
        if shape_of(view.result) == (n, channels, 1, *size) and len(size) == 1:
            return view.result, [view]
    return pad.result, []


def _reviewed(view: ReshapeOp) -> SSAValue:
    """The same view of a row that is shorter now."""
    n, channels, width = shape_of(view.input)
    again = ReshapeOp(view.layer.data, view.input, shape=(n, channels, 1, width))
    again.location, again.result.name_hint = view.location, view.result.name_hint
    block = view.parent_block()
    assert block is not None
    block.insert_op_before(again, view)
    return again.result


def _takes(window: Window, pad: PadOp) -> bool:
    """Whether zeros around the image are to the window what its own padding is. A maximum sees no padding, so what it
    sees must not be below zero. An average counts its padding unless it is told not to; where it has none of its own it
    can be told either. The last window in ceil mode may begin anywhere but in the padding."""
    if isinstance(window, ConvolutionOp):
        return True
    if window.ceil_mode is not None:
        return False
    if isinstance(window, (MaxPoolOp, MaxPool3DOp)):
        # Behind a relu all is >= 0, so max(0, 3, 7) is max(3, 7): a zero more never changes the maximum.
        return isinstance(pad.input.owner, ReluOp) and _covers_data(window, pad)
    # Own padding that does not count beside a border that does cannot be one padding.
    return window.exclude_padding is None or not any(window.padding.get_values())


def _covers_data(window: MaxPoolOp | MaxPool3DOp, pad: PadOp) -> bool:
    """Whether no window can lie in border and padding altogether: its maximum would be nothing, instead of zero."""
    rank = window.SPATIAL
    border = (*pad.before.get_values()[-rank:], *pad.after.get_values()[-rank:])
    kernel, steps = window.kernel_size.get_values(), window.dilation.get_values()
    # 3 pixels of dilation 2 reach over 5. Border 1 and own padding 1 are 2 < 5; a border of 5 could hold it all.
    extents = [(size - 1) * step + 1 for size, step in zip(kernel, steps, strict=True)]
    beyond = [own + more for own, more in zip(window.padding.get_values(), border, strict=True)]
    return all(extents[side % rank] > beyond[side] for side in range(2 * rank))


class FoldPaddingPass(ModulePass):
    """Folds each border of zeros into the windows behind it. Has to run before a training step is derived."""

    name = "simdc-fold-padding"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        fold_layers(op, fold)
