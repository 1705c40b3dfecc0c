"""The files with functions for ops, and with code for the lanes; importing one enters them into a table."""

from __future__ import annotations

from importlib import import_module

FILES = (
    "special",
    "whole_numbers",
    "control",
    "sorting",
    "collectives",
    "tensors",
    "linalg",
    "linalg_named",
    "stablehlo",
    "stablehlo_sums",
    "stablehlo_moves",
    "stablehlo_picks",
    "stablehlo_places",
    "tm_tensor",
    "packs",
    "tosa",
    "tosa_sums",
    "tosa_images",
    "tosa_integers",
)


def load() -> None:
    """Enter the functions of all dialects."""
    for name in FILES:
        import_module(f"{__package__}.{name}")
