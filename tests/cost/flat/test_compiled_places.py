"""What becomes of places in rows where the core is compiled."""

from __future__ import annotations

import ast

import pytest

from compile_core import Places


@pytest.mark.parametrize(
    ("written", "compiled"),
    [
        # What is a number of the model stays checked, also beside a place.
        ("row[a * 4 + 1] + a * 4 + 1", "row[place_sum(place_product(a, 4), 1)] + a * 4 + 1"),
        ("row[2 + a + 12 + b + 3]", "row[place_sum(place_sum(a, b), 17)]"),
        ("row[other[a + 1] + 2] * other[b]", "row[place_sum(other[place_sum(a, 1)], 2)] * other[b]"),
        ("row[a - (b + 1)]", "row[a - place_sum(b, 1)]"),
        ("row[1 + 2]", "row[3]"),
        ("table[a + 2][b * 3]", "table[place_sum(a, 2)][place_product(b, 3)]"),
        ("row[(1 << a) + b]", "row[place_sum(1 << a, b)]"),
    ],
)
def test_sums_and_products_that_are_places_are_not_checked(written: str, compiled: str):
    tree = ast.parse(f"{written}\nrow[a + 1] = 2")
    assert ast.unparse(Places().visit(tree)) == f"{compiled}\nrow[place_sum(a, 1)] = 2"
