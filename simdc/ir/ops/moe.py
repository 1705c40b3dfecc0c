"""A mixture of experts: a router gives each token to a few of several small networks.

Which expert a token goes to is data, and how many tokens an expert gets decides what is read: so that is stated. A run
takes the tokens in turn; the router's own choice is computed and priced, and nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Annotated, Literal

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import OpResult, SSAValue

from simdc.ir.base import shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.network import ROUTE
from simdc.ir.options import Counts, Freeze, Positive, one_of
from simdc.named import NamedTuple

from .broadcast import MultiplyOp
from .free import ReshapeOp
from .gated import GatedOp
from .gather import GatherOp, ScatterAddOp
from .linear import LinearOp
from .softmax import SoftmaxOp
from .top_k import TopKOp

Routing = Literal["balanced", "best", "worst"]
MOST_EXPERTS = 512
ROUTINGS: tuple[Routing, ...] = ("best", "balanced", "worst")
"""From the fewest weights to the most unequal experts."""


class Mixture(NamedTuple):
    """`tokens` tokens, each of which goes to `active` of the `experts`."""

    tokens: int
    experts: int
    active: int

    @property
    def reached(self) -> int:
        """As many experts as can have a token at all."""
        return min(self.experts, self.tokens * self.active)

    def counts(self, routing: Routing) -> tuple[int, ...]:
        """Tokens of each expert. All three have as many products; `best` reads the fewest weights, all tokens going to
        the same experts, the others the most: `balanced` gives each expert the same, `worst` one token to all but
        `active` experts."""
        # 128 tokens, 2 of 8 experts each: 32 for each; 128, 128; or 125, 125, 1, 1, 1, 1, 1, 1.
        turns = self.tokens * self.active
        if routing == "best":
            found = [self.tokens] * self.active
        elif routing == "worst":
            alone = self.reached - self.active
            found = [*_shared(turns - alone, self.active), *[1] * alone]
        else:
            found = _shared(turns, self.reached)
        return (*found, *[0] * (self.experts - len(found)))

    def check(self, counts: Sequence[int]) -> None:
        """Raise LayerError for tokens of each expert that do not go together."""
        turns = self.tokens * self.active
        if len(counts) > self.experts or sum(counts) != turns or max(counts) > self.tokens:
            wanted = f"at most {self.experts} numbers up to {self.tokens} with the sum {turns}"
            got = f"{len(counts)} up to {max(counts)} with the sum {sum(counts)}"
            raise LayerError(f"tokens_per_expert must be {wanted}, got {got}", "tokens_per_expert")


def _shared(total: int, parts: int) -> list[int]:
    """10 among 4: 3, 3, 2, 2."""
    return [total // parts + (number < total % parts) for number in range(parts)]


class Router(NamedTuple):
    """The tokens [tokens, features] and the shares [tokens * active, 1] that their experts have in them."""

    rows: SSAValue
    shares: SSAValue


@layer
def moe(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    experts: Positive,
    active: Annotated[Positive, "experts that a token goes to"],
    hidden: Annotated[Positive, "features inside an expert"],
    routing: Annotated[str, one_of("balanced", "best", "worst")] = "balanced",
    tokens_per_expert: Annotated[Counts | None, "instead of `routing`"] = None,
    freeze: Freeze = False,
) -> SSAValue:
    """A mixture of experts over `[n, tokens, features]`, each a gated unit between three products.

    A softmax over the scores of the chosen experts weighs what they give.
    """
    shape = shape_of(x)
    mixture = Mixture(prod(shape[:-1]), experts, active)
    if len(shape) < 2:
        raise LayerError(f"needs [n, tokens, features], its input has shape {list(shape)}")
    if experts > MOST_EXPERTS:
        raise LayerError(f"experts must be at most {MOST_EXPERTS}, got {experts}", "experts")
    if active > experts:
        raise LayerError(f"active must be at most {experts}, the number of experts, got {active}", "active")
    if tokens_per_expert is not None and routing != "balanced":
        raise LayerError(f"tokens_per_expert says how tokens are routed, and so does routing='{routing}'", "routing")
    counts = mixture.counts(_routing(routing)) if tokens_per_expert is None else tokens_per_expert
    mixture.check(counts)
    net.note(_sentence(mixture, counts, 3 * hidden * shape[-1]))
    router, result = _router(net, name, x, mixture, freeze=freeze), None
    first = 0
    for number in range(experts):
        count = counts[number] if number < len(counts) else 0
        expert = f"{name}.expert{number}"
        weights = _weights(net, expert, hidden, shape[-1], freeze=freeze)
        if count:
            route = DenseArrayBase.from_list(i64, [first, mixture.tokens, active, experts])
            result = _expert(net, expert, router, weights, (count, route), result)
            first += count
    assert result is not None, "somebody has the tokens"
    return net.append(ReshapeOp(name, result, shape=shape), name)


def _routing(word: str) -> Routing:
    return "best" if word == "best" else "worst" if word == "worst" else "balanced"


def _router(net: ModuleBuilder, name: str, x: SSAValue, mixture: Mixture, *, freeze: bool) -> Router:
    """Scores, the largest of each token, and their softmax."""
    features = shape_of(x)[-1]
    rows = net.append(ReshapeOp(f"{name}.rows", x, shape=(mixture.tokens, features)), f"{name}.rows")
    weight = net.parameter(f"{name}.router", "weight", (mixture.experts, features), frozen=freeze)
    scores = net.append(LinearOp(f"{name}.router", rows, weight), f"{name}.router")
    top = TopKOp(f"{name}.top_k", scores, axis=1, count=mixture.active)
    net.insert(top, f"{name}.top_k")
    shares = net.append(SoftmaxOp(f"{name}.softmax", top.values, [], axis=1), f"{name}.softmax")
    column = f"{name}.shares"
    return Router(rows, net.append(ReshapeOp(column, shares, shape=(mixture.tokens * mixture.active, 1)), column))


def _weights(net: ModuleBuilder, expert: str, hidden: int, features: int, *, freeze: bool) -> list[SSAValue]:
    """Of an expert without tokens, too: they are there, and nobody reads them."""
    shapes = {"gate": (hidden, features), "up": (hidden, features), "down": (features, hidden)}
    return [net.parameter(f"{expert}.{part}", "weight", shape, frozen=freeze) for part, shape in shapes.items()]


def _expert(
    net: ModuleBuilder,
    name: str,
    router: Router,
    weights: Sequence[SSAValue],
    share: tuple[int, DenseArrayBase],
    before: SSAValue | None,
) -> SSAValue:
    """What the experts gave `before`, and what this one gives on top."""
    count, route = share
    ids = net.fixed(name, "tokens", (count,))
    places = net.fixed(name, "places", (count,))
    for numbers in (ids, places):
        if isinstance(numbers, OpResult):
            numbers.op.attributes[ROUTE] = route

    def add(part: str, make: type, *operands: SSAValue, **fields: object) -> SSAValue:
        return net.append(make(f"{name}.{part}", *operands, **fields), f"{name}.{part}")

    rows = add("gather", GatherOp, router.rows, ids)
    gate, up = (add(part, LinearOp, rows, weight) for part, weight in zip(("gate", "up"), weights, strict=False))
    inner = add("gated", GatedOp, gate, up, function="silu")
    made = add("down", LinearOp, inner, weights[2])
    weighted = add("weighted", MultiplyOp, made, add("share", GatherOp, router.shares, places))
    fields = {"size": shape_of(router.rows)[0], "axis": 0}
    return add("sum", ScatterAddOp, ids, weighted, *(() if before is None else (before,)), **fields)


def _sentence(mixture: Mixture, counts: Sequence[int], weights: int) -> str:
    """Products do not depend on the routing, weights that are read do."""
    tokens, experts, active = mixture
    macs = tokens * active * weights
    read = {each: sum(map(bool, mixture.counts(each))) * weights for each in ROUTINGS}
    listed = ", ".join(f"{each} {count:,}" for each, count in read.items())
    busy = [count for count in counts if count]
    return (
        f"each mixture of experts gives {tokens:,} tokens to {active} of {experts} experts, stated, not computed: "
        f"{len(busy)} experts have {max(busy):,} to {min(busy):,} tokens; {macs:,} MACs in experts however they are "
        f"routed; weights read by routing: {listed}"
    )
