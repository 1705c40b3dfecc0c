"""Models beside what was measured: packaged numbers of hardware and of programs that are not ours."""

from __future__ import annotations

from importlib import import_module

from .data_set import DataSet

DATA_SETS = {
    "nv_small": "simdc.validation.nv_small:nv_small",
    "scale_sim": "simdc.validation.scale_sim:scale_sim",
}
"""What is measured, by name: a function of a model's name, or None, that gives the data set with its numbers."""


def load_data_set(name: str, model: str | None = None) -> DataSet:
    """Beside `model`, or beside the one that was made for it. Raises KeyError for a name that is not there, SimdcError
    for a model that does not price what was measured."""
    module, _, function = DATA_SETS[name].partition(":")
    return getattr(import_module(module), function)(model)


def titles() -> dict[str, str]:
    """What each of them is, by name."""
    return {name: import_module(place.partition(":")[0]).TITLE for name, place in DATA_SETS.items()}
