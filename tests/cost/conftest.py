"""The compiled core, built once."""

from __future__ import annotations

import os

import pytest

from simdc.cost.flat import core
from tests.oracles.core_forms import built_in


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> core.CoreForm:
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools")
    if os.environ.get("SIMDC_PLAIN"):
        pytest.skip("only the plain form is asked for")
    return built_in(tmp_path_factory.mktemp("core"))
