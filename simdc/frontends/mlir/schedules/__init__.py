"""Schedules that come with a module, or as a script for it, as tilings of our layers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from simdc.errors import SimdcError
from simdc.frontends.schedules_file import Schedule
from simdc.ir.network import network_of

from ..importer import import_module
from ..module_text import parse_foreign
from .levels import TiledOp
from .loops import MadeLayer, scheduled
from .lowering_config import configured
from .transform import carried_out

__all__ = ["module_schedules"]


def module_schedules(
    text: str,
    file: str,
    script: tuple[str, str],
    layers: Mapping[str, Mapping[str, int]],
    *,
    level: str | None = None,
    weights: Collection[str] | None = None,
    bind: Mapping[str, int] | None = None,
) -> list[Schedule]:
    """What `script` (its text and name) says of the ops of the module of `text`: `transform` sequences, and
    `lowering_config` where both are the same text. `layers` has the loops of each layer, by name. `level` is the
    innermost level of tile sizes whose loops move tiles from DRAM. Raises SimdcError."""
    module = parse_foreign(text, file)
    network, pairs = import_module(module, file, None, weights, bind or {})
    by_name = {layer.layer.data: layer for layer in network_of(network).layers()}
    made = [MadeLayer(name, op, by_name[name]) for name, op in pairs if name in by_name]
    given: list[TiledOp]
    if script[0] == text:
        given = [*configured(module, text, file), *carried_out(module, module, text, file)]
    else:
        given = carried_out(parse_foreign(*script), module, *script)
    if not given:
        raise SimdcError(
            "has no schedules: no transform sequence that tiles, and no ops of the network with 'lowering_config'",
            file=script[1],
        )
    return [scheduled(each, made, layers, level) for each in given]
