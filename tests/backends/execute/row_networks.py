"""Networks in which every layer occurs that goes over rows."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from simdc.frontends.dsl import parse_dsl

# Two queries fewer than keys, a mask that is repeated over heads and one that is not; both are made of data, so that
# they have gradients.
EVERY_ROW = """
network rows(x: 3x4x6, y: 1x4x6, z: 6) {
  a = softmax(x, axis=-1, scale=0.5, causal=true, name="causal")
  b = masked_softmax(a, y, scale=3.0, name="masked")
  c = masked_softmax(b, reshape(z, [1, 1, 6]), causal=true, name="both")
  d = softmax(c, axis=1, scale=-2.0, name="across") -> softmax(axis=2, name="plain")
  e = rms_norm(d, name="rms") -> rms_norm(axis=2, scale=false, name="plain_rms")
  f = conv(e, 4, 1, name="more") -> group_norm(2, name="groups") -> layer_norm(axis=2, name="layer")
  g = log_softmax(f, axis=-1, name="logs") -> instance_norm(name="each")
  h = reshape(g, [2, 2, 4, 6]) -> rms_norm(axis=3, name="rms5") -> layer_norm(name="layer5") -> group_norm(1)
  return flatten(h) -> fc(3, name="head")
}
"""


def every_row(batch: int = 2) -> ModuleOp:
    return parse_dsl(EVERY_ROW, "rows.dsl", batch)


UNEVEN = """
network uneven(x: 2x21) {
  return log_softmax(layer_norm(rms_norm(softmax(x, axis=-1, scale=0.5))), axis=-1)
}
"""
"""Rows of 21, which form `split` cuts into 11 parts of 2, the last of 1."""


def uneven(batch: int = 2) -> ModuleOp:
    return parse_dsl(UNEVEN, "uneven.dsl", batch)
