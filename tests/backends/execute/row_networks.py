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
  return flatten(d) -> fc(3, name="head")
}
"""


def every_row(batch: int = 2) -> ModuleOp:
    return parse_dsl(EVERY_ROW, "rows.dsl", batch)
