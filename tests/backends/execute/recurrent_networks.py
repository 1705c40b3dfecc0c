"""A network in which every recurrent layer occurs."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from simdc.frontends.dsl import parse_dsl

EVERY_RECURRENCE = """
network recurrent(x: 3x4) {
  x = lstm(x, 5, bidirectional=true, name="both") -> gru(3, name="gated")
  y = rnn(x, 2, function="relu", name="plain") -> lstm(3, last=true, bias=false, name="end")
  return add(y, gru(x, 3, last=true, name="gated_end")) -> fc(3, name="head")
}
"""


def every_recurrence(batch: int = 2) -> ModuleOp:
    return parse_dsl(EVERY_RECURRENCE, "recurrent.dsl", batch)
