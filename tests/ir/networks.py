"""A network in which every op of the dialect and every kind of property value occurs, and examples made short."""

from __future__ import annotations

import re
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from simdc.frontends.dsl import parse_dsl
from simdc.frontends.presets import presets
from simdc.ir.network import network_of
from simdc.ir.token_run import AS_WRITTEN, TokenRun
from simdc.ir.unmodelled import UnmodelledOp

EVERY_OP = """
network everything(x: 4x19x17, y: 8x9x9) {
  a = conv(x, 8, [3, 5], stride=2, pad=[1, 2, 1, 2], dilation=[1, 1], name="plain")
  b = conv(x, 8, 3, stride=2, pad=[2, 1, 1, 2], dilation=[1, 1], groups=4, bias=true, name="grouped")
  d = conv(x, 4, 3, pad=[3, 0, 2, 1], dilation=[2, 3], name="dilated")
  a = bn(a) -> relu
  b = maxpool(b, 3, stride=1, pad=1) -> lrn(size=5, alpha=0.0001, beta=0.75, bias=2.0)
  z = avgpool(y, [2, 3], stride=[1, 2], pad=[1, 0, 0, 1])
  s = global_avgpool(d) -> flatten -> dropout(0.25) -> fc(10, bias=false) -> fc(7) -> softmax
  z = concat(z, y -> avgpool([2, 3], stride=[1, 2], pad=[1, 0, 0, 1], name="again"), name="joined")
  s = concat(s, s, name="flat_joined")
  return a, b, z, s, add(y, y)
}
"""


def every_op() -> ModuleOp:
    """The network as it is read: no machine, no tilings; 3 images."""
    module = parse_dsl(EVERY_OP, "everything.dsl", 3)
    block = network_of(module).body.block
    last = block.last_op
    assert last is not None
    block.insert_op_before(UnmodelledOp("loss", operation="cross_entropy_loss"), last)
    return module


def short_example(name: str, batch: int = 1, run: TokenRun = AS_WRITTEN) -> ModuleOp:
    """An example whose like blocks come twice, not 12 or 32 times: the third has nothing that the second has not."""
    path = presets("networks")[name]
    return parse_dsl(shortened(path.read_text(encoding="utf-8")), path.name, batch, run)


SAME_SHORT = {"resnet34": "resnet18", "resnet101": "resnet50"}
"""Examples that differ from another in how often blocks come only: short they are the same but for their names."""


def short_examples() -> list[str]:
    """The names of the examples of which each says something when short."""
    return sorted(presets("networks").keys() - SAME_SHORT.keys())


def shortened(text: str) -> str:
    return re.sub(r"repeat (\w+)", r"repeat min(\1, 2)", text)


def written(folder: Path, text: str, name: str = "net.dsl") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)
