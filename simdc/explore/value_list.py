"""The values that a field takes: a list, a range, powers of two."""

from __future__ import annotations

from simdc.cost.quantities import parse_bits
from simdc.frontends.json_node import JsonNode, describe

MAX_VALUES = 10_000


def value_list(node: JsonNode) -> list[tuple[JsonNode, object]]:
    """Each value with the place to complain at. A single value is a list of one. Raises SimdcError."""
    if isinstance(node.value, list):
        values = [(each, each.value) for each in node.items()]
    elif not isinstance(node.value, dict):
        values = [(node, node.value)]
    elif "powers_of_two" in node.fields():
        values = _powers_of_two(node)
    else:
        values = _range(node)
    if not values:
        raise node.error("has no values")
    if len(values) > MAX_VALUES:
        raise node.error(f"has {len(values):,} values, at most {MAX_VALUES:,} are possible")
    return values


def _powers_of_two(node: JsonNode) -> list[tuple[JsonNode, object]]:
    if set(node.fields()) != {"powers_of_two"}:
        raise node.error('must be {"powers_of_two": [first, last]} and nothing else')
    ends = node.need("powers_of_two").items()
    if len(ends) != 2:
        raise node.error('must have two ends: {"powers_of_two": [first, last]}')
    low, high = (_whole(each) for each in ends)
    # [3, 40]: exponents 2 to 5, values 4, 8, 16, 32; an end that is a power of two counts.
    exponents = range((low - 1).bit_length(), high.bit_length())
    if not exponents:
        raise node.error(f"has no values: there is no power of two from {low} to {high}")
    return [(node, 2**exponent) for exponent in exponents]


def _range(node: JsonNode) -> list[tuple[JsonNode, object]]:
    if set(node.fields()) - {"from", "to", "step"}:
        raise node.error('must be a list of values, {"from", "to", "step"}, or {"powers_of_two": [first, last]}')
    low, high = _whole(node.need("from")), _whole(node.need("to"))
    step = node.get("step")
    stride = 1 if step is None else _whole(step)
    if (high - low) // stride >= MAX_VALUES:
        raise node.error(f"has {(high - low) // stride + 1:,} values, at most {MAX_VALUES:,} are possible")
    # From 4 to 13 by 4: 4, 8, 12.
    values = range(low, high + 1, stride)
    if not values:
        raise node.error(f"has no values: {low} is more than {high}")
    return [(node, value) for value in values]


def _whole(node: JsonNode) -> int:
    value = node.value
    if isinstance(value, str):
        try:
            value = parse_bits(value)
        except ValueError as error:
            raise node.error(str(error)) from None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise node.error(f"must be a positive whole number or a size such as '256 KiB', got {describe(value)}")
    return value
