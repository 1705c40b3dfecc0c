"""What commands are told to read, looked at before anything of it is: files, models, fields of the machine."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from simdc.cost.model_table import MODELS, PLUGIN_MODELS, check_model
from simdc.cost.structure import unmodelled_paths
from simdc.errors import SimdcError, suggestion
from simdc.frontends.presets import find_file, is_stream
from simdc.streams import say


def check_chosen(model: str) -> None:
    """Raise SimdcError, with what may have been meant, for a --model that is not there."""
    try:
        check_model(model)
    except ValueError as error:
        hint = suggestion(model, [*MODELS, *PLUGIN_MODELS.names()])
        raise SimdcError(f"--model: {error}{hint}") from None


def warn_of_unmodelled(settings: Sequence[str]) -> None:
    """Say of each `field=value` that changes no cost that it does not."""
    for field in {setting.partition("=")[0].strip(): None for setting in settings}:
        if field in unmodelled_paths():
            say(f"simdc: warning: --set {field}: this field is not modelled: no cost depends on it")


def input_files(arguments: Namespace) -> list[str]:
    """The network's file and the machine's."""
    named = [(arguments.network, "networks"), (arguments.hw, "hardware")]
    return [find_file(source, kind) for source, kind in named if source is not None and not is_stream(source)]
