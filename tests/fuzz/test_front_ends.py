"""A few seconds of what `python fuzz/run.py` does for an hour: mutated seeds end in a result or a clean error."""

from __future__ import annotations

import importlib
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.mutations import mutate
from fuzz.seeds import seeds, words
from fuzz.targets import LIMITS, TARGETS
from simdc.errors import SimdcError

LONGEST_SEED = 4000
"""Longer ones say nothing new in a few seconds."""


@pytest.fixture(autouse=True)
def small_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, limits in LIMITS.items():
        for name, limit in limits.items():
            monkeypatch.setattr(importlib.import_module(module), name, limit)


def complaint(target: str, data: bytes) -> str:
    """What is said about an input, nothing for a result. All that is not a clean error comes through."""
    try:
        TARGETS[target](data)
    except SimdcError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_are_understood(target: str) -> None:
    """Were they refused, everything made from them would be, too. Some need what others lack: a model that knows them,
    tilings of their own, a machine with room."""
    begun = seeds(target)
    assert sum(complaint(target, seed) == "" for seed in begun) >= len(begun) / 2


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, 2**32), depth=st.integers(1, 3))
def test_mutations_end_cleanly(target: str, number: int, depth: int) -> None:
    begun, random = [seed for seed in seeds(target) if len(seed) < LONGEST_SEED] or seeds(target), Random(number)
    data = random.choice(begun)
    for _ in range(depth):
        data = mutate(data, begun, words(target), random)
    assert len(complaint(target, data)) < 4000


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace")))
def test_anything_ends_cleanly(target: str, data: bytes) -> None:
    assert len(complaint(target, data)) < 4000
