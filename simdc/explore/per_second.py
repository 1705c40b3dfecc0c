"""Bandwidths of a space file that are so much a second, where the clock varies."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simdc.frontends.json_node import JsonNode

from .value_list import value_list

PER_SECOND = re.compile(r"/\s*s\s*$")


def check_no_seconds(root: JsonNode) -> None:
    """Raise SimdcError for a value in bits or bytes per second, which was read at the clock of the base."""
    # 12.8 GB/s are 102.4 bits a cycle at 1 GHz and 51.2 at 2 GHz.
    for place in _values(root):
        if isinstance(place.value, str) and PER_SECOND.search(place.value):
            raise place.error(f"'{place.value[:40]}' are other bits per cycle at each clock, and the clock varies")


def _values(root: JsonNode) -> Iterator[JsonNode]:
    fields, choices = root.get("fields"), root.get("choices")
    if fields is not None:
        for path in fields.fields():
            yield from [place for place, _ in value_list(fields.need(path))]
    if choices is not None:
        for name in choices.fields():
            for option in choices.need(name).items():
                chosen = option.need("set")
                yield from [chosen.need(path) for path in chosen.fields()]
