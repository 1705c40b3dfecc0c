"""Activations that exporters write as several nodes: SiLU, GELU by erf and by tanh, hard sigmoid and hard swish.

A tree of Mul, Div and Pow is read as a product: a factor that is a number, times values. That takes care of the order
in which an exporter multiplies and of whether it divides by 6 or multiplies by 1/6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isclose, pi, sqrt

from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.ir.base import LayerOp
from simdc.ir.ops.activation.exponential import SiluOp
from simdc.ir.ops.activation.gaussian import GeluOp
from simdc.ir.ops.activation.piecewise import HardSigmoidOp, HardSwishOp
from simdc.named import NamedTuple

from .build import Build
from .constant import Constant, Value
from .graph import Node
from .problems import Unsupported

TOLERANCE = 1e-3
"""Relative: exporters round sqrt(2) to half precision and write 0.7978 for sqrt(2 / pi)."""

DEEPEST = 8
"""Levels of a tree that are looked at: no activation has more."""


class Product(NamedTuple):
    """`number` times the values called `factors`, made by the nodes `inner` but the last."""

    number: float
    factors: tuple[str, ...]
    inner: tuple[Node, ...]


class Fusion(NamedTuple):
    """One activation of the value `source`, in place of the node that ends it; `inner` are the nodes before that."""

    source: str
    op: Callable[[str, SSAValue], LayerOp]
    inner: tuple[Node, ...]

    def make(self, build: Build, source: Value) -> Value:
        tensor = build.parameter(source, "constant") if isinstance(source, Constant) else source
        return build.add(self.op(build.name, tensor))


class Fusions(NamedTuple):
    """By the number of the node that ends each."""

    roots: dict[int, Fusion]
    covered: frozenset[int]

    def inside(self, node: Node) -> bool:
        return node.number in self.covered


def find_fusions(nodes: Sequence[Node], values: Mapping[str, Value], readers: Mapping[str, Sequence[Node]]) -> Fusions:
    """The activations among `nodes`; `values` holds the constants, `readers` who reads what."""
    search = _Search({name: node for node in nodes for name in node.outputs}, values, readers)
    roots: dict[int, Fusion] = {}
    covered: set[int] = set()
    for node in reversed(nodes):
        if node.operator in ("Mul", "Div") and node.number not in covered:
            found = search.match(node)
            if found is not None:
                roots[node.number] = found
                covered |= {inner.number for inner in found.inner}
    return Fusions(roots, frozenset(covered))


class _Search:
    def __init__(self, makers: Mapping[str, Node], values: Mapping[str, Value], readers: Mapping[str, Sequence[Node]]):
        self.makers = makers
        self.values = values
        self.readers = readers

    def match(self, root: Node) -> Fusion | None:
        try:
            return self._match(root)
        except (Unsupported, SimdcError):
            # A damaged attribute or a number that the file does not hold: the nodes stay what they are.
            return None

    def _match(self, root: Node) -> Fusion | None:
        product = self.product(root.outputs[0], root=True)
        if product is None:
            return None
        for pattern in (self.silu, self.hard_swish, self.hard_sigmoid, self.gelu):
            found = pattern(product)
            if found is not None:
                inner = tuple(node for node in (*product.inner, *found.inner) if node.number != root.number)
                return found._replace(inner=inner)
        return None

    def number(self, name: str) -> float | None:
        value = self.values.get(name)
        known = isinstance(value, Constant) and value.elements == 1 and max(value.shape, default=1) == 1
        return value.number() if isinstance(value, Constant) and known else None

    def single(self, name: str, *operators: str) -> Node | None:
        """The node that makes a value which one node alone reads, if it is one of these."""
        node = self.makers.get(name)
        alone = node is not None and len({reader.number for reader in self.readers.get(name, ())}) == 1
        only = alone and len(self.readers.get(name, ())) == 1
        return node if node is not None and only and node.operator in operators else None

    def product(self, name: str, *, root: bool = False, depth: int = 0) -> Product | None:
        """`name` as a product; None where a number is not known."""
        node = self.makers.get(name) if root else self.single(name, "Mul", "Div", "Pow")
        number = self.number(name)
        if number is not None:
            return Product(number, (), ())
        if node is None or len(node.inputs) != 2 or depth > DEEPEST:
            return Product(1.0, (name,), ())
        left = self.product(node.inputs[0], depth=depth + 1)
        if node.operator == "Mul":
            right = self.product(node.inputs[1], depth=depth + 1)
            if left is None or right is None:
                return None
            return Product(
                left.number * right.number, (*left.factors, *right.factors), (*left.inner, *right.inner, node)
            )
        exponent = self.number(node.inputs[1])
        if left is None or exponent is None or not exponent:
            return Product(1.0, (name,), ())
        if node.operator == "Div":
            return Product(left.number / exponent, left.factors, (*left.inner, node))
        if exponent not in (2.0, 3.0):
            return Product(1.0, (name,), ())
        power = int(exponent)
        return Product(left.number**power, left.factors * power, (*left.inner, node))

    def sum(self, name: str) -> tuple[float, Product, Node] | None:
        """`name` as a number plus a product."""
        node = self.single(name, "Add")
        if node is None or len(node.inputs) != 2:
            return None
        for place in (0, 1):
            number = self.number(node.inputs[place])
            other = self.product(node.inputs[1 - place])
            if number is not None and other is not None:
                return number, other, node
        return None

    def silu(self, product: Product) -> Fusion | None:
        for gate, source in _splits(product.factors):
            node = self.single(gate, "Sigmoid")
            if node is not None and _near(product.number, 1) and source == (node.inputs[0],):
                return Fusion(node.inputs[0], SiluOp, (node,))
        return None

    def relu6(self, name: str) -> tuple[str, tuple[Node, ...]] | None:
        """`x` where `name` is `min(max(x + 3, 0), 6)`."""
        node = self.single(name, "Clip")
        if node is None:
            return None
        limits = [
            self.number(node.inputs[place]) if len(node.inputs) > place else node.attributes.get(word)
            for place, word in ((1, "min"), (2, "max"))
        ]
        shifted = self.sum(node.inputs[0])
        if limits != [0, 6] or shifted is None:
            return None
        number, product, add = shifted
        return (product.factors[0], (add, node)) if number == 3 and _is_alone(product) else None

    def hard_swish(self, product: Product) -> Fusion | None:
        for gate, source in _splits(product.factors):
            found = self.relu6(gate)
            if found is not None and _near(product.number, 1 / 6) and source == (found[0],):
                return Fusion(found[0], HardSwishOp, found[1])
            node = self.single(gate, "HardSigmoid")
            gates = node is not None and _near(product.number, 1) and source == (node.inputs[0],)
            if node is not None and gates and _is_hard_sigmoid(node):
                return Fusion(node.inputs[0], HardSwishOp, (node,))
        return None

    def hard_sigmoid(self, product: Product) -> Fusion | None:
        found = self.relu6(product.factors[0]) if len(product.factors) == 1 else None
        if found is None or not _near(product.number, 1 / 6):
            return None
        return Fusion(found[0], partial(HardSigmoidOp, alpha=1 / 6, beta=0.5), found[1])

    def gelu(self, product: Product) -> Fusion | None:
        """`x / 2 * (1 + erf(x / sqrt(2)))`, or with `tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))` for the erf."""
        for gate, source in _splits(product.factors):
            plus_one = self.sum(gate)
            if plus_one is None or len(source) != 1 or not _near(product.number, 0.5) or plus_one[0] != 1:
                continue
            _, inside, add = plus_one
            node = self.single(inside.factors[0], "Erf", "Tanh") if _is_alone(inside) else None
            argument = None if node is None else self.product(node.inputs[0])
            if node is None or argument is None or len(argument.factors) != 1:
                continue
            if node.operator == "Erf" and argument.factors == source and _near(argument.number, sqrt(0.5)):
                return Fusion(source[0], partial(GeluOp, approximate="none"), (*argument.inner, node, add))
            cubic = self.cubic(argument.factors[0], source[0])
            if node.operator == "Tanh" and cubic is not None and _near(argument.number, sqrt(2 / pi)):
                inner = (*cubic, *argument.inner, node, add)
                return Fusion(source[0], partial(GeluOp, approximate="tanh"), inner)
        return None

    def cubic(self, name: str, x: str) -> tuple[Node, ...] | None:
        """The nodes of `x + 0.044715 * x^3`."""
        add = self.single(name, "Add")
        if add is None or x not in add.inputs:
            return None
        other = add.inputs[1] if add.inputs[0] == x else add.inputs[0]
        power = self.product(other)
        if power is None or power.factors != (x, x, x) or not _near(power.number, 0.044715):
            return None
        return (*power.inner, add)


def _splits(factors: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Each factor with the others."""
    return [(factor, (*factors[:place], *factors[place + 1 :])) for place, factor in enumerate(factors)]


def _near(found: float, wanted: float) -> bool:
    return isclose(found, wanted, rel_tol=TOLERANCE)


def _is_hard_sigmoid(node: Node) -> bool:
    """The one inside hard swish: `x / 6 + 1 / 2` between 0 and 1."""
    return _near(node.real("alpha", 0.2), 1 / 6) and _near(node.real("beta", 0.5), 0.5)


def _is_alone(product: Product) -> bool:
    return len(product.factors) == 1 and product.number == 1 and not product.inner
