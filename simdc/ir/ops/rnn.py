"""Plain recurrent layers: one function of the sum of what input and state give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from xdsl.ir import SSAValue

from simdc.ir.base import LayerOp
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import layer
from simdc.ir.options import Flag, Freeze, Positive, one_of

from .activation.exponential import TanhOp
from .broadcast import AddOp
from .lstm import Bidirectional, Last
from .recurrence import (
    Unrolled,
    Weights,
    input_gates,
    joined,
    make_weights,
    product_of_state,
    sequence_of,
    zero_state,
)
from .relu import ReluOp

FUNCTIONS: dict[str, Callable[[str, SSAValue], LayerOp]] = {"tanh": TanhOp, "relu": ReluOp}


def run_rnn(
    net: ModuleBuilder,
    name: str,
    gates: Sequence[SSAValue],
    weights: Weights,
    hidden: SSAValue,
    *,
    reverse: bool,
    function: str = "tanh",
) -> Unrolled:
    """The steps one after the other from `hidden` on, with the last step first in `reverse`; `gates` are the input's
    parts."""
    made: dict[int, SSAValue] = {}
    for number in sorted(range(len(gates)), reverse=reverse):
        step = f"{name}.step{number}"
        product = product_of_state(net, step, hidden, weights)
        total = net.append(AddOp(f"{step}.sum", gates[number], product), f"{step}.sum")
        made[number] = hidden = net.append(FUNCTIONS[function](f"{step}.state", total), f"{step}.state")
    return Unrolled([made[number] for number in range(len(gates))], (hidden,))


@layer
def rnn(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    features: Annotated[Positive, "of the state"],
    function: Annotated[str, one_of(*FUNCTIONS)] = "tanh",
    bidirectional: Bidirectional = False,
    last: Last = False,
    bias: Flag = True,
    freeze: Freeze = False,
) -> SSAValue:
    """A plain recurrent layer over [n, t, features]: the hidden state after each step."""
    n, _, given = sequence_of(x)
    runs: list[Unrolled] = []
    for side in (name, f"{name}.reverse")[: 1 + bidirectional]:
        weights = make_weights(net, side, (features, given), 1, bias=bias, frozen=freeze)
        hidden = zero_state(net, f"{side}.initial_hidden", (n, features))
        gates = input_gates(net, side, x, weights, axis=1)
        runs.append(run_rnn(net, side, gates, weights, hidden, reverse=side != name, function=function))
    return joined(net, name, runs, last=last)
