"""A space of machines from JSON data. `space.schema.json` beside this file describes the format for other tools.

`{"schema": "simdc-space/1", "fields": {"systolic.rows": [8, 16], "simd.lanes": {"powers_of_two": [8, 32]}}}` varies two
fields of the default base: 2 x 3 = 6 machines.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite
from typing import cast

from simdc.cost.machine_fields import HardwareError
from simdc.cost.machines import AnyMachine
from simdc.cost.quantities import parse_bits
from simdc.cost.reading import CLOCK, CLOCK_IN_WORDS
from simdc.cost.structure import (
    fractions_of,
    leaf_values,
    option_paths,
    unmodelled_paths,
    unstructure,
    with_extension,
    with_field,
)
from simdc.frontends.json_node import JsonNode, describe, hint
from simdc.named import NamedTuple

from .per_second import check_no_seconds
from .space import METRICS, OBJECTIVES, Constraint, Economy, Limit, Space, SpaceAxis, Term, Value, field_of
from .value_list import value_list

SCHEMA = "simdc-space/1"
KEYS = ("schema", "base", "networks", "choices", "fields", "constraints", "limits", "objective", "pareto", "economic")
CONSTRAINT_KEYS = ("name", "sum", "budget", "from", "to", "at_least", "at_most")
NETWORK_KEYS = ("network", "batch", "train", "weight")


class NetworkEntry(NamedTuple):
    """A network that a space file names. `batch` is None for the network's own."""

    network: str
    batch: int | None = None
    train: bool = False
    weight: float = 1.0


class SpaceFile(NamedTuple):
    space: Space
    networks: tuple[NetworkEntry, ...]


def read_space(
    data: dict[str, object], file: str, load_base: Callable[[str | None], AnyMachine], objective: str | None = None
) -> SpaceFile:
    """The space and the networks of a file's JSON `data`.

    `load_base` gives the machine that `base` names, or one for None when it names none. `objective` takes the place of
    the one in the file, which is "cycles" if it has none. Raises SimdcError with the path of what is wrong.
    """
    root = JsonNode(data, file)
    _check_keys(root, KEYS, "$schema")
    schema = root.need("schema")
    if schema.value != SCHEMA:
        raise schema.error(f'must be "{SCHEMA}"')
    base = root.get("base")
    hardware = load_base(None if base is None else base.text())
    axes = (*_choices(root, hardware), *_fields(root, hardware))
    if not axes:
        raise root.error("varies nothing: give 'fields' with values, or 'choices'")
    # Of two axes that set one field the last would win, and the first seem to have no effect.
    seen: dict[str, str] = {}
    for axis in axes:
        for path in axis.paths:
            if path in seen:
                raise root.error(f"the field {path} is set twice: by '{seen[path]}' and by '{axis.name}'")
            seen[path] = axis.name
    if CLOCK in seen or CLOCK_IN_WORDS in seen:
        check_no_seconds(root)
    constraints = tuple(_constraint(each, hardware) for each in _items(root, "constraints"))
    names = [each.name for each in constraints]
    for each, name in zip(_items(root, "constraints"), names, strict=True):
        # A name is a column of the results: 'cycles' could be the metric or the sum.
        if names.count(name) > 1 or name in METRICS:
            raise each.error(f"the name '{name}' is taken: constraints and metrics have different names")
    known = (*METRICS, *names)
    pareto = tuple(_one_of(each, known) for each in _items(root, "pareto"))
    chosen = root.get("objective")
    space = Space(
        hardware,
        axes,
        constraints,
        _limits(root),
        objective or ("cycles" if chosen is None else _one_of(chosen, tuple(OBJECTIVES))),
        pareto,
        tuple(_economy(each, names) for each in _items(root, "economic")),
        file,
    )
    return SpaceFile(space, tuple(_network(each) for each in _items(root, "networks")))


