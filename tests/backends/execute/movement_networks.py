"""Networks in which every layer that moves data, pools at borders, reduces or multiplies activations occurs."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from simdc.frontends.dsl import parse_dsl

EVERY_MOVE = """
network moves(x: 4x6x5) {
  x = conv(x, 4, 3, pad=1, bias=true, name="stem")
  a = slice(x, 1, 1, 3) -> pad([1, 2, 0, 1], value=0.5) -> slice(2, 0, 4, 2) -> upsample(2, name="twice")
  b = channel_shuffle(x, 2) -> transpose([0, 1, 3, 2]) -> layer_norm(axis=3, name="rows")
  b = b -> resize([7, 4], name="odd") -> global_maxpool -> flatten
  c = upsample(x, 2, mode="linear", name="bilinear") -> avgpool(3, stride=2, pad=1, count_include_pad=false)
  c = concat(c, x, axis=2, name="below") -> resize([9, 13], mode="linear", coordinates="align_corners", name="many")
  d = conv_transpose(x, 6, 3, stride=2, pad=1, output_pad=[1, 0], groups=2, bias=true, name="spread")
  d = instance_norm(d) -> maxpool(2, stride=[2, 3], dilation=2, ceil_mode=true) -> softmax(axis=1, name="classes")
  e = reduce_mean(d, [2, 3]) -> concat(reduce_sum(c, [2, 3]), reduce_mean(a, [-1, 2]), b)
  f = reduce_mean(x, 2, keepdims=true) -> reduce_sum(2) -> reduce_sum(1, keepdims=true) -> reshape(5)
  f = matmul(fc(f, 3), fc(e, 4) -> transpose([1, 0]) -> slice(0, 0, 3)) -> softmax(axis=0, name="attention")
  g = reduce_max(x, [2, 3]) -> reshape([1, 4]) -> expand([3, 4]) -> reduce_product(1)
  h = add(reduce_min(x, [-1], keepdims=true) -> expand([4, 6, 2]) -> reduce_max([1, 3]) -> fc(4), g)
  h = mul(h, argmax(c, axis=2) -> reduce_sum(2) -> fc(4)) -> sub(argmin(x, -1, keepdims=true) -> reduce_mean([2, 3]))
  e = concat(e, scalar(h, "mul", 0.002))
  return matmul(f, concat(e, e, axis=0) -> slice(0, 1, BATCH)) -> fc(3, name="head")
}
"""


def every_move(batch: int = 3) -> ModuleOp:
    return parse_dsl(EVERY_MOVE.replace("BATCH", str(batch)), "moves.dsl", batch)
