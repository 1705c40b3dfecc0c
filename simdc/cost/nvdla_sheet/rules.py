"""The rules of NVIDIA's sheet, a set for each of its networks: they are not the same, nor within one network."""

from __future__ import annotations

from typing import Literal, NamedTuple

Comparison = Literal["input < weights", "input < kept weights", "kept input < kept weights", "none"]
"""What decides that the weights are read again, not the input, where the buffer holds neither; `none`: the sheet reads
each once."""
FC_BATCH = 16
"""Images whose fully connected rows run together, as the sheet is saved."""


class RowRules(NamedTuple):
    """How the sheet counts a row. MACs take output channels in granules of `granule`; a window's rows and `more_lines`
    lines of the input stay in the buffer. `winograd_weights` tells whether weights of a 3 x 3 window grow by 16/9,
    `is_listed` whether the sheet has the row. `weights_batch` images share the weights of a fully connected row.
    `input_channels` and the side `output_size` are what the sheet has in the place of the network's."""

    granule: int
    comparison: Comparison
    more_lines: int
    winograd_weights: bool = True
    weights_batch: int = 1
    is_listed: bool = True
    input_channels: int | None = None
    output_size: int | None = None


class Recognised(NamedTuple):
    """What tells a row that is counted in its own way: no other row of its network has these."""

    input_channels: int
    output_channels: int
    window: int
    size: int


class RuleSet(NamedTuple):
    """The rules of one network's sheet, and rows that have their own."""

    rules: RowRules
    exceptions: tuple[tuple[Recognised, RowRules], ...] = ()

    def of(self, row: Recognised) -> RowRules:
        return dict(self.exceptions).get(row, self.rules)


# The published frames a second need granules of 128: with 16, which is what the hardware has, 269 would be 280.
_RESNET = RowRules(granule=128, comparison="input < weights", more_lines=0)
RESNET50 = RuleSet(
    _RESNET,
    (
        (Recognised(3, 64, 7, 224), _RESNET._replace(more_lines=1, comparison="kept input < kept weights")),
        # Res2a_branch2a reads what the pool gives, 64 channels; the sheet has 256, as in 2b and 2c: 60,000 cycles more.
        (Recognised(64, 64, 1, 56), _RESNET._replace(input_channels=256)),
    ),
)

_GOOGLENET = RowRules(16, "input < kept weights", more_lines=1, winograd_weights=False)
_GROWN = _GOOGLENET._replace(winograd_weights=True)
# The pool behind 3b, 4e and 5b counts in the row of the pool projection only. That of 5b has the sizes of that of 5a:
# it is told by the pool that it is fused with.
_OUTPUT_SIZES = {
    28: ((256, 288, 1, 28), (128, 192, 3, 28), (32, 96, 5, 28)),
    14: ((256, 64, 1, 28), (528, 448, 1, 14), (160, 320, 3, 14), (32, 128, 5, 14)),
    7: ((528, 128, 1, 14), (832, 624, 1, 7), (192, 384, 3, 7), (48, 128, 5, 7)),
}
GOOGLENET = RuleSet(
    _GOOGLENET,
    (
        # From 3b on nobody told the column of weights that a 3 x 3 window is Winograd's; that of cycles knows.
        (Recognised(64, 192, 3, 56), _GROWN),
        (Recognised(96, 128, 3, 28), _GROWN),
        # conv2/3x3_reduce: the 39 rows are without it.
        (Recognised(64, 64, 1, 56), _GOOGLENET._replace(is_listed=False)),
        *(
            (Recognised(*row), _GOOGLENET._replace(output_size=size))
            for size, rows in _OUTPUT_SIZES.items()
            for row in rows
        ),
    ),
)

# Everything is read once; a batch shares the weights of its fully connected rows. Window lines do not matter then.
ALEXNET = RuleSet(RowRules(16, "none", more_lines=1, weights_batch=FC_BATCH))

SHEETS = {"resnet50": RESNET50, "googlenet": GOOGLENET, "alexnet": ALEXNET}
