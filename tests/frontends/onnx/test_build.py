"""What an operator's function is given, without a file: the surroundings are whatever answers its questions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest
from xdsl.ir import SSAValue

from simdc.frontends.onnx import Build, Constant, Unsupported, Value
from simdc.frontends.onnx.constant import known
from simdc.frontends.onnx.graph import Node
from simdc.frontends.onnx.network import OnnxNetwork
from simdc.frontends.onnx.tables import Standing
from simdc.frozen import Frozen, field
from simdc.ir.network import ParameterOp


class Surroundings(Frozen):
    network: OnnxNetwork
    values: Mapping[str, Value]
    is_a: Standing = Standing.TRAINED
    opset: int = 17
    rebatch: tuple[int, int] | None = None
    notes: list[str] = field(factory=list[str])

    def value(self, name: str) -> Value | None:
        return self.values.get(name)

    def element(self, name: str) -> int | None:
        return 1 if name in self.values else None

    def stated_shape(self, name: str) -> tuple[int, ...] | None:
        return None

    def standing(self, constant: Constant) -> Standing:
        return self.is_a

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def count_readers(self, name: str) -> int:
        return 1

    def only_reader(self, name: str) -> Node | None:
        return None


def build_of(standing: Standing) -> tuple[Build, Surroundings]:
    """An Add of an image and a constant, and of nothing in place 2."""
    network = OnnxNetwork("net", 1, "net.onnx")
    values = {"x": network.image("x", (1, 4)), "w": known("w", np.ones((1, 4), np.float32), 1)}
    around = Surroundings(network, values, standing)
    node = Node(1, "sum", "Add", "", ("x", "w", ""), ("y",), MappingProxyType({}), frozenset(), None)
    network.go_to_node(node)
    return Build(around, node), around


@pytest.mark.parametrize("standing", Standing)
def test_a_constant_is_a_parameter_of_its_standing(standing: Standing) -> None:
    build, around = build_of(standing)
    assert isinstance(build.tensor(0), SSAValue)
    parameter = build.tensor(1, "offset").owner
    assert isinstance(parameter, ParameterOp)
    assert parameter.label.data == "sum.offset"
    assert (parameter.constant is None) == (standing is Standing.TRAINED)
    guessed = ["'w' is added to scores alike for all heads: taken for a mask, not trained"]
    assert around.notes == (guessed if standing is Standing.MASK else [])


def test_a_place_without_a_value_is_told() -> None:
    build, _ = build_of(Standing.TRAINED)
    assert [build.has(place) for place in range(4)] == [True, True, False, False]
    for place in (2, 3):
        with pytest.raises(Unsupported, match=f"input {place} is missing"):
            build.value(place)


def test_what_a_node_added_before_it_failed_is_gone() -> None:
    network = OnnxNetwork("net", 1, "net.onnx")
    network.image("x", (1, 4))
    first, second, third = (known(name, np.full((1, 4), n, np.float32), 1) for n, name in enumerate(("a", "b", "c")))
    network.constant("kept", first, "trained")
    mark = network.mark()
    network.constant("gone", second, "trained")
    # The same again is no parameter more.
    network.constant("again", first, "trained")
    network.constant("gone too", third, "constant")
    network.return_to(mark)
    assert list(network.constants) == ["kept"]
    made = network.constant("back", second, "trained").owner
    assert isinstance(made, ParameterOp)
    assert made.label.data == "back"
    assert list(network.constants) == ["kept", "back"]
