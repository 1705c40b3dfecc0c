"""Mixtures of experts in a network: the layers of each expert, and the same for another number of tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.dialects.builtin import DenseArrayBase, ModuleOp
from xdsl.ir import Attribute, Block, SSAValue

from simdc.named import NamedTuple

from .base import LayerOp, make_tensor_type, shape_of, tensor_type
from .derived import given_form
from .network import ROUTE, NetworkOp, ParameterOp, ReturnOp, network_of
from .ops.gather import ScatterAddOp
from .ops.moe import Mixture
from .stretch import DERIVED


class Expert(NamedTuple):
    """The layers that work on the `tokens` tokens of an expert, in order. The last adds what comes of them to what the
    experts before gave, if there are any. `routed` are the values that have a row for each token."""

    tokens: int
    layers: tuple[LayerOp, ...]
    routed: frozenset[SSAValue]


class ExpertPlace(NamedTuple):
    """How many tokens an expert has, and whether others that have some are before and behind it."""

    tokens: int
    first: bool
    last: bool


class Routed(NamedTuple):
    """A mixture, and those of its experts that have tokens."""

    mixture: Mixture
    experts: tuple[Expert, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """Tokens of each expert that has some."""
        return tuple(expert.tokens for expert in self.experts)

    def layers_at(self, place: ExpertPlace) -> list[LayerOp]:
        """The layers of an expert at `place`, reading inputs of their own, neither tiled nor priced."""
        expert, last = self.experts[0], self.experts[-1]
        made: list[LayerOp] = []
        for op in expert.layers:
            reads = [_resized(value, place.tokens) if value in expert.routed else value.type for value in op.operands]
            gives = [_resized(value, place.tokens) if value in expert.routed else value.type for value in op.results]
            if isinstance(op, ScatterAddOp):
                # What one expert hands to the next is as wide as what it adds; the last result as its readers want it.
                element = tensor_type(op.gradient).element_type
                handed_on = make_tensor_type(element, shape_of(op.result))
                reads = [*reads[:2], *([] if place.first else [handed_on])]
                gives = [last.layers[-1].results[0].type if place.last else handed_on]
            made.append(_again(op, reads, gives))
        return made


def places_of(counts: Iterable[int]) -> list[ExpertPlace]:
    """Of experts with so many tokens, those without left out."""
    reached = [count for count in counts if count]
    return [ExpertPlace(count, number == 0, number == len(reached) - 1) for number, count in enumerate(reached)]


def mixtures_of(network: NetworkOp) -> list[Routed]:
    """All mixtures of a network in inference; none where the experts of one do not have the layers of a mixture, each
    by itself."""
    # In training experts have gradients, too, and their weights updates.
    if network.phase.data != "inference":
        return []
    mixtures: dict[str, Mixture] = {}
    counts: dict[tuple[str, str], int] = {}
    layers: dict[tuple[str, str], list[LayerOp]] = {}
    routed: dict[SSAValue, tuple[str, str]] = {}
    for op in network.body.block.ops:
        if isinstance(op, ParameterOp) and (mixture := _mixture(op)) is not None:
            # layer0.experts.expert3.tokens
            name, _, expert = op.label.data.rpartition(".")[0].rpartition(".expert")
            mixtures[name], counts[name, expert] = mixture, shape_of(op.result)[0]
            routed[op.result] = name, expert
        elif isinstance(op, LayerOp):
            of = next((routed[value] for value in op.operands if value in routed), None)
            if of is not None:
                layers.setdefault(of, []).append(op)
                if not isinstance(op, ScatterAddOp):
                    routed |= dict.fromkeys(op.results, of)
    values: dict[tuple[str, str], set[SSAValue]] = {}
    for value, key in routed.items():
        values.setdefault(key, set()).add(value)
    experts: dict[str, list[Expert]] = {name: [] for name in mixtures}
    for key, found in layers.items():
        experts[key[0]].append(Expert(counts[key], tuple(found), frozenset(values[key])))
    every = [Routed(mixture, tuple(experts[name])) for name, mixture in mixtures.items()]
    return every if all(map(_is_whole, every)) else []


def _mixture(op: ParameterOp) -> Mixture | None:
    """What numbers of tokens are routed by, if they are."""
    route = op.attributes.get(ROUTE)
    values = [int(value) for value in route.get_values()] if isinstance(route, DenseArrayBase) else []
    if len(values) != 4 or len(shape_of(op.result)) != 1:
        return None
    _, tokens, active, experts = values
    return Mixture(tokens, experts, active)


def _is_whole(found: Routed) -> bool:
    """Whether each token is given out as often as it must be, to experts that are alike."""
    kinds = {tuple(op.name for op in expert.layers) for expert in found.experts}
    ends = all(isinstance(expert.layers[-1], ScatterAddOp) for expert in found.experts)
    return len(kinds) == 1 and ends and sum(found.counts) == found.mixture.tokens * found.mixture.active


def module_of(layers: Sequence[LayerOp], like: ModuleOp) -> ModuleOp:
    """A module of layers that read inputs of their own, on the machine of another."""
    network, block = network_of(like), Block()
    for layer in layers:
        layer.operands = [block.insert_arg(kind, len(block.args)) for kind in layer.operand_types]
        block.add_op(layer)
    block.add_op(ReturnOp(*(result for layer in layers for result in layer.results)))
    made = ModuleOp([NetworkOp(network.sym_name.data, network.phase.data, network.batch.value.data, 0, block)])
    made.attributes |= like.attributes
    return made


def _resized(value: SSAValue, count: int) -> Attribute:
    return make_tensor_type(tensor_type(value).element_type, (count, *shape_of(value)[1:]))


def _again(op: LayerOp, reads: Sequence[Attribute], gives: Sequence[Attribute]) -> LayerOp:
    """The op on other types, as nobody has tiled or priced it; a form that a person gave stays."""
    dropped = {*DERIVED} - ({"form"} if given_form(op) is not None else set())
    return type(op).create(
        operands=Block(arg_types=reads).args,
        result_types=gives,
        properties={name: value for name, value in op.properties.items() if name not in dropped},
        attributes={name: value for name, value in op.attributes.items() if name not in dropped},
    )
