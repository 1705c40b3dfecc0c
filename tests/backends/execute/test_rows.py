"""Layers that go over rows: gradients against finite differences and torch."""

from __future__ import annotations

from tests.backends.execute.reference import check_against_torch
from tests.backends.execute.row_networks import every_row
from tests.backends.execute.training import check_gradients, derived, random_parameters


def test_gradients() -> None:
    check_gradients(every_row(), 1, entries=6)


def test_like_torch() -> None:
    inference = every_row()
    module = derived(inference, input_grad=True)
    check_against_torch(inference, module, random_parameters(module, 2), 3)
