"""Bounded parts of the two campaigns, and that they draw what they say."""

from __future__ import annotations

from random import Random

import pytest

from simdc.backends.report import make_report
from simdc.backends.report.machine_text import as_data
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.layer_table import layer_table
from simdc.passes.pipeline import training_passes
from tests.differential import differential, every_layer
from tests.differential.drawn import DRAWS, Layer
from tests.differential.networks import Net, as_dsl, one_layer, random_net

LAYERS = layer_table()


def test_every_kind_of_layer_is_drawn() -> None:
    built_in = {name for name, kind in LAYERS.items() if kind.build.__module__.startswith("simdc.")}
    assert DRAWS.keys() == built_in


@pytest.mark.parametrize("op", DRAWS)
def test_every_option_of_a_layer_is_drawn(op: str) -> None:
    """But for constants of a formula, which no count depends on, `freeze`, which changes what is trained, and `weight`,
    which is that of another layer, and `tokens_per_expert`, which depends on the batch."""
    random = Random(op)
    drawn = {name for _ in range(12) for layer in one_layer(random, op).layers.values() for name in layer.options}
    assert drawn >= set(LAYERS[op].parameters) - {
        "alpha",
        "beta",
        "bias",
        "rate",
        "epsilon",
        "freeze",
        "weight",
        "tokens_per_expert",
    }


def test_every_layer_and_its_gradients_are_what_their_tiles_do() -> None:
    checked, found = every_layer.check(seed=13, layers=800)
    assert not found
    # Every kind was drawn twice or more, half of them with their gradients.
    assert len(checked) > 100
    assert checked.keys() > {
        "resize_grad",
        "max_pool_grad",
        "local_response_norm_grad",
        "slice",
        "pad",
    }


def test_networks_are_priced_alike_however_they_are_said() -> None:
    counted, found = differential.check(seed=5000, networks=35)
    assert not found
    assert counted["priced"] > 23


def test_a_wrong_count_is_a_complaint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differential, "_macs", lambda net, layer: [("", 1 + (layer.macs or 0))])
    assert any("MACs, not" in words for words in differential.check(seed=5000, networks=6)[1])


def test_an_error_that_is_none_of_the_input_is_a_complaint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differential, "_table", lambda *_: 1 // 0)
    assert any("ZeroDivisionError" in words for words in differential.check(seed=5000, networks=2)[1])


def test_the_same_seed_draws_the_same_network() -> None:
    assert as_dsl(random_net(Random(4))) == as_dsl(random_net(Random(4)))


def test_a_border_multiplies_in_the_forward_pass_only() -> None:
    """A 3x3 window at 4x4 places over 2x2 pixels and their border; each of 2x2 pixels is read by 3x3 windows."""
    layer = Layer("conv", ("x",), {"channels": 1, "kernel": [3, 3], "pad": [2, 2, 2, 2]}, (1, 4, 4), 4 * 4 * 9, 9)
    module = parse_dsl(as_dsl(Net(1, {"x": (1, 2, 2)}, {"a": layer})), "n.dsl", 1)
    priced = differential.compiled(module, load_hardware("HT1"), training_passes("sgd", input_grad=True))
    found = {op["name"]: op["ops"].get("mac") for op in as_data(make_report(priced))["layers"]}
    assert (found["a"], found["a.grad_input"], found["a.grad_weight"]) == (144, 36, 144)
