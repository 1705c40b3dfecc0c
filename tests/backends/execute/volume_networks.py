"""A network in which every layer of volumes occurs."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from simdc.frontends.dsl import parse_dsl

EVERY_VOLUME = """
network volumes(x: 2x5x6x4) {
  x = conv3d(x, 4, [2, 3, 2], stride=[1, 2, 1], pad=[1, 0, 1, 0, 1, 0], bias=true, name="stem")
  x = conv3d(x, 4, [1, 2, 2], dilation=[1, 1, 2], pad=[0, 1, 1], groups=2, name="grouped")
  x = conv3d(x, 4, 2, pad=1, groups=4, bias=true, name="depthwise") -> maxpool3d([2, 2, 3], stride=[2, 1, 2], pad=1)
  x = avgpool3d(x, [2, 1, 2], stride=1, pad=[1, 0, 0, 0, 0, 1], count_include_pad=false, name="border")
  x = avgpool3d(x, 2, stride=1, name="plain")
  x = conv_transpose3d(x, 6, [2, 2, 1], stride=[2, 1, 2], output_pad=[1, 0, 1], pad=[0, 1, 0], groups=2, bias=true)
  return flatten(x) -> fc(3, name="head")
}
"""


def every_volume(batch: int = 2) -> ModuleOp:
    return parse_dsl(EVERY_VOLUME, "volumes.dsl", batch)
