"""The JSON Schema of network graphs, from the signatures of the layers.

`network-graph.schema.json` beside this file has that of the built-in layers, for other tools.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simdc.ir.layers import LayerKind, Parameter
from simdc.ir.options import simplest

from .json_graph import MAX_DIMENSIONS, SCHEMA
from .json_node import MAX_TEXT

NAME = {"$ref": "#/$defs/name"}


def graph_schema(layers: Iterable[LayerKind]) -> dict[str, object]:
    """The format, for networks of `layers`."""
    layers = list(layers)
    options = {parameter.option.kind: parameter.option for kind in layers for parameter in kind.options.values()}
    sizes = "[channels, height, width], of a volume [channels, depth, height, width]"
    shape = {"description": sizes, **_array({"type": "integer", "minimum": 1}, 1, MAX_DIMENSIONS)}
    network = {
        "$schema": {"type": "string"},
        "schema": {"const": SCHEMA},
        "name": NAME,
        "inputs": _array(_object({"name": NAME, "shape": shape}, ["name", "shape"]), 1),
        "layers": _array({"required": ["name", "op", "inputs"], "oneOf": [_layer(kind) for kind in layers]}, 1),
        "outputs": {"description": "Names of layers or inputs; the last layer if left out.", **_array(NAME, 1)},
    }
    kinds = {
        name: {"description": option.meaning, **option.schema}
        for name, option in sorted(options.items())
        if "enum" not in option.schema
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "simdc network graph",
        "description": "A neural network, layer by layer in an order in which every layer comes after its inputs. "
        "Sizes are without the batch.",
        **_object(network, ["schema", "name", "inputs", "layers"]),
        "$defs": {"name": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}, **kinds},
    }


def _layer(kind: LayerKind) -> dict[str, object]:
    properties: dict[str, object] = {
        "name": NAME,
        "op": {"const": kind.name},
        "inputs": _array(NAME, kind.inputs or 2, kind.inputs),
    }
    for name, parameter in kind.options.items():
        properties[name] = _option(parameter, kind.defaults.get(name))
    return {"description": kind.text, **_object(properties, kind.required)}


def _option(parameter: Parameter, default: object) -> dict[str, object]:
    option, found = parameter.option, dict[str, object]()
    if parameter.note:
        found["description"] = parameter.note
    found |= option.schema if "enum" in option.schema else {"$ref": f"#/$defs/{option.kind}"}
    return found if default is None else {**found, "default": simplest(default)}


def _object(properties: Mapping[str, object], required: Iterable[str]) -> dict[str, object]:
    needed = list(required)
    needs = {"required": needed} if needed else {}
    return {"type": "object", **needs, "additionalProperties": False, "properties": properties}


def _array(items: object, least: int, most: int | None = None) -> dict[str, object]:
    longest = {} if most is None else {"maxItems": most}
    return {"type": "array", "minItems": least, **longest, "items": items}