def _check_keys(node: JsonNode, known: tuple[str, ...], *more: str) -> None:
    for key in node.fields():
        if key not in (*known, *more):
            raise JsonNode(None, node.file, node.child(key)).error(f"unknown key{hint(key, known, 'known keys:')}")


def _items(root: JsonNode, key: str) -> list[JsonNode]:
    found = root.get(key)
    return [] if found is None else found.items()


def _one_of(node: JsonNode, known: tuple[str, ...]) -> str:
    word = node.text()
    if word not in known:
        raise node.error(f"'{word[:80]}' is not known{hint(word, known, 'known:')}")
    return word


def _fields(root: JsonNode, hardware: AnyMachine) -> list[SpaceAxis]:
    axes: list[SpaceAxis] = []
    fields = root.get("fields")
    for path in {} if fields is None else fields.fields():
        node = JsonNode(cast("JsonNode", fields).fields()[path], root.file, f"fields.{path[:80]}")
        _known(node, hardware, path)
        values = value_list(node)
        options = tuple((_checked(place, hardware, path, value),) for place, value in values)
        # After conversion: "256 KiB" and 2097152 are one size, and would be two machines alike.
        if len(set(options)) < len(options):
            raise node.error("has a value twice")
        axes.append(SpaceAxis(path, (path,), options, tuple(str(value) for _, value in values)))
    return axes


def _choices(root: JsonNode, hardware: AnyMachine) -> list[SpaceAxis]:
    axes: list[SpaceAxis] = []
    choices = root.get("choices")
    for name in {} if choices is None else choices.fields():
        node = cast("JsonNode", cast("JsonNode", choices).get(name))
        options: list[tuple[Value, ...]] = []
        labels: list[str] = []
        paths: tuple[str, ...] = ()
        for option in node.items():
            _check_keys(option, ("name", "set"))
            label, fields = option.need("name").text(), option.need("set")
            if not options:
                paths = tuple(fields.fields())
                for path in paths:
                    _known(JsonNode(None, root.file, fields.child(path)), hardware, path)
            # An option that left a field out would take the base's value, which nobody wrote.
            if set(fields.fields()) != set(paths) or not paths:
                raise fields.error(
                    f"must set the same fields as the first option: {', '.join(paths) or 'at least one'}"
                )
            if label in labels:
                raise option.error(f"the name '{label}' is taken")
            labels.append(label)
            options.append(
                tuple(_checked(fields.need(path), hardware, path, fields.need(path).value) for path in paths)
            )
        if not options:
            raise node.error("must have at least one option")
        axes.append(SpaceAxis(name, paths, tuple(options), tuple(labels)))
    return axes


def _known(node: JsonNode, hardware: AnyMachine, path: str) -> None:
    leaves = _leaves(node, hardware, path)
    others = (*option_paths(), *dict(fractions_of(hardware)))
    known = [each for each, value in leaves.items() if _is_quantity(value) or each in others]
    if path in leaves and path not in known:
        raise node.error("is no quantity; it cannot vary")
    if path in unmodelled_paths():
        raise node.error("is not modelled: no cost depends on it; it cannot vary")
    if path not in known:
        raise node.error(f"unknown field{hint(path, known, 'known fields:')}")


def _is_quantity(value: object) -> bool:
    """A name, a list of units or what a number rests on is none."""
    return isinstance(value, (int, float))


def _leaves(node: JsonNode, hardware: AnyMachine, path: str) -> dict[str, object]:
    """Fields of the machine, and those of the plug-in that `path` names, by path."""
    try:
        return leaf_values(unstructure(with_extension(hardware, path), every=True))
    except HardwareError as error:
        raise node.error(error.message) from None


def _checked(place: JsonNode, hardware: AnyMachine, path: str, value: object) -> Value:
    """The value that the field has in the machine after it was set: a size in words has become bits."""
    try:
        changed = with_field(hardware, path, value)
    except HardwareError as error:
        raise place.error(error.message) from None
    return field_of(changed, path)


