"""What an operator means in terms of others: many have a body in the ONNX standard, which takes the node's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .constant import Constant
from .graph import Graph, Node, Shaped
from .model_file import decoded_nodes
from .own_bodies import own_body

Described = Constant | Shaped | None
"""What is known of an input: element type and shape."""


def body_of(
    onnx: Any, node: Node, inputs: Sequence[Described], opsets: Mapping[str, int], wanted: Sequence[str], path: str
) -> Graph | None:
    """The body of the node's operator as a graph over the node's own inputs, None if the standard has none.

    Its results are `wanted`, some of the node's. What makes the node's first result has the node's name; all else
    begins with it. A body may depend on what its `inputs` are.
    """
    own = own_body(onnx, node, inputs)
    if own is not None:
        return Graph(node.name, decoded_nodes(onnx, own, path), (), tuple(wanted), {}, {})
    version = opsets.get(node.domain, 1)
    try:
        schema = onnx.defs.get_schema(node.op_type, version, node.domain)
        function = _function(onnx, schema, node, inputs, version)
    except (onnx.defs.SchemaError, onnx.shape_inference.InferenceError, ValueError, RuntimeError, TypeError):
        return None
    if function is None:
        return None
    defaults = (entry.default_value for entry in schema.attributes.values() if entry.default_value.name)
    names = dict(zip(function.input, node.inputs, strict=False))
    names |= dict.fromkeys(function.input[len(node.inputs) :], "")
    made = dict(zip(function.output, node.outputs, strict=False))
    names |= {inner: outer for inner, outer in made.items() if outer}
    given = {entry.name: entry for entry in (*defaults, *node.proto.attribute)}
    protos: list[Any] = []
    for part in function.node:
        proto = onnx.NodeProto()
        proto.CopyFrom(part)
        for field in (proto.input, proto.output):
            renamed = [names.get(name, f"{node.name}.{name}") if name else "" for name in field]
            del field[:]
            field.extend(renamed)
        own = proto.output[0] if proto.output else ""
        proto.name = node.name if own == node.outputs[0] else own
        _give_attributes(proto, given)
        protos.append(proto)
    return Graph(node.name, decoded_nodes(onnx, protos, path), (), tuple(wanted), {}, {})


def _function(onnx: Any, schema: Any, node: Node, inputs: Sequence[Described], version: int) -> Any:
    """The function of the node's operator, written for the newest operators that the model may use; None if there is
    none."""
    if schema.has_function:
        text = schema.get_function_with_opset_version(_newest(schema.function_opset_versions, version))
    elif schema.has_context_dependent_function:
        make = onnx.helper.make_tensor_type_proto
        types = [b"" if one is None else make(one.element, one.shape).SerializeToString() for one in inputs]
        known = schema.context_dependent_function_opset_versions
        text = schema.get_context_dependent_function_with_opset_version(
            _newest(known, version), node.proto.SerializeToString(), types
        )
    else:
        return None
    return onnx.FunctionProto.FromString(text) if text else None


def _newest(known: Sequence[int], version: int) -> int:
    """Where an operator in a body has changed, the standard has a body for each version of it: of 17 and 18, opset 20
    takes 18."""
    return max((each for each in known if each <= version), default=min(known))


def _give_attributes(proto: Any, given: Mapping[str | bytes, object]) -> None:
    """Replace attributes that stand for one of the node's own; one that the node does not have goes."""
    own = [*proto.attribute]
    del proto.attribute[:]
    for entry in own:
        if not entry.ref_attr_name:
            proto.attribute.append(entry)
        elif entry.ref_attr_name in given:
            taken = proto.attribute.add()
            taken.CopyFrom(given[entry.ref_attr_name])
            taken.name = entry.name
