"""Networks as JSON data: one object per layer, with the layer table and the option names of the network language.

`network-graph.schema.json` beside this file describes the format for other tools.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import LayerError
from simdc.ir.layer_table import find_layer, layer_table
from simdc.ir.token_run import AS_WRITTEN, TokenRun

from .json_node import JsonNode, hint

SCHEMA = "simdc-network/1"
MAX_LAYERS = 32_000
MAX_DIMENSIONS = 4
"""Of an input without its batch: element-wise layers know [c], [c, h] and [c, h, w]."""
NETWORK_KEYS = ("schema", "name", "inputs", "layers", "outputs")
LAYER_KEYS = ("name", "op", "inputs")


def parse_json_graph(data: dict[str, object], file: str, batch: int, run: TokenRun = AS_WRITTEN) -> ModuleOp:
    """The network in `data`, for inputs of `batch` images and as many tokens as `run` says. `file` is for messages and
    locations; JSON has no lines, so every location is line 0. Raises SimdcError."""
    root = JsonNode(data, file)
    for key in data:
        if key not in NETWORK_KEYS and key != "$schema":
            raise JsonNode(None, file, root.child(key)).error(f"unknown key{hint(key, NETWORK_KEYS, 'known keys:')}")
    schema = root.need("schema")
    if schema.value != SCHEMA:
        raise schema.error(f'must be "{SCHEMA}"')
    return _Graph(root, batch, run).module()


class _Graph:
    def __init__(self, root: JsonNode, batch: int, run: TokenRun):
        self.root = root
        self.builder = ModuleBuilder(root.need("name").text(), batch, root.file, run=run)
        self.values: dict[str, SSAValue] = {}
        self.places: dict[str, str] = {}

    def module(self) -> ModuleOp:
        layers = self.root.need("layers").items()
        if not 1 <= len(layers) <= MAX_LAYERS:
            raise self.root.need("layers").error(f"must hold 1 to {MAX_LAYERS} layers, got {len(layers)}")
        inputs = self.root.need("inputs").items()
        if not inputs:
            raise self.root.need("inputs").error("must hold at least one input")
        for each in inputs:
            self.add_input(each)
        names = [self.give_place(layer.need("name")) for layer in layers]
        for layer, name in zip(layers, names, strict=True):
            self.values[name] = self.add_layer(layer, name)
        outputs = self.root.get("outputs")
        chosen = [names[-1]] if outputs is None else [self.known(each, "") for each in outputs.items()]
        if not chosen and outputs is not None:
            raise outputs.error("must name at least one output; leave it out for the last layer")
        return self.builder.finish([self.values[name] for name in chosen])

    def give_place(self, node: JsonNode) -> str:
        """The name in `node`, which nothing else may have."""
        name, place = node.text(), node.path.rpartition(".")[0]
        if name in self.places:
            raise node.error(f"'{name}' is the name of {self.places[name]} already; give each its own")
        self.places[name] = place
        return name

    def add_input(self, node: JsonNode) -> None:
        for key in node.fields():
            if key not in ("name", "shape"):
                raise JsonNode(None, node.file, node.child(key)).error("unknown key; an input has name and shape")
        name, shape = self.give_place(node.need("name")), node.need("shape")
        sizes = [size.size() for size in shape.items()]
        if not 1 <= len(sizes) <= MAX_DIMENSIONS:
            raise shape.error(f"must have 1 to {MAX_DIMENSIONS} sizes such as [3, 224, 224], without the batch")
        try:
            self.values[name] = self.builder.input(name, sizes)
        except LayerError as error:
            raise shape.error(error.message) from None

    def add_layer(self, layer: JsonNode, name: str) -> SSAValue:
        says = f"layer '{name}': "
        op = layer.need("op")
        kind = op.text()
        entry = find_layer(kind)
        if entry is None:
            raise op.error(f"{says}unknown op '{kind}'{hint(kind, list(layer_table()), 'known ops:')}")
        inputs = layer.need("inputs")
        given = inputs.items()
        options = {key: value for key, value in layer.fields().items() if key not in LAYER_KEYS}
        try:
            entry.check_call(len(given), options)
            operands = [self.values[self.known(each, says)] for each in given]
            for key, value in options.items():
                if value is None:
                    raise LayerError("null is no value; leave the option out for its default", key)
            return entry.add(self.builder, operands, options, name)
        except LayerError as error:
            path = layer.path if error.option is None else layer.child(error.option)
            raise SimdcError(says + error.message, file=layer.file, path=path) from None

    def known(self, node: JsonNode, says: str) -> str:
        """The name in `node`, which must be of an input or of a layer built so far."""
        name = node.text()
        if name in self.values:
            return name
        if name in self.places:
            raise node.error(f"{says}'{name}' is defined only later, at {self.places[name]}; move that layer up")
        raise node.error(f"{says}nothing is called '{name}'{hint(name, list(self.values), 'known so far:')}")