def _constraint(node: JsonNode, hardware: AnyMachine) -> Constraint:
    _check_keys(node, CONSTRAINT_KEYS)
    name, terms = node.need("name").text(), node.need("sum")
    if isinstance(terms.value, list):
        # ["a", "b"] is a + b; {"a": 2, "b": 0.5} is 2 a + 0.5 b.
        found = [_term(each, each.text(), 1.0, hardware) for each in terms.items()]
    else:
        found = [_term(terms, key, _number(terms.need(key)), hardware) for key in terms.fields()]
    if not found:
        raise terms.error("must name at least one field")
    budget, low, high = node.get("budget"), node.get("at_least"), node.get("at_most")
    shares = node.get("from"), node.get("to")
    if budget is None and any(shares):
        raise node.error("'from' and 'to' are shares of a 'budget', which is missing")
    if budget is not None and (low or high):
        raise node.error("has a 'budget' as well as 'at_least' or 'at_most'; shares of a budget are 'from' and 'to'")
    if budget is not None:
        # A budget of "1 MiB" from 0.85 to 1 is a sum from 7,130,316.8 to 8,388,608 bits.
        whole = _amount(budget)
        least = -inf if shares[0] is None else whole * _number(shares[0])
        return Constraint(name, tuple(found), least, whole * (1.0 if shares[1] is None else _number(shares[1])))
    if low is None and high is None:
        raise node.error("has no bounds: give 'budget' (with 'from' and 'to'), or 'at_least', 'at_most' or both")
    return Constraint(name, tuple(found), -inf if low is None else _amount(low), inf if high is None else _amount(high))


def _term(node: JsonNode, text: str, weight: float, hardware: AnyMachine) -> Term:
    """`systolic.rows * systolic.columns` is a product of fields."""
    paths = tuple(part.strip() for part in text.split("*"))
    for path in paths:
        rates = dict(fractions_of(hardware))
        known = [each for each, value in _leaves(node, hardware, path).items() if _is_quantity(value) or each in rates]
        if path not in known:
            raise node.error(f"unknown field '{path[:80]}'{hint(path, known, 'known fields:')}")
    return Term(weight, paths)


def _limits(root: JsonNode) -> tuple[Limit, ...]:
    limits = root.get("limits")
    if limits is None:
        return ()
    _check_keys(limits, tuple(METRICS))
    return tuple(Limit(metric, _number(limits.need(metric))) for metric in limits.fields())


def _economy(node: JsonNode, names: list[str]) -> Economy:
    _check_keys(node, ("least", "within"))
    if not names:
        raise node.error("there are no constraints, so there is no sum to be least")
    within = node.need("within")
    share = _number(within)
    if share < 0:
        raise within.error(f"must be zero or more, such as 0.15 for 15 %, got {share}")
    return Economy(_one_of(node.need("least"), tuple(names)), share)


def _network(node: JsonNode) -> NetworkEntry:
    _check_keys(node, NETWORK_KEYS)
    batch, train, weight = node.get("batch"), node.get("train"), node.get("weight")
    if train is not None and not isinstance(train.value, bool):
        raise train.error(f"must be true or false, got {describe(train.value)}")
    share = 1.0 if weight is None else _number(weight)
    if weight is not None and share <= 0:
        raise weight.error(f"must be positive, got {share}")
    return NetworkEntry(
        node.need("network").text(),
        None if batch is None else batch.size(),
        train is not None and train.value is True,
        share,
    )


def _amount(node: JsonNode) -> float:
    """A number, or a size such as `2 MiB` in bits."""
    if not isinstance(node.value, str):
        return _number(node)
    try:
        return float(parse_bits(node.value))
    except ValueError as error:
        raise node.error(str(error)) from None


def _number(node: JsonNode) -> float:
    value = node.value
    # Python's true is the number 1, JSON's is not.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise node.error(f"must be a number, got {describe(value)}")
    return float(value)
