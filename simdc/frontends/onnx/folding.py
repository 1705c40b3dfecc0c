"""Nodes that depend on no input of the network: their results are constants. Shape computations are such."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from simdc.errors import SimdcError

from .constant import Array, Constant, known
from .constant_nodes import FLOAT, INT64, UNREAD
from .graph import Node
from .model_file import Model
from .problems import Unsupported

EAGER = 2**16
"""Inputs with at most so many elements together are computed at once; larger ones, weights, when they are read."""
MAX_ELEMENTS = 2**24
"""Of a result that is computed at once: a shape is a handful of numbers."""


class Folder:
    """Evaluates nodes with the reference implementation of the package `onnx`."""

    def __init__(self, onnx: Any, model: Model, path: str):
        self.onnx = onnx
        self.opset = model.opset
        self.opsets = model.opsets
        self.path = path
        self.failures: tuple[type[Exception], ...] = (
            onnx.defs.SchemaError,
            onnx.checker.ValidationError,
            onnx.shape_inference.InferenceError,
            ValueError,
            RuntimeError,
            TypeError,
            KeyError,
        )

    def fold(self, node: Node, inputs: Sequence[Constant | None]) -> tuple[Constant, ...]:
        """The node's results. Raises Unsupported for an operator that nobody can evaluate."""
        short = UNREAD.get(node.operator)
        if short is not None:
            return (short(node, inputs),)
        sources = {name: size for part in inputs if part is not None for name, size in part.sources.items()}
        kinds = self.infer(node, inputs)
        if sum(part.elements for part in inputs if part is not None) > EAGER or _large(kinds):
            return self._later(node, inputs, kinds, sources)
        try:
            return tuple(
                known(name, array, int(self.onnx.helper.np_dtype_to_tensor_dtype(array.dtype)), sources)
                for name, array in zip(node.outputs, self.evaluate(node, inputs), strict=False)
            )
        except SimdcError:
            return self._later(node, inputs, kinds, sources)

    def _later(
        self, node: Node, inputs: Sequence[Constant | None], kinds: dict[str, Any], sources: dict[str, int]
    ) -> tuple[Constant, ...]:
        def read(place: int) -> Array:
            return self.evaluate(node, inputs)[place]

        results: list[Constant] = []
        for place, name in enumerate(node.outputs):
            shape = static_shape(kinds.get(name))
            if shape is None:
                raise Unsupported("it needs values that the file does not hold")
            element = kinds[name].tensor_type.elem_type
            results.append(Constant(name, shape, element, sources, lambda place=place: read(place)))
        return tuple(results)

    def evaluate(self, node: Node, inputs: Sequence[Constant | None]) -> list[Array]:
        evaluator: Any = import_module("onnx.reference").ReferenceEvaluator
        arrays = {
            name: part.array() for name, part in zip(node.inputs, inputs, strict=True) if name and part is not None
        }
        try:
            with np.errstate(all="ignore"):
                results: Any = evaluator(node.proto, opsets=self.opsets).run(None, arrays)
        except Exception as error:
            # The evaluator has no exceptions of its own: a bad node ends in whatever numpy raises.
            reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise Unsupported(f"its value cannot be computed: {reason}") from None
        return [np.asarray(result) for result in results]

    def infer(self, node: Node, inputs: Sequence[Constant | tuple[int, ...] | None]) -> dict[str, Any]:
        """ONNX's own shape inference for one node: types by the names of its results, empty if it has none."""
        helper = self.onnx.helper
        kinds: dict[str, Any] = {}
        data: dict[str, Any] = {}
        for name, part in zip(node.inputs, inputs, strict=True):
            if not name or part is None:
                continue
            is_constant = isinstance(part, Constant)
            shape, element = (part.shape, part.element) if is_constant else (part, FLOAT)
            kinds[name] = helper.make_tensor_type_proto(element, shape)
            if is_constant and part.elements <= EAGER and part.element == INT64:
                try:
                    data[name] = self.onnx.numpy_helper.from_array(part.array(), name)
                except SimdcError:
                    continue
        try:
            schema = self.onnx.defs.get_schema(node.op_type, self.opsets.get(node.domain, 1), node.domain)
            imports = [helper.make_opsetid(domain, version) for domain, version in self.opsets.items()]
            return dict(
                self.onnx.shape_inference.infer_node_outputs(schema, node.proto, kinds, data, opset_imports=imports)
            )
        except self.failures:
            return {}


def _large(kinds: dict[str, Any]) -> bool:
    shapes = [static_shape(kind) for kind in kinds.values()]
    return any(shape is not None and prod(shape) > MAX_ELEMENTS for shape in shapes)


def static_shape(kind: Any) -> tuple[int, ...] | None:
    """The shape in an ONNX type, if all of it is known."""
    if kind is None or not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    dims = kind.tensor_type.shape.dim
    return tuple(int(dim.dim_value) for dim in dims) if all(dim.HasField("dim_value") for dim in dims) else None
