"""The line of a report that says how many multiplications there are."""

from __future__ import annotations

import pytest

from simdc.cli import main


@pytest.mark.parametrize(
    ("network", "macs"),
    [
        # A softmax scales its scores on the lanes by `mac`: 12 * 12 * 128 * 128 of these are no products.
        ("bert_base", "11,174,217,216"),
        # Depthwise convolutions that run on the lanes count.
        ("mobilenet_v2", "300,774,272"),
    ],
)
def test_macs_are_those_of_layers_that_multiply(network: str, macs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([network, "--hw", "HI3"]) == 0
    assert f"parameters, {macs} MACs" in capsys.readouterr().out
