"""Random networks as data, and as the text of two front ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from tests.differential.drawn import DRAWS, Layer, Shape, drawn


class Net(NamedTuple):
    """`inputs` and what the layers make, by name, without the batch."""

    batch: int
    inputs: dict[str, Shape]
    layers: dict[str, Layer]

    @property
    def outputs(self) -> list[str]:
        read = {name for layer in self.layers.values() for name in layer.inputs}
        return [name for name in self.layers if name not in read]


def random_inputs(random: Random, batch: int) -> dict[str, Shape]:
    """An image, others that go with it (alike, one value a channel or a row, longer along one dimension), a matrix, and
    vectors, one of them as long as there are images. Each side on its own, some of them long."""
    longest = random.choice((4, 9, 9, 24))
    image = (random.randint(1, random.choice((4, 20))), random.randint(1, longest), random.randint(1, longest))
    axis = random.randrange(3)
    longer = tuple(side + random.randint(0, 4) * (number == axis) for number, side in enumerate(image))
    some = tuple(random.choice((1, side)) for side in image)
    return {
        "x": image,
        "same": image,
        "some": some,
        "longer": longer,
        "matrix": (random.randint(1, 15), random.randint(1, 15)),
        "left": (batch,),
        "vector": (random.randint(1, 60),),
    }


def one_layer(random: Random, op: str) -> Net:
    """A network of one layer of the kind `op`, and the inputs that it needs."""
    batch = random.choice((1, 1, 2, 3))
    while True:
        shapes = random_inputs(random, batch)
        if op.endswith("3d"):
            shapes["volume"] = tuple(random.randint(1, most) for most in (8, 6, 7, 7))
        layer = drawn(random, shapes, op)
        if layer is not None:
            return Net(batch, {name: shapes[name] for name in shapes if name in layer.inputs}, {"layer": layer})


def random_net(random: Random) -> Net:
    """One to ten layers, most of them after the last."""
    batch = random.choice((1, 1, 2, 3, 8))
    shapes = random_inputs(random, batch)
    given, layers = dict(shapes), dict[str, Layer]()
    wanted = random.randint(1, 10)
    while len(layers) < wanted:
        near = dict(list(shapes.items())[-random.choice((3, len(shapes))) :])
        layer = drawn(random, near, random.choice(("conv", "conv", "bn", "relu", *DRAWS)))
        if layer is not None:
            name = f"l{len(layers)}"
            layers[name], shapes[name] = layer, layer.shape
    used = {name for layer in layers.values() for name in layer.inputs}
    return Net(batch, {name: given[name] for name in given if name in used}, layers)


def as_dsl(net: Net) -> str:
    inputs = ", ".join(f"{name}: {'x'.join(map(str, shape))}" for name, shape in net.inputs.items())
    lines = [f"network drawn({inputs}) {{"]
    for name, layer in net.layers.items():
        options = [f"{key}={_literal(value)}" for key, value in layer.options.items()]
        lines.append(f"  {name} = {layer.op}({', '.join([*layer.inputs, *options])}, name={json.dumps(name)})")
    return "\n".join([*lines, f"  return {', '.join(net.outputs)}", "}"]) + "\n"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value)


def as_json(net: Net) -> dict[str, object]:
    return {
        "schema": "simdc-network/1",
        "name": "drawn",
        "inputs": [{"name": name, "shape": list(shape)} for name, shape in net.inputs.items()],
        "layers": [
            {"name": name, "op": layer.op, "inputs": list(layer.inputs), **layer.options}
            for name, layer in net.layers.items()
        ],
        "outputs": net.outputs,
    }
