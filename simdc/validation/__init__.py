"""Models beside what was measured: packaged numbers of hardware and of programs that are not ours."""

from __future__ import annotations

from importlib import import_module

from .data_set import DataSet

DATA_SETS = {
    "nv_small": "simdc.validation.nv_small:nv_small",
    "scale_sim": "simdc.validation.scale_sim:scale_sim",
}
"""What is measured, by name: a function that gives the data set with the model's numbers."""


def load_data_set(name: str) -> DataSet:
    """Raises KeyError."""
    module, _, function = DATA_SETS[name].partition(":")
    return getattr(import_module(module), function)()
