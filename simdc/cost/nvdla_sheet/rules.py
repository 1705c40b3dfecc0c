"""The rules of NVIDIA's sheet, a set for each of its networks: they are not the same, nor within one network."""

from __future__ import annotations

from typing import Literal, TypeAlias

from simdc.named import NamedTuple

Comparison = Literal["input < weights", "input < kept weights", "kept input < kept weights", "none"]
"""What decides that the weights are read again, not the input, where the buffer holds neither; `none`: the sheet reads
each once."""
FC_BATCH = 16
"""Images whose fully connected rows run together, as the sheet is saved."""


class RowRules(NamedTuple):
    """How the sheet counts a row. MACs take output channels in granules of `granule`; a window's rows and `more_lines`
    lines of the input stay in the buffer. `winograd_weights` tells whether weights of a 3 x 3 window grow by 16/9.
    `weights_batch` images share the weights of a fully connected row. `input_channels`, `output_channels` and the sides
    `input_size` and `output_size` are what the sheet has in the place of the network's."""

    granule: int
    comparison: Comparison
    more_lines: int = 0
    winograd_weights: bool = True
    weights_batch: int = 1
    input_channels: int | None = None
    output_channels: int | None = None
    input_size: int | None = None
    output_size: int | None = None


class Recognised(NamedTuple):
    """What tells a layer that the sheet counts in its own way."""

    input_channels: int
    output_channels: int
    window: int
    size: int


Counted: TypeAlias = "tuple[RowRules | None, ...]"
"""As what the sheet counts layers of one size, a row for each; None for one that counts in the row of another. Nothing
tells them apart, so each has its part of all: two layers, a row of 10 cycles and none, are 5 cycles each. Empty for
what the sheet leaves out."""


class RuleSet(NamedTuple):
    """The rules of one network's sheet, and layers that have their own."""

    rules: RowRules
    exceptions: tuple[tuple[Recognised, Counted], ...] = ()

    def of(self, layer: Recognised) -> Counted:
        return dict(self.exceptions).get(layer, (self.rules,))


# The published frames a second need granules of 128: with 16, which is what the hardware has, 269 would be 280.
_RESNET = RowRules(granule=128, comparison="input < weights")
RESNET50 = RuleSet(
    _RESNET,
    (
        (Recognised(3, 64, 7, 224), (_RESNET._replace(more_lines=1, comparison="kept input < kept weights"),)),
        # Res2a_branch2a reads what the pool gives, 64 channels; the sheet has 256, as in 2b and 2c: 60,000 cycles more.
        (Recognised(64, 64, 1, 56), (_RESNET._replace(input_channels=256),)),
    ),
)

_GOOGLENET = RowRules(16, "input < kept weights", more_lines=1, winograd_weights=False)
_GROWN = _GOOGLENET._replace(winograd_weights=True)


def _merged(channels: int) -> RowRules:
    return _GOOGLENET._replace(output_channels=channels)


def _pooled(size: int) -> RowRules:
    return _GOOGLENET._replace(output_size=size)


GOOGLENET = RuleSet(
    _GOOGLENET,
    (
        # From 3b on nobody told the column of weights that a 3 x 3 window is Winograd's; that of cycles knows.
        # The pool behind the second is counted although a normalization stands between.
        (Recognised(64, 192, 3, 56), (_GROWN._replace(output_size=28),)),
        (Recognised(96, 128, 3, 28), (_GROWN,)),
        # conv2/3x3_reduce: the 39 rows are without it.
        (Recognised(64, 64, 1, 56), ()),
        # The 1x1 convolutions that read a block's input, 64 + 96 + 16 channels in 3a, are one row. In 3b and 4c two of
        # the three have 128 channels.
        (Recognised(192, 64, 1, 28), (_merged(176),)),
        (Recognised(256, 128, 1, 28), (_merged(288), None)),
        (Recognised(480, 192, 1, 14), (_merged(304),)),
        (Recognised(512, 160, 1, 14), (_merged(296),)),
        (Recognised(512, 128, 1, 14), (_merged(280), None)),
        (Recognised(512, 144, 1, 14), (_merged(288),)),
        (Recognised(528, 256, 1, 14), (_merged(448),)),
        (Recognised(832, 256, 1, 7), (_merged(448),)),
        (Recognised(832, 384, 1, 7), (_merged(624),)),
        *(
            (Recognised(channels, reduced, 1, size), (None,))
            for channels, size, others in (
                (192, 28, (96, 16)),
                (256, 28, (32,)),
                (480, 14, (96, 16)),
                (512, 14, (112, 24, 32)),
                (528, 14, (160, 32)),
                (832, 7, (160, 32, 192, 48)),
            )
            for reduced in others
        ),
        # The pool behind 3b, 4e and 5b counts in the row of the pool projection only. 5a has one of the size of 5b's.
        (Recognised(256, 64, 1, 28), (_pooled(14),)),
        (Recognised(528, 128, 1, 14), (_pooled(7),)),
        (Recognised(832, 128, 1, 7), (_GOOGLENET, _pooled(1))),
    ),
)

# Everything is read once; a batch shares the weights of its fully connected rows.
_ALEXNET = RowRules(16, "none", weights_batch=FC_BATCH)
ALEXNET = RuleSet(
    _ALEXNET,
    (
        # Pooled, although a normalization may stand between.
        (Recognised(3, 96, 11, 224), (_ALEXNET._replace(output_size=27),)),
        # The sheet lists 224 pixels and 55 windows; networks that are run have 227, or a border.
        (Recognised(3, 96, 11, 227), (_ALEXNET._replace(input_size=224, output_size=27),)),
        (Recognised(48, 128, 5, 27), (_ALEXNET._replace(output_size=13),)),
    ),
)

SHEETS = {"resnet50": RESNET50, "googlenet": GOOGLENET, "alexnet": ALEXNET}
