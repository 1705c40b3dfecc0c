"""Passes of a file that nobody installed: `-p file.py:Pass` in the place of a pass's name."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from xdsl.passes import ModulePass

from simdc.errors import SimdcError, suggestion
from simdc.plugins import Plugin

from . import PASSES, at_arms_length

# `tiling.py:Mine` where a name stands: at the beginning of a pipeline or behind a comma.
IN_FILE = re.compile(r"(?P<before>(?:^|,)\s*)(?P<file>[^,{}]+?\.py):(?P<name>\w+)")


def take_passes_of_files(pipeline: str) -> tuple[str, dict[str, type[ModulePass]]]:
    """The pipeline with the names that passes of files have themselves, and these passes by name. Raises SimdcError."""
    # `simdc-tidy,mine.py:EvenPass{k=2}` becomes `simdc-tidy,even{k=2}`.
    found: dict[str, type[ModulePass]] = {}
    places: dict[str, str] = {}

    def replaced(match: re.Match[str]) -> str:
        file, name = match["file"], match["name"]
        made = _pass_of(file, name)
        place = f"{file}:{name}"
        if places.setdefault(made.name, place) != place:
            raise SimdcError(f"-p: {places[made.name]} and {place} both call themselves '{made.name}'")
        found[made.name] = made
        return match["before"] + made.name

    return IN_FILE.sub(replaced, pipeline), found


def _pass_of(file: str, name: str) -> type[ModulePass]:
    module = _loaded(file)
    value: object = getattr(module, name, None)
    if value is None:
        classes = [key for key, each in vars(module).items() if _is_pass(each)]
        raise SimdcError(f"-p: there is no '{name[:80]}' in it{suggestion(name, classes)}", file=file)
    if not (isinstance(value, type) and issubclass(value, ModulePass)):
        raise SimdcError(f"-p: '{name[:80]}' is no subclass of xdsl.passes.ModulePass", file=file)
    called: object = getattr(value, "name", None)
    if not isinstance(called, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", called):
        raise SimdcError(f"-p: '{name[:80]}' needs a `name` of letters, digits and dashes", file=file)
    if called in PASSES:
        raise SimdcError(f"-p: '{name[:80]}' calls itself '{called}', which is a pass of simdc's own", file=file)
    return at_arms_length(Plugin(called, value, file, "-p"))


def _is_pass(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, ModulePass) and value is not ModulePass


def _loaded(file: str) -> ModuleType:
    """Each time anew: a file may have changed since."""
    path = Path(file)
    if not path.is_file():
        raise SimdcError("-p: there is no such file", file=file)
    label = f"simdc_file_{path.stem}"
    spec = spec_from_file_location(label, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # Data classes look for their module by its name.
    sys.modules[label] = module
    with Plugin(path.stem, module, file, "-p").calling():
        spec.loader.exec_module(module)
    return module
