"""Every element-wise op once or more: what makes it, the numbers it takes, and what ONNX and torch call it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType, f32
from xdsl.ir import Block, SSAValue

from simdc.frozen import Frozen
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.gradient import rule_of
from simdc.ir.network import NetworkOp, ReturnOp
from simdc.ir.ops.activation.exponential import EluOp, ExpOp, LogOp, MishOp, SigmoidOp, SiluOp, SoftplusOp, TanhOp
from simdc.ir.ops.activation.function import AbsOp, NegateOp, ReciprocalOp, SqrtOp
from simdc.ir.ops.activation.gaussian import ErfOp, GeluOp
from simdc.ir.ops.activation.periodic import CosOp, SinOp
from simdc.ir.ops.activation.piecewise import ClipOp, HardSigmoidOp, HardSwishOp, LeakyReluOp
from simdc.ir.ops.activation.prelu import PReluOp
from simdc.ir.ops.broadcast import AddOp, DivideOp, MaximumOp, MinimumOp, MultiplyOp, PowerOp, SubtractOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.ir.ops.select import SelectOp

Array = NDArray[np.float64]
IMAGE = (2, 3, 4, 5)


class Case(Frozen):
    """`build(*operands)` makes the op called "layer". `torch(module, *tensors)` computes the same; `onnx` is the
    operator, its attributes and the opset. `span` is the range that inputs are drawn from. The last `gates` operands
    are conditions, without a gradient: every second element is 0."""

    name: str
    build: Callable[..., LayerOp]
    torch: Callable[..., Any]
    onnx: tuple[str, dict[str, Any]] | None = None
    constants: tuple[float | None, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = (IMAGE,)
    span: tuple[float, float] = (-4.0, 4.0)
    gates: int = 0

    def arrays(self, seed: int = 0) -> list[Array]:
        """Inputs for the op, all different: no maximum changes hands under a small step."""
        random = np.random.default_rng([seed, len(self.name)])
        low, high = self.span
        total = sum(int(np.prod(shape)) for shape in self.shapes)
        values = low + (random.permutation(total) + random.uniform(0.3, 0.4)) * (high - low) / total
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in self.shapes)])
        arrays = [values[ends[i] : ends[i + 1]].reshape(shape) for i, shape in enumerate(self.shapes)]
        for gate in arrays[len(arrays) - self.gates :]:
            gate.flat[::2] = 0.0
        return arrays


def plain(name: str, op: Callable[..., LayerOp], torch: str, onnx: str | None, **rest: Any) -> Case:
    """An op without attributes; `torch` is a path such as `nn.functional.silu`."""

    def run(module: Any, *tensors: Any) -> Any:
        for part in torch.split("."):
            module = getattr(module, part)
        return module(*tensors)

    return Case(name, lambda *x: op("layer", *x), run, None if onnx is None else (onnx, {}), **rest)


def scalar(function: str, value: float, torch: Callable[[Any, float], Any], onnx: str | None, **rest: Any) -> Case:
    return Case(
        f"{function} {value}",
        lambda x: ScalarOp("layer", x, function=function, value=value),
        lambda _, x: torch(x, value),
        None if onnx is None else (onnx, {}),
        constants=(value,),
        **rest,
    )


POSITIVE = {"span": (0.1, 6.0)}
ACTIVATIONS = [
    Case(
        "leaky relu", lambda x: LeakyReluOp("layer", x, alpha=0.01), lambda t, x: t.nn.functional.leaky_relu(x),
        ("LeakyRelu", {}),
    ),
    Case(
        "steep relu", lambda x: LeakyReluOp("layer", x, alpha=1.7),
        lambda t, x: t.nn.functional.leaky_relu(x, 1.7), ("LeakyRelu", {"alpha": 1.7}),
    ),
    Case(
        "falling relu", lambda x: LeakyReluOp("layer", x, alpha=-0.5),
        lambda t, x: t.nn.functional.leaky_relu(x, -0.5), ("LeakyRelu", {"alpha": -0.5}),
    ),
    Case(
        "clip", lambda x: ClipOp("layer", x, minimum=-1.0, maximum=2.5), lambda t, x: x.clamp(-1.0, 2.5), ("Clip", {}),
        constants=(-1.0, 2.5),
    ),
    Case(
        "clip below", lambda x: ClipOp("layer", x, minimum=1.0), lambda t, x: x.clamp(min=1.0), ("Clip", {}),
        constants=(1.0,),
    ),
    Case(
        "clip above", lambda x: ClipOp("layer", x, maximum=1.0), lambda t, x: x.clamp(max=1.0), ("Clip", {}),
        constants=(None, 1.0),
    ),
    plain("sigmoid", SigmoidOp, "sigmoid", "Sigmoid"),
    plain("sigmoid of far values", SigmoidOp, "sigmoid", "Sigmoid", span=(-50.0, 50.0)),
    Case(
        "hard sigmoid", lambda x: HardSigmoidOp("layer", x, alpha=0.2, beta=0.5),
        lambda t, x: (0.2 * x + 0.5).clamp(0.0, 1.0),
        ("HardSigmoid", {}),
    ),
    Case(
        "hard sigmoid of torch", lambda x: HardSigmoidOp("layer", x, alpha=1 / 6, beta=0.5),
        lambda t, x: (x / 6 + 0.5).clamp(0.0, 1.0), ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    ),
    plain("hard swish", HardSwishOp, "nn.functional.hardswish", "HardSwish"),
    plain("tanh", TanhOp, "tanh", "Tanh"),
    plain("tanh of far values", TanhOp, "tanh", "Tanh", span=(-50.0, 50.0)),
    Case("elu", lambda x: EluOp("layer", x, alpha=1.0), lambda t, x: t.nn.functional.elu(x), ("Elu", {})),
    Case(
        "elu of far values", lambda x: EluOp("layer", x, alpha=1.5), lambda t, x: t.nn.functional.elu(x, 1.5),
        ("Elu", {"alpha": 1.5}), span=(-50.0, 50.0),
    ),
    Case("gelu", lambda x: GeluOp("layer", x, approximate="none"), lambda t, x: t.nn.functional.gelu(x), ("Gelu", {})),
    Case(
        "gelu by tanh", lambda x: GeluOp("layer", x, approximate="tanh"),
        lambda t, x: t.nn.functional.gelu(x, approximate="tanh"), ("Gelu", {"approximate": "tanh"}),
    ),
    Case(
        "gelu by tanh of far values", lambda x: GeluOp("layer", x, approximate="tanh"),
        lambda t, x: t.nn.functional.gelu(x, approximate="tanh"), ("Gelu", {"approximate": "tanh"}), span=(-50.0, 50.0),
    ),
    plain("gelu of far values", partial(GeluOp, approximate="none"), "nn.functional.gelu", "Gelu", span=(-50.0, 50.0)),
    plain("mish", MishOp, "nn.functional.mish", "Mish"),
    plain("mish of far values", MishOp, "nn.functional.mish", "Mish", span=(-50.0, 50.0)),
    plain("silu", SiluOp, "nn.functional.silu", "Swish"),
    plain("silu of far values", SiluOp, "nn.functional.silu", "Swish", span=(-50.0, 50.0)),
    *(
        Case(
            name, lambda x: SoftplusOp("layer", x), lambda t, x: t.nn.functional.softplus(x, threshold=100.0),
            ("Softplus", {}), span=span,
        )
        for name, span in (("softplus", (-4.0, 4.0)), ("softplus of far values", (-50.0, 50.0)))
    ),
    plain("erf", ErfOp, "erf", "Erf"),
    plain("erf of far values", ErfOp, "erf", "Erf", span=(-50.0, 50.0)),
    plain("sin", SinOp, "sin", "Sin"),
    plain("sin of far values", SinOp, "sin", "Sin", span=(-50.0, 50.0)),
    plain("cos", CosOp, "cos", "Cos"),
    plain("cos of far values", CosOp, "cos", "Cos", span=(-50.0, 50.0)),
    plain("exp", ExpOp, "exp", "Exp"),
    plain("log", LogOp, "log", "Log", **POSITIVE),
    plain("sqrt", SqrtOp, "sqrt", "Sqrt", **POSITIVE),
    plain("abs", AbsOp, "abs", "Abs"),
    plain("negate", NegateOp, "neg", "Neg"),
    plain("reciprocal", ReciprocalOp, "reciprocal", "Reciprocal", **POSITIVE),
    plain("sigmoid of a matrix", SigmoidOp, "sigmoid", "Sigmoid", shapes=((3, 7),)),
    plain("sigmoid of a list", SigmoidOp, "sigmoid", "Sigmoid", shapes=((7,),)),
    plain("sigmoid of a sequence", SigmoidOp, "sigmoid", "Sigmoid", shapes=((2, 3, 4),)),
]  # fmt: skip

SLOPED: list[tuple[int, ...]] = [(3,), (3, 1, 1), (1, 3, 1, 1), (1,), (1, 1, 1), (3, 4, 5)]
PRELUS = [
    Case(
        f"prelu {list(shape)}",
        lambda x, slope: PReluOp("layer", x, slope),
        lambda t, x, slope: t.where(x > 0, x, x * (slope[:, None, None] if slope.shape == (3,) else slope)),
        None if shape == (3,) else ("PRelu", {}),
        shapes=(IMAGE, shape),
    )
    for shape in SLOPED
]

SHAPES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    (IMAGE, IMAGE),
    (IMAGE, (3, 1, 1)),
    (IMAGE, (1, 3, 1, 1)),
    (IMAGE, (2, 3, 1, 1)),
    (IMAGE, (2, 1, 4, 5)),
    (IMAGE, (5,)),
    (IMAGE, (1,)),
    ((2, 3, 1, 1), IMAGE),
    ((2, 1, 4, 5), (3, 1, 1)),
    ((3, 4), (4,)),
    ((4,), (4,)),
    ((1, 4), (3, 1)),
    ((2, 3, 4), (2, 1, 4)),
]
BINARIES: list[tuple[Callable[..., LayerOp], str, str, dict[str, Any]]] = [
    (AddOp, "add", "Add", {}),
    (SubtractOp, "sub", "Sub", {}),
    (MultiplyOp, "mul", "Mul", {}),
    (DivideOp, "div", "Div", POSITIVE),
    (PowerOp, "pow", "Pow", {"span": (0.3, 3.0)}),
    (MaximumOp, "maximum", "Max", {}),
    (MinimumOp, "minimum", "Min", {}),
]
JOINS = [
    plain(f"{torch} {list(lhs)} {list(rhs)}", op, torch, onnx, shapes=(lhs, rhs), **rest)
    for op, torch, onnx, rest in BINARIES
    for lhs, rhs in SHAPES
]
SCALARS = [
    scalar("add", 0.7, lambda x, v: x + v, "Add"),
    scalar("sub", 0.7, lambda x, v: x - v, "Sub"),
    scalar("rsub", 0.7, lambda x, v: v - x, None),
    scalar("mul", -1.3, lambda x, v: x * v, "Mul"),
    scalar("div", -1.3, lambda x, v: x / v, "Div"),
    scalar("rdiv", 2.5, lambda x, v: v / x, None),
    scalar("max", 0.5, lambda x, v: x.clamp(min=v), "Max"),
    scalar("min", 0.5, lambda x, v: x.clamp(max=v), "Min"),
    *(scalar("pow", float(value), lambda x, v: x**v, "Pow") for value in (0, 1, 2, 3, 5, 6, 7, 13, -1, -2, -3)),
    *(scalar("pow", value, lambda x, v: x**v, "Pow", **POSITIVE) for value in (0.5, -0.5, 1.5, -0.3)),
]
CHOICES = [
    Case(
        f"where {list(lhs)} {list(rhs)} {list(gate)}",
        lambda x, y, gate: SelectOp("layer", gate, x, y),
        lambda t, x, y, gate: t.where(gate != 0, x, y),
        shapes=(lhs, rhs, gate),
        gates=1,
    )
    for lhs, rhs in SHAPES
    for gate in dict.fromkeys((lhs, rhs, (1,)))
] + [
    Case(
        "where number", lambda x, gate: SelectOp("layer", gate, x, 0.5), lambda t, x, gate: t.where(gate != 0, x, 0.5),
        shapes=(IMAGE, IMAGE), gates=1,
    ),
    Case(
        "where number first", lambda x, gate: SelectOp("layer", gate, 0.5, x),
        lambda t, x, gate: t.where(gate != 0, 0.5, x), shapes=(IMAGE, (4, 1)), gates=1,
    ),
]  # fmt: skip
CASES = [*ACTIVATIONS, *PRELUS, *JOINS, *SCALARS, *CHOICES]
NAMES = [case.name for case in CASES]


class Gradients:
    """What a gradient rule may do, for one op whose upstream gradient is an argument of the network."""

    def __init__(self, block: Block, upstream: SSAValue):
        self.block = block
        self.given: dict[SSAValue, SSAValue] = {}
        self._upstream = upstream

    def upstream(self, result: SSAValue) -> SSAValue:
        return self._upstream

    def needs(self, value: SSAValue) -> bool:
        return True

    def emit(self, op: LayerOp, step: str) -> LayerOp:
        op.phase = StringAttr(step)
        self.block.add_op(op)
        return op

    def give(self, value: SSAValue, gradient: SSAValue) -> None:
        self.given[value] = gradient


def network(case: Case) -> ModuleOp:
    """The op and its gradients: from its operands and the gradient of its result to its result and the gradients of
    its operands."""
    block = Block(arg_types=[TensorType(f32, shape) for shape in case.shapes])
    operands = list(block.args)
    op = case.build(*operands)
    block.add_op(op)
    upstream = block.insert_arg(op.results[0].type, len(case.shapes))
    gradients = Gradients(block, upstream)
    rule = rule_of(type(op))
    assert rule is not None
    rule(op, gradients)
    block.add_op(ReturnOp(op.results[0], *(gradients.given[value] for value in operands[: len(operands) - case.gates])))
    module = ModuleOp([NetworkOp("n", "training", shape_of(block.args[0])[0], 0, block)])
    module.verify()
    return module
