"""The release's tiling generator by hand, on machines that just meet its minimum sizes, and what the model refuses."""

from __future__ import annotations

import pytest

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.model import Uncosted
from simdc.cost.model_table import load_model
from simdc.cost.simdit import SimditModel
from simdc.cost.structure import with_field
from simdc.cost.tiling import Tiling, TilingError, loop_bounds
from tests.cost.simdit.release_layers import conv2d, hardware, linear, vector

# Usable halves: 9 weight tiles of 4x4, 225 ifmap and 49 psum vectors of 4, one bias vector.
# One vector memory: 49 vectors of 4 elements of 32 bits, or 50 for the gradient of max pooling.
MINIMUM = hardware(
    (4, 4),
    (8, 8, 32, 32),
    (2 * 9 * 16 * 8, 2 * 225 * 4 * 8, 2 * 4 * 32, 2 * 49 * 4 * 32),
    (64, 64, 64),
    2 * 49 * 4 * 32,
    64,
)
MORE_MEMORY = with_field(MINIMUM, "simd.vmem_bits", 2 * 50 * 4 * 32)


def greedy(kernel: Kernel, machine: Hardware = MINIMUM) -> dict[str, int]:
    return SimditModel().greedy(kernel, machine).as_dict()


def conv(**bounds: int) -> dict[str, int]:
    return {"oc": 8, "ic": 8, "kh": 1, "kw": 1, "n": 1, "oh": 1, "ow": 1} | bounds


def test_large_window_is_split_and_the_image_need_not_divide():
    # 5x5 > 9 points, so q = 2: 3x3 fills the weight buffer with one input vector. 13x13 outputs: q = 2 gives 7x7 = 49
    # psum vectors and (6*2 + 3)^2 = 225 ifmap vectors, both exactly full.
    tile = greedy(conv2d(conv(kh=5, kw=5, n=2, oh=13, ow=13), (2, 2)))
    assert tile == {"oc": 4, "ic": 4, "kh": 3, "kw": 3, "n": 1, "oh": 7, "ow": 7}


def test_small_window_splits_the_image_by_divisors_only():
    # 13 has no divisor between 1 and 13, and 13x13 = 169 psum vectors do not fit.
    assert greedy(conv2d(conv(kh=3, kw=3, oh=13, ow=13)))["oh"] == 1
    # 12 = 2 * 6: 36 psum vectors fit
    assert greedy(conv2d(conv(kh=3, kw=3, oh=12, ow=12)))["oh"] == 6
    # gcd(12, 8) = 4: q = 2 gives 6x4
    tile = greedy(conv2d(conv(kh=3, kw=3, oh=12, ow=8)))
    assert (tile["oh"], tile["ow"]) == (6, 4)


def test_input_channels_then_batch_then_output_channels_fill_the_buffers():
    # 1x1: 9 weight tiles hold 9 input vectors, of which the layer has 2 (ic 8). One pixel: n = 6 takes 12 of 225 ifmap
    # vectors and 6 of 49 psum vectors. Output channels: 9 // 2 = 4 by weights, 49 // 6 by psums, 1 by the bias.
    assert greedy(linear(6, 7, 40)) == {"oc": 4, "ic": 8, "n": 6}
    roomy_bias = with_field(MINIMUM, "systolic.buffers.bias_bits", 1 << 20)
    assert greedy(linear(6, 7, 40), roomy_bias) == {"oc": 16, "ic": 8, "n": 6}
    # 98 = 2 * 49: the largest divisor with at most 49 psum vectors
    assert greedy(linear(98, 7, 40))["n"] == 49
    # Input channels need not divide: 9 of 10 vectors
    assert greedy(linear(1, 40, 8))["ic"] == 36


def test_groups_are_tiled_one_by_one():
    tiling = SimditModel().greedy(conv2d({"g": 3, **conv()}), MINIMUM)
    assert tiling.order == ("g", "oc", "ic", "kh", "kw", "n", "oh", "ow")
    assert tiling.sizes[0] == 1


def test_element_wise_splits_image_then_channels_then_batch():
    # 8x8 > 49, 4x4 fits; 49 // 16 = 3 vectors of channels; 3 * 16 = 48, so one image.
    assert greedy(vector("relu", {"c": 16, "n": 4, "h": 8, "w": 8})) == {"c": 12, "n": 1, "h": 4, "w": 4}
    # 4 of 4 vectors, then 3 of 6 images: 3 * 4 * 4 = 48
    assert greedy(vector("sgd", {"c": 16, "n": 6, "h": 2, "w": 2})) == {"c": 16, "n": 3, "h": 2, "w": 2}


