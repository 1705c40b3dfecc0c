"""A network in which every element-wise op occurs, most of them side by side on one tensor.

The numbers that `random_inputs` gives are odd multiples of 1/30 there: no corner of a function lies on one.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_table import layer_table

SIDE_BY_SIDE: list[tuple[str, dict[str, object]]] = [
    ("leaky_relu", {"alpha": 0.3}),
    ("prelu", {}),
    ("clip", {"minimum": -1.0, "maximum": 1.6}),
    ("relu6", {}),
    ("elu", {"alpha": 0.7}),
    ("hardsigmoid", {}),
    ("hardswish", {}),
    ("gelu", {}),
    ("gelu", {"approximate": "tanh"}),
    ("sigmoid", {}),
    ("tanh", {}),
    ("silu", {}),
    ("mish", {}),
    ("softplus", {}),
    ("erf", {}),
    ("exp", {}),
    ("abs", {}),
    ("sin", {}),
    ("cos", {}),
    ("neg", {}),
    ("scalar", {"function": "pow", "value": 3.0}),
    ("scalar", {"function": "mul", "value": 0.4}),
    ("scalar", {"function": "max", "value": 0.2}),
]
STEPS = ["round", "floor", "ceil", "sign"]
ON_POSITIVE = ["log", "sqrt", "reciprocal"]
JOINS = ["add", "sub", "mul", "div", "pow", "maximum", "minimum"]


def every_function(batch: int = 2) -> ModuleOp:
    net = ModuleBuilder("functions", batch, "test")
    names = iter(range(1000))

    def layer(kind: str, *inputs: SSAValue, **arguments: object) -> SSAValue:
        return layer_table()[kind].add(net, inputs, arguments, f"{kind}{next(names)}")

    x, gate, line = net.input("x", (3, 4, 5)), net.input("gate", (3, 1, 1)), net.input("line", (3,))
    wide = layer("scalar", x, function="mul", value=2.0)
    positive = layer("scalar", layer("softplus", x), function="add", value=0.5)
    steep = layer("scalar", layer("sigmoid", gate), function="add", value=0.5)
    parts = [layer(kind, wide, **arguments) for kind, arguments in SIDE_BY_SIDE]
    parts += [layer(kind, positive) for kind in ON_POSITIVE]
    # Odd multiples of 1/15 and 0.31 are neither whole nor halves.
    aside = layer("scalar", wide, function="add", value=0.31)
    parts += [layer(kind, aside) for kind in STEPS]
    parts += [layer(kind, positive, steep) for kind in JOINS]
    gates = [layer(kind, wide, gate) for kind in ("equal", "less", "less_or_equal")]
    gates.append(layer("scalar", wide, function="greater", value=0.4))
    parts += [layer("where", each, wide, steep) for each in gates]
    total = parts[0]
    for part in parts[1:]:
        total = layer("add", total, layer("scalar", part, function="div", value=4.0))
    scale = net.parameter("gated", "scale", (3, 1, 1))
    shift = net.parameter("shifted", "shift", (1, 1, 5))
    total = layer("sub", layer("mul", total, scale), shift)
    flat = layer("fc", layer("flatten", total), features=3)
    return net.finish([layer("tanh", layer("mul", flat, line))])
