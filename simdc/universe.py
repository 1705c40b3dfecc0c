"""simdc for `xdsl-opt` and every other tool of xDSL: the dialect and the passes, and those of simdc's plug-ins.

xDSL imports this when it starts, whatever its input, so nothing is loaded here: factories load what a text names.
"""

from __future__ import annotations

from functools import partial

from xdsl.ir import Dialect
from xdsl.universe import Universe

from simdc.ir.plugin_ops import PLUGIN_DIALECTS, plugin_dialect
from simdc.passes import PASSES, PLUGIN_PASSES, load_pass
from simdc.passes.from_file import take_passes_of_files

__all__ = ["UNIVERSE", "make_universe", "simdc_dialect", "take_passes_of_files"]


def simdc_dialect() -> Dialect:
    from simdc.ir.dialect import Simdc

    return Simdc


def make_universe() -> Universe:
    """What xDSL may know of simdc and its plug-ins."""
    names = [*PASSES, *PLUGIN_PASSES.names()]
    plugged = {name: partial(plugin_dialect, name) for name in PLUGIN_DIALECTS.names()}
    return Universe(
        all_dialects={"simdc": simdc_dialect, **plugged},
        all_passes={name: partial(load_pass, name) for name in names},
    )


UNIVERSE = make_universe()
