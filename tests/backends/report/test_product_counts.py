"""Products of a layer in three counts, against walks over the convolution that know nothing of its kernels."""

from __future__ import annotations

from itertools import product
from math import prod
from random import Random

import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.report.product_counts import ProductCounts, product_counts
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.mlir.importer import import_module
from simdc.frontends.mlir.module_text import parse_foreign
from simdc.ir.base import LayerOp
from simdc.passes.pipeline import run_pipeline, training_passes

CONVOLUTION = """"builtin.module"() ({{
  "func.func"() <{{function_type = ({types}) -> {made}, sym_name = "main"}}> ({{
  ^bb0(%x: {image}, %w: {weight}):
    %y = "stablehlo.convolution"(%x, %w) <{{batch_group_count = 1 : i64, feature_group_count = 1 : i64,
      dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, lhs_dilation = array<i64: {apart}>,
      padding = dense<[[{top}, {bottom}], [{left}, {right}]]> : tensor<2x2xi64>, rhs_dilation = array<i64: {dilation}>,
      window_strides = array<i64: {stride}>}}> : ({types}) -> {made}
    "func.return"(%y) : ({made}) -> ()
  }}) : () -> ()
}}) : () -> ()
"""


def counts_of(module: ModuleOp) -> dict[str, ProductCounts]:
    layers = {op.layer.data: op for op in module.walk() if isinstance(op, LayerOp)}
    found = {name: product_counts(op) for name, op in layers.items()}
    return {name: counts for name, counts in found.items() if counts is not None}


def walked(size: int, window: int, made: int, stride: int, dilation: int, before: int, apart: int = 1) -> int:
    """Positions along one dimension that find an element; `size` elements lie `apart` from each other."""
    elements = {before + apart * place for place in range(size)}
    return sum(stride * out + dilation * tap in elements for out, tap in product(range(made), range(window)))


@pytest.mark.parametrize("seed", range(30))
def test_a_convolution_and_its_gradients_have_the_same_on_elements(seed: int) -> None:
    random = Random(seed)
    groups = random.choice((1, 1, 2))
    batch, channels, made = random.randint(1, 3), groups * random.randint(1, 3), groups * random.randint(1, 3)
    size, window = [random.randint(3, 9) for _ in range(2)], [random.randint(1, 3) for _ in range(2)]
    stride, dilation, pad = (tuple(random.randint(low, 3) for _ in range(2)) for low in (1, 1, 0))
    reach = [apart * (taps - 1) + 1 for apart, taps in zip(dilation, window, strict=True)]
    room = [n + 2 * before - wide for n, before, wide in zip(size, pad, reach, strict=True)]
    if min(room) < 0:
        pytest.skip("no place for the window")
    out = [space // step + 1 for space, step in zip(room, stride, strict=True)]
    text = (
        f'network n(x: {channels}x{size[0]}x{size[1]}) {{ a = conv(x, {channels}, 1, name="first") '
        f"y = conv(a, {made}, [{window[0]}, {window[1]}], stride=[{stride[0]}, {stride[1]}], "
        f'dilation=[{dilation[0]}, {dilation[1]}], pad=[{pad[0]}, {pad[1]}], groups={groups}, name="c") '
        "return y }"
    )
    module = parse_dsl(text, "n.dsl", batch)
    run_pipeline(module, training_passes("sgd"))
    beside = batch * channels * made // groups
    per = [walked(*each) for each in zip(size, window, out, stride, dilation, pad, strict=True)]
    found = counts_of(module)
    names = {name for name in found if name == "c" or name.startswith("c.grad")}
    assert len(names) == 3
    assert {found[name].on_elements for name in names} == {beside * prod(per)}
    assert found["c"].written == found["c"].macs == beside * prod(out) * prod(window)
    for name in names:
        assert found[name].written >= found[name].macs >= found[name].on_elements


@pytest.mark.parametrize("seed", range(30))
def test_what_a_module_writes_over_zeros_is_told_apart(seed: int) -> None:
    random = Random(seed)
    # Of one channel and a window of one place nothing is summed: that is no product for the array.
    batch, channels, made = (random.randint(low, 3) for low in (1, 2, 1))
    size, window = [random.randint(1, 6) for _ in range(2)], [random.randint(1, 3) for _ in range(2)]
    stride, dilation, apart = ([random.randint(1, 3) for _ in range(2)] for _ in range(3))
    border = [random.randint(0, 3) for _ in range(4)]
    wide = [(n - 1) * step + 1 for n, step in zip(size, apart, strict=True)]
    reach = [step * (taps - 1) + 1 for step, taps in zip(dilation, window, strict=True)]
    room = [wide[at] + border[2 * at] + border[2 * at + 1] - reach[at] for at in range(2)]
    if min(room) < 0:
        pytest.skip("no place for the window")
    out = [space // step + 1 for space, step in zip(room, stride, strict=True)]
    image, weight = (
        f"tensor<{'x'.join(map(str, shape))}xf32>" for shape in ((batch, *size, channels), (*window, channels, made))
    )
    text = CONVOLUTION.format(
        image=image,
        weight=weight,
        types=f"{image}, {weight}",
        made=f"tensor<{batch}x{out[0]}x{out[1]}x{made}xf32>",
        apart=", ".join(map(str, apart)),
        dilation=", ".join(map(str, dilation)),
        stride=", ".join(map(str, stride)),
        **dict(zip(("top", "bottom", "left", "right"), border, strict=True)),
    )
    found = counts_of(import_module(parse_foreign(text, "n.mlir"), "n.mlir", None, None, {}).network)
    beside = batch * channels * made
    per = [walked(*each) for each in zip(size, window, out, stride, dilation, border[::2], apart, strict=True)]
    (counts,) = found.values()
    assert counts.written == beside * prod(out) * prod(window)
    assert counts.on_elements == beside * prod(per)


def test_by_hand() -> None:
    # 8 pixels 2 apart, a zero around: 15 places of 3 taps. The first and the last pixel meet 2 of them, the others 3.
    assert walked(8, 3, 15, 1, 1, 1, apart=2) == 22
    # 4 pixels, a zero around: 2 + 3 + 3 + 2.
    assert walked(4, 3, 4, 1, 1, 1) == 10
