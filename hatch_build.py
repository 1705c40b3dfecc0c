"""The wheel brings `simdc/cost/flat` compiled where that can be; else it is plain Python, as the source is."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))

PLAIN = "SIMDC_PLAIN"


class CompiledCore(BuildHookInterface):
    """With SIMDC_PLAIN set nothing is compiled."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable tree is compiled where it stands, by whoever wants that: python compile_core.py.
        if version != "standard" or os.environ.get(PLAIN):
            return
        self._folder = Path(mkdtemp())
        try:
            from compile_core import build

            files = build(self._folder)
        except BaseException as error:  # A compiler that fails ends with SystemExit.
            if isinstance(error, KeyboardInterrupt):
                raise
            self.app.display_warning(f"simdc works, more slowly: its core was not compiled ({error})")
            return
        build_data["force_include"] |= {str(file): f"simdc/cost/flat/{file.name}" for file in files}
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{platform}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "_folder"):
            rmtree(self._folder, ignore_errors=True)