def test_batch_norm_family_grows_the_batch_before_the_channels():
    tensor = {"c": 16, "n": 6, "h": 2, "w": 4}
    # 8 pixels * 6 images = 48 of 49 vectors, of 48 when one is reserved, of 49 - 3 per channel backward
    assert greedy(vector("batch_norm", tensor)) == {"c": 4, "n": 6, "h": 2, "w": 4}
    assert greedy(vector("batch_norm_statistics", tensor)) == {"c": 4, "n": 6, "h": 2, "w": 4}
    assert greedy(vector("batch_norm_grad", tensor)) == {"c": 4, "n": 3, "h": 2, "w": 4}
    # One pixel: four vectors of channels must fit for the forward pass, two for the statistics, four backward.
    assert greedy(vector("batch_norm", {"c": 400, "n": 1}))["c"] == 49 // 4 * 4
    assert greedy(vector("batch_norm_statistics", {"c": 400, "n": 1}))["c"] == 49 // 2 * 4
    assert greedy(vector("batch_norm_grad", {"c": 400, "n": 1}))["c"] == 49 // (1 + 3) * 4


def test_pools_count_the_pixels_under_the_window():
    pool = {"c": 8, "n": 1, "oh": 6, "ow": 6, "kh": 3, "kw": 3}
    # 3x3 outputs at stride 2 cover 7x7 = 49 inputs; with the 9 of the other side it is too much.
    for kind in ("max_pool", "average_pool", "average_pool_grad"):
        assert greedy(vector(kind, pool, 32, (2, 2)))["oh"] == 3
    tile = greedy(vector("max_pool_grad", pool, 32, (2, 2)), MORE_MEMORY)
    assert tile == {"c": 4, "n": 1, "oh": 2, "ow": 2, "kh": 3, "kw": 3}


@pytest.mark.parametrize("field", ["weight", "ifmap", "psum", "bias"])
def test_buffer_below_the_release_minimum(field: str):
    path = f"systolic.buffers.{field}_bits"
    need = getattr(MINIMUM.systolic.buffers, f"{field}_bits")
    with pytest.raises(TilingError, match=f"^{field} buffer: .* at least {need} bits, it has {need - 1}$"):
        greedy(conv2d(conv()), with_field(MINIMUM, path, need - 1))


def test_vector_memory_below_the_release_minimum():
    pool = vector("max_pool_grad", {"c": 8, "n": 1, "oh": 6, "ow": 6, "kh": 1, "kw": 1})
    with pytest.raises(TilingError, match=r"vector memory: .* at least 6400 bits, one of the two memories has 6272"):
        greedy(pool)


def test_window_that_never_fits():
    with pytest.raises(TilingError, match=r"vector memory: .*smallest tile.* needs 8192 bits, .* has 6272"):
        greedy(vector("global_average_pool", {"c": 4, "n": 1, "oh": 1, "ow": 1, "kh": 8, "kw": 8}))


def test_image_without_common_divisor():
    with pytest.raises(TilingError, match=f"smallest tile.* needs {13 * 17 * 4 * 32} bits"):
        greedy(vector("relu", {"c": 4, "n": 1, "h": 13, "w": 17}))
    with pytest.raises(TilingError, match="splits an image of 13 x 17 by common divisors only"):
        greedy(conv2d(conv(kh=3, kw=3, oh=13, ow=17)))


@pytest.mark.parametrize(
    ("tile", "message"),
    [
        ({"oc": 8, "kh": 1, "kw": 1}, "bias buffer: the tile needs 256 bits, the usable half has 128"),
        ({"ic": 8}, "weight buffer: the tile needs 2304 bits, the usable half has 1152"),
        (
            {"ic": 8, "kh": 1, "kw": 1, "oh": 13, "ow": 13},
            "ifmap buffer: the tile needs 10816 bits, the usable half has 7200",
        ),
        ({"oh": 10, "ow": 6}, "psum buffer: the tile needs 7680 bits, the usable half has 6272"),
    ],
)
def test_foreign_tile_that_does_not_fit(tile: dict[str, int], message: str):
    kernel = conv2d(conv(kh=3, kw=3, oh=13, ow=13))
    sizes = {"oc": 4, "ic": 4, "kh": 3, "kw": 3, "n": 1, "oh": 1, "ow": 1} | tile
    with pytest.raises(TilingError, match=message):
        SimditModel().evaluate(kernel, Tiling(tuple(sizes), tuple(sizes.values())), MINIMUM)


