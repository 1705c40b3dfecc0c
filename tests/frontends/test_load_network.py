"""Which front end reads a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdc.errors import SimdcError
from simdc.frontends import load_network
from simdc.frontends.limits import MAX_BATCH
from simdc.frontends.presets import presets
from simdc.ir.network import network_of

DSL = "network n(x: 3x8x8) { return conv(x, 4, 3) -> relu }"
GRAPH = """{"schema": "simdc-network/1", "name": "g", "inputs": [{"name": "x", "shape": [3]}],
            "layers": [{"name": "r", "op": "relu", "inputs": ["x"]}]}"""
SPEC = """{"mode": "inference", "program": [
           {"operation": "relu", "iterable_dimensions": {"N": 1, "C": 3, "H": 4, "W": 4}}]}"""


def message(path: str, batch: int | None = None, *, given_tilings: bool = False) -> str:
    with pytest.raises(SimdcError) as caught:
        load_network(path, batch, given_tilings=given_tilings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [("n.dsl", DSL, "n"), ("g.json", GRAPH, "g"), ("spec.JSON", SPEC, "spec"), ("bom.json", "\ufeff" + GRAPH, "g")],
)
def test_front_end_by_suffix_and_keys(file: str, text: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.write_text(text, encoding="utf-8")
    for batch in (None, 4):
        network = network_of(load_network(str(path), batch))
        assert (network.sym_name.data, network.batch.value.data) == (name, batch or 1)


@pytest.mark.parametrize("name", presets("networks"))
def test_example_by_name(name: str) -> None:
    load_network(name, None).verify()


def test_dsl_wins_where_two_examples_share_a_name() -> None:
    assert presets("networks")["lenet5"].suffix == ".dsl"


@pytest.mark.parametrize("batch", [0, -1, MAX_BATCH + 1, True])
def test_batch_must_be_sensible(batch: int) -> None:
    assert message("lenet5", batch) == f"the batch must be 1 to {MAX_BATCH}, got {batch}"


def test_what_is_no_network(tmp_path: Path) -> None:
    for file, says in [
        ("n.txt", "'.txt' files are not supported; supported: .dsl"),
        ("n.mlr", "'.mlr' files are not supported; supported: .dsl"),
        ("n", "a file without a suffix is not supported; supported: .dsl"),
    ]:
        path = tmp_path / file
        path.write_text("")
        assert message(str(path)).startswith(f"{path}: {says}")
    path = tmp_path / "n.json"
    path.write_text('{"nodes": []}')
    assert message(str(path)).startswith(f"{path}: is not a network: ")
    path.write_text("{")
    assert message(str(path)).startswith(f"{path}:1:2: error: ")
    assert message(str(tmp_path / "none.dsl")).endswith("none.dsl: there is no such file")
    assert "did you mean 'resnet50'?" in message("resnet5O")


@pytest.mark.parametrize(("file", "text"), [("n.dsl", DSL), ("g.json", GRAPH)])
def test_only_specifications_give_tilings(file: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.write_text(text)
    assert "only a SimDIT specification gives tilings" in message(str(path), given_tilings=True)
