"""Layers on tokens: gradients against central differences and against torch."""

from __future__ import annotations

import pytest

from tests.backends.execute.reference import check_against_torch
from tests.backends.execute.token_networks import boxes, every_token, placed, tied
from tests.backends.execute.training import check_gradients, derived, random_parameters


@pytest.mark.parametrize("again", [False, True])
def test_a_shared_table(again: bool) -> None:
    inference = tied(again=again)
    check_gradients(inference, 3)
    module = derived(inference, input_grad=True)
    check_against_torch(inference, module, random_parameters(module, 2), 1)


def test_gradients() -> None:
    check_gradients(every_token(), 1, entries=6)


def test_gradients_of_what_is_placed() -> None:
    inference = placed()
    check_gradients(inference, 1)
    module = derived(inference, input_grad=True)
    check_against_torch(inference, module, random_parameters(module, 4), 5)


def test_against_torch() -> None:
    inference = every_token()
    module = derived(inference, input_grad=True)
    check_against_torch(inference, module, random_parameters(module, 4), 5)


def test_gradients_of_boxes() -> None:
    check_gradients(boxes(), 1)