def test_foreign_simd_tile_that_does_not_fit():
    kernel = vector("batch_norm", {"c": 64, "n": 1, "h": 1, "w": 1})
    with pytest.raises(TilingError, match=f"vector memory: the tile needs {4 * 64 * 32} bits, .* has 6272"):
        SimditModel().evaluate(kernel, Tiling(("c", "n", "h", "w"), (64, 1, 1, 1)), MINIMUM)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (("ow", "oc", "ic", "kh", "kw", "n", "oh"), "models the loop orders"),
        (("oc", "ic", "kh", "kw", "n", "oh"), "orders loops"),
    ],
)
def test_foreign_order(order: tuple[str, ...], message: str):
    kernel = conv2d(conv(oh=2, ow=2))
    with pytest.raises(TilingError, match=message):
        SimditModel().evaluate(kernel, Tiling(order, (1,) * len(order)), MINIMUM)


def test_loops_of_one_tile_may_stand_anywhere():
    kernel = conv2d(conv(oh=2, ow=2))
    sizes = loop_bounds(kernel) | {"oc": 4, "ow": 1}
    model = SimditModel()
    default = model.evaluate(kernel, Tiling(tuple(sizes), tuple(sizes.values())), MINIMUM)
    order = ("kh", "n", "oc", "oh", "kw", "ic", "ow")
    assert model.evaluate(kernel, Tiling(order, tuple(sizes[name] for name in order)), MINIMUM) == default


def test_pooling_window_is_never_tiled():
    kernel = vector("max_pool", {"c": 4, "n": 1, "oh": 2, "ow": 2, "kh": 3, "kw": 3})
    with pytest.raises(TilingError, match="'kh' must be 3"):
        SimditModel().evaluate(kernel, Tiling(("c", "n", "oh", "ow", "kh", "kw"), (4, 1, 1, 1, 1, 3)), MINIMUM)


def test_groups_cannot_share_a_tile():
    kernel = conv2d({"g": 2, **conv()})
    with pytest.raises(TilingError, match="'g' must be 1, got 2"):
        SimditModel().evaluate(kernel, Tiling(tuple(loop_bounds(kernel)), (2, 4, 4, 1, 1, 1, 1, 1)), MINIMUM)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (
            conv2d(conv(oh=4, ow=4), (2, 1)),
            "one stride for both directions, this 'conv2d' has 2 along oh and 1 along ow",
        ),
        (conv2d(conv(kh=3, kw=3), (1, 1), (2, 2)), "dilated by 2 along kh"),
        (conv2d(conv())._replace(kind="batched_matmul"), "no layer 'batched_matmul'.* conv2d, linear"),
        (conv2d(conv())._replace(kind="linear"), "layer 'linear' has no loop 'kh'"),
        (vector("softmax", {"c": 8, "n": 1}), "no layer 'softmax'.* relu, add"),
        (vector("relu", {"c": 8, "n": 1, "d": 2}), "layer 'relu' has no loop 'd'"),
        (vector("max_pool", {"c": 4, "oh": 2, "ow": 2, "kh": 2, "kw": 2}, 32, (1, 2)), "one stride"),
    ],
)
def test_layers_that_the_release_lacks(kernel: Kernel, message: str):
    model = SimditModel()
    with pytest.raises(Uncosted, match=message):
        model.greedy(kernel, MINIMUM)
    bounds = loop_bounds(kernel)
    with pytest.raises(Uncosted, match=message):
        model.evaluate(kernel, Tiling(tuple(bounds), (1,) * len(bounds)), MINIMUM)


def test_stride_and_dilation_of_a_single_step_mean_nothing():
    pointwise = conv2d(conv(oh=1, ow=4), (3, 2), (2, 2))
    assert SimditModel().greedy(pointwise, MINIMUM) == SimditModel().greedy(conv2d(conv(oh=1, ow=4), (2, 2)), MINIMUM)


def test_model_is_in_the_table():
    assert isinstance(load_model("simdit", "training"), SimditModel)
