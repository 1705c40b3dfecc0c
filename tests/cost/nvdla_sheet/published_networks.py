"""The rows of three networks, from their published shapes."""

from __future__ import annotations

from simdc.cost.nvdla_sheet.row import RowLayout, RowSide


def row(
    c: int,
    size: int,
    k: int,
    window: int = 1,
    *,
    stride: int = 1,
    stored: int = 0,
    same: bool = True,
    fc: bool = False,
    add: bool = False,
) -> RowLayout:
    """Square; `stored` only where a pool or a border makes it another size than the stride does."""
    side = RowSide(size, window, stride, stored or -(-size // stride), same)
    return RowLayout(c, k, side, side, fc, add)


def resnet50() -> list[RowLayout]:
    """v1: a block strides in its first 1x1 convolution. 54 rows."""
    rows = [row(3, 224, 64, 7, stride=2, stored=56)]
    channels, size = 64, 56
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = 64 << stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            if not block:
                rows.append(row(channels, size, 4 * width, stride=stride))
            rows.append(row(channels, size, width, stride=stride))
            size //= stride
            rows.append(row(width, size, width, 3))
            rows.append(row(width, size, 4 * width, add=True))
            channels = 4 * width
    # The last sum is averaged over the image.
    rows[-1] = row(512, 7, 2048, add=True, stored=1)
    return [*rows, row(2048, 1, 1000, fc=True)]


def alexnet() -> list[RowLayout]:
    """224 pixels, two groups in the second, fourth and fifth convolution as two rows each. 11 rows."""
    return [
        row(3, 224, 96, 11, stride=4, stored=27, same=False),
        *[row(48, 27, 128, 5, stored=13)] * 2,
        row(256, 13, 384, 3),
        *[row(192, 13, 192, 3)] * 2,
        *[row(192, 13, 128, 3, stored=6)] * 2,
        row(256, 6, 4096, 6, fc=True, same=False, stored=1),
        row(4096, 1, 4096, fc=True),
        row(4096, 1, 1000, fc=True),
    ]


# Of each block: image, input channels; 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
INCEPTION = (
    (28, 192, 64, 96, 128, 16, 32, 32),
    (28, 256, 128, 128, 192, 32, 96, 64),
    (14, 480, 192, 96, 208, 16, 48, 64),
    (14, 512, 160, 112, 224, 24, 64, 64),
    (14, 512, 128, 128, 256, 24, 64, 64),
    (14, 512, 112, 144, 288, 32, 64, 64),
    (14, 528, 256, 160, 320, 32, 128, 128),
    (7, 832, 256, 160, 320, 32, 128, 128),
    (7, 832, 384, 192, 384, 48, 128, 128),
)


def googlenet(*, merged: bool = True) -> list[RowLayout]:
    """57 convolutions and a fully connected layer; or, `merged`, 39 and one: the three 1x1 convolutions that read a
    block's input as one row. The sheet leaves out the second of them."""
    rows = [
        row(3, 224, 64, 7, stride=2, stored=56),
        row(64, 56, 64),
        row(64, 56, 192, 3, stored=28),
    ]
    for size, channels, one, reduce3, three, reduce5, five, projected in INCEPTION:
        side_by_side = (one + reduce3 + reduce5,) if merged else (one, reduce3, reduce5)
        rows += [
            *(row(channels, size, each) for each in side_by_side),
            row(reduce3, size, three, 3),
            row(reduce5, size, five, 5),
            row(channels, size, projected),
        ]
    return [*rows, row(1024, 1, 1000, fc=True)]
