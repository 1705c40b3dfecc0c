"""The mistakes outside `simdc.cost` fit the code as it is; `python tests/mutations/elsewhere.py` tries them."""

from __future__ import annotations

import pytest

from tests.mutations.elsewhere import MISTAKES, ROOT, Mistake, mutated


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.breaks)
def test_a_mistake_fits_the_code_and_names_tests_that_are_there(mistake: Mistake) -> None:
    compile(mutated(mistake), mistake.file, "exec")
    assert all((ROOT / test).exists() for test in mistake.tests.split())
