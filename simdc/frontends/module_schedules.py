"""Schedules in MLIR text: of a module that says its own, or of a `transform` script for one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from simdc.errors import SimdcError

from . import OWN_IR
from .json_text import name_of, read_text
from .limits import MAX_MLIR_BYTES
from .presets import find_file
from .schedules_file import Schedule


def read_script(path: str) -> tuple[str, str]:
    """The text of a file and its name for messages. Raises SimdcError."""
    return read_text(path, MAX_MLIR_BYTES), name_of(path)


def schedules_of_module(
    network: str,
    script: tuple[str, str],
    layers: Mapping[str, Mapping[str, int]],
    *,
    level: str | None = None,
    weights: Collection[str] | None = None,
    bind: Mapping[str, int] | None = None,
) -> list[Schedule]:
    """What `script` says of the ops of the module in the file `network`, which may be the same text. `layers` has the
    loops of each layer by name. Raises SimdcError."""
    from .mlir.schedules import module_schedules

    source = find_file(network, "networks")
    if not source.endswith(".mlir"):
        raise SimdcError("is for ops of a module: the network must be an .mlir file, too", file=script[1])
    module = read_text(source, MAX_MLIR_BYTES)
    if re.search(OWN_IR, module):
        raise SimdcError("is for ops of another compiler's module; IR of simdc holds its own tilings", file=script[1])
    return module_schedules(module, name_of(source), script, layers, level=level, weights=weights, bind=bind)
