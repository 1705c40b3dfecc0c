"""Windows that look beyond the ends of what they slide along: there are zeros, whatever lies there in memory."""

from __future__ import annotations

import numpy as np
import pytest

from tests.frontends.mlir.hlo_text import module, op, run

CONV = (
    "batch_group_count = 1 : i64, feature_group_count = {groups} : i64, "
    "padding = dense<[[{low}, {high}]]> : tensor<1x2xi64>, "
    "lhs_dilation = array<i64: {apart}>, window_reversal = array<i1: {turned}>, "
    "dimension_numbers = #stablehlo.conv<[b, f, 0]x[o, i, 0]->[b, f, 0]>"
)


def convolution(kinds: str, result: str, low: int, high: int, groups: int = 1, apart: int = 1, turned: str = "false"):
    fields = CONV.format(groups=groups, low=low, high=high, apart=apart, turned=turned)
    return op("stablehlo.convolution", "%s, %w", kinds, result, fields)


def slid(line: np.ndarray, window: np.ndarray, low: int, high: int) -> np.ndarray:
    """Along the last dimension, channel by channel."""
    wide = np.pad(line, [(0, 0)] * (line.ndim - 1) + [(low, high)])
    places = wide.shape[-1] - window.shape[-1] + 1
    return np.stack([(wide[..., at : at + window.shape[-1]] * window).sum(-1) for at in range(places)], -1)


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 0), (0, 2)])
def test_a_border_around_a_slice_holds_zeros_and_not_what_was_cut_off(low: int, high: int) -> None:
    limits = "start_indices = array<i64: 0, 0, 1>, limit_indices = array<i64: 1, 1, 5>, strides = array<i64: 1, 1, 1>"
    text = module(
        "x:1x1x7xf32 w:1x1x3xf32",
        "1x1x4xf32",
        op("stablehlo.slice", "%x", "1x1x7xf32", "1x1x4xf32", limits, "%s"),
        convolution("1x1x4xf32 1x1x3xf32", "1x1x4xf32", low, high),
    )
    x, w = np.arange(1.0, 8.0).reshape(1, 1, 7), np.array([[[1.0, 10.0, 100.0]]])
    np.testing.assert_array_equal(run(text, x, w), slid(x[..., 1:5], w, low, high))


def test_a_border_around_a_repeated_element_holds_zeros() -> None:
    text = module(
        "x:1x1x1xf32 w:1x1x3xf32",
        "1x1x4xf32",
        op("stablehlo.broadcast_in_dim", "%x", "1x1x1xf32", "1x1x4xf32",
           "broadcast_dimensions = array<i64: 0, 1, 2>", "%s"),
        convolution("1x1x4xf32 1x1x3xf32", "1x1x4xf32", 1, 1),
    )  # fmt: skip
    w = np.array([[[1.0, 10.0, 100.0]]])
    np.testing.assert_array_equal(run(text, np.full((1, 1, 1), 2.0), w), slid(np.full((1, 1, 4), 2.0), w, 1, 1))


def test_one_element_in_a_dimension_that_another_shape_brought_has_zeros_around() -> None:
    # Four channels of one element each, one filter each, which stands on the element with its middle.
    text = module(
        "x:4xf32 w:4x1x3xf32",
        "1x4x1xf32",
        op("stablehlo.reshape", "%x", "4xf32", "1x4x1xf32", "", "%s"),
        convolution("1x4x1xf32 4x1x3xf32", "1x4x1xf32", 1, 1, groups=4),
    )
    x, w = np.arange(1.0, 5.0), np.arange(12.0).reshape(4, 1, 3)
    np.testing.assert_array_equal(run(text, x, w), (x * w[:, 0, 1]).reshape(1, 4, 1))


def test_elements_of_channels_by_themselves_lie_apart_and_their_windows_run_backwards() -> None:
    # The gradient of the input of a depthwise convolution that takes every second place.
    text = module(
        "s:1x2x3xf32 w:2x1x3xf32",
        "1x2x7xf32",
        convolution("1x2x3xf32 2x1x3xf32", "1x2x7xf32", 2, 2, groups=2, apart=2, turned="true"),
    )
    s, w = np.arange(1.0, 7.0).reshape(1, 2, 3), np.arange(1.0, 7.0).reshape(2, 1, 3)
    wide = np.zeros((1, 2, 5))
    wide[..., ::2] = s
    np.testing.assert_array_equal(run(text, s, w), slid(wide, w[None, :, 0, ::-1], 2, 2))
