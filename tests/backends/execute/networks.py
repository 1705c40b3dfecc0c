"""Networks to train: one with every op, and smaller relatives of known ones."""

from __future__ import annotations

from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from simdc.frontends.dsl import parse_dsl

EXAMPLES = Path(__file__).parents[3] / "examples" / "networks"

EVERY_OP = """
network everything(x: 4x11x9) {
  a = conv(x, 6, [3, 2], stride=[2, 1], pad=[1, 1, 0, 0], bias=true, name="strided") -> bn(name="bn_a") -> relu
  b = conv(x, 6, 3, stride=[2, 1], pad=[2, 3, 1, 1], dilation=2, groups=2, name="grouped")
  b = maxpool(b, 3, stride=1, pad=1, name="overlap") -> lrn(size=3, alpha=0.5, beta=0.75, bias=1.0)
  c = avgpool(x, [3, 2], stride=[2, 1], pad=[0, 0, 1, 1], name="average") -> conv(6, 1, bias=true, name="pointwise")
  d = add(a, b) -> add(c, name="second") -> relu(name="joined")
  e = conv(d, 6, 3, pad=1, groups=6, name="depthwise") -> dropout(0.25) -> add(d, name="skip")
  f = global_avgpool(concat(e, a, d, name="wide_open")) -> flatten
  f = concat(f, flatten(global_avgpool(b)), name="flat_join") -> fc(5, bias=false, name="head")
  g = maxpool(e, 2, name="apart") -> lrn(size=4, name="even") -> flatten -> fc(5, name="wide") -> bn(name="flat")
  return add(f, g, name="logits") -> softmax
}
"""

FORKS = """
network forks(x: 3x6x6) {
  x = conv(x, 4, 3, pad=1, name="stem")
  a = conv(x, 4, 1, name="left") -> bn -> relu
  b = conv(x, 4, 3, pad=1, name="middle") -> relu
  c = conv(x, 4, 5, pad=2, name="right") -> bn
  y = add(add(a, b), add(c, x)) -> relu(name="joined")
  z = add(add(y, y), add(y, x))
  return global_avgpool(z) -> fc(3), flatten(z) -> fc(4)
}
"""

INCEPTION_LIKE = """
network inception_like(x: 3x10x10) {
  x = conv(x, 8, 3, pad=1) -> bn -> relu
  x = mixed(x, 3) -> mixed(4) -> maxpool(2) -> mixed(5)
  return x -> global_avgpool -> flatten -> fc(6)
}
block mixed(x, c) {
  a = conv(x, c, 1, bias=true) -> relu
  b = conv(x, c, 1) -> bn -> relu -> conv(2 * c, 3, pad=1) -> relu
  d = maxpool(x, 3, stride=1, pad=1) -> conv(c, 1) -> relu
  return concat(a, b, d)
}
"""

VGG_LIKE = """
network vgg_like(x: 3x16x16) {
  x = pair(x, 6, name="a") -> pair(8, name="b") -> flatten
  return x -> fc(24) -> relu -> dropout -> fc(16) -> relu -> fc(10) -> softmax
}
block pair(x, c) {
  return x -> conv(c, 3, pad=1, bias=true) -> relu -> conv(c, 3, pad=1, bias=true) -> relu -> maxpool(2)
}
"""


def every_op(batch: int = 3) -> ModuleOp:
    return parse_dsl(EVERY_OP, "everything.dsl", batch)


def forks(batch: int = 3) -> ModuleOp:
    return parse_dsl(FORKS, "forks.dsl", batch)


def inception_like(batch: int = 3) -> ModuleOp:
    return parse_dsl(INCEPTION_LIKE, "inception.dsl", batch)


def vgg_like(batch: int = 4) -> ModuleOp:
    return parse_dsl(VGG_LIKE, "vgg.dsl", batch)


def small_resnet18(batch: int = 4) -> ModuleOp:
    """ResNet-18 for images of 32 x 32 and ten classes, with a quarter of the channels."""
    text = (EXAMPLES / "resnet18.dsl").read_text(encoding="utf-8")
    for old, new in (("3x224x224", "3x32x32"), ("fc(1000", "fc(10"), ("64", "16"), ("128", "32"), ("256", "64")):
        text = text.replace(old, new)
    return parse_dsl(text.replace("512", "128"), "resnet18.dsl", batch)


def example(name: str, batch: int = 1) -> ModuleOp:
    return parse_dsl((EXAMPLES / f"{name}.dsl").read_text(encoding="utf-8"), f"{name}.dsl", batch)
