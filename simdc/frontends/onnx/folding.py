"""Nodes that depend on no input of the network: their results are constants. Shape computations are such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from simdc.errors import SimdcError

from .constant import FLOATS, MAX_SETTINGS, Array, Constant, ValueOrigin, known, origin_of
from .constant_nodes import BITS, INT32, INT64, UNREAD
from .foldable import BOUNDS, BY_NUMPY, FOLDABLE, TABLES
from .graph import Node, Shaped
from .model_file import Model
from .problems import Unsupported

MAX_LATER = 2**28
"""Elements of a derived weight that is computed when it is read."""


class Folder:
    """Evaluates nodes with the reference implementation of the package `onnx`, those in FOLDABLE, and only where the
    sizes of the results are known beforehand. Small results are computed at once, weights when they are read."""

    def __init__(self, onnx: Any, model: Model, path: str):
        self.onnx = onnx
        self.opset = model.opset
        self.opsets = model.opsets
        self.path = path

    def fold(self, node: Node, inputs: Sequence[Constant | None]) -> tuple[Constant, ...]:
        """As `folded`; what is made of quantized numbers stays as narrow as they are, and is no more than they are,
        however many scales it has."""
        results = self.folded(node, inputs)
        if node.operator == "DequantizeLinear" and inputs[0] is not None:
            for result in results:
                result.bits = BITS.get(inputs[0].element)
                result.sources = {inputs[0].name: inputs[0].elements}
        return results

    def folded(self, node: Node, inputs: Sequence[Constant | None]) -> tuple[Constant, ...]:
        """The node's results. Raises Unsupported for an operator that is not evaluated, or whose results' sizes depend
        on values that the file does not hold."""
        short = UNREAD.get(node.operator)
        if short is not None:
            return (short(node, inputs),)
        if node.operator not in FOLDABLE:
            raise Unsupported("which simdc does not compute, though all that it reads is constant")
        parts = [part for part in inputs if part is not None]
        kinds = self.infer(node, inputs)
        shapes = [static_shape(kinds.get(name)) for name in node.outputs if name]
        sizes = [prod(shape) for shape in shapes if shape is not None]
        if len(sizes) < len(shapes):
            bound = BOUNDS.get(node.operator)
            sizes.append(MAX_SETTINGS + 1 if bound is None else bound(node, inputs))
        largest = max([part.largest for part in parts] + sizes, default=0)
        if largest <= MAX_SETTINGS:
            try:
                return tuple(
                    self._known(node, name, array, parts)
                    for name, array in zip(node.outputs, self.evaluate(node, inputs), strict=False)
                )
            except SimdcError:
                # The file does not hold the values.
                pass
        return self._later(node, inputs, kinds, largest)

    def _known(self, node: Node, name: str, array: Array, parts: Sequence[Constant]) -> Constant:
        element = int(self.onnx.helper.np_dtype_to_tensor_dtype(array.dtype))
        return known(name, array, element, _sources(parts), _origin(node, element, parts))

    def _later(
        self, node: Node, inputs: Sequence[Constant | None], kinds: Mapping[str, Any], largest: int
    ) -> tuple[Constant, ...]:
        def read(place: int) -> Array:
            if largest > MAX_LATER:
                raise SimdcError(f"'{node.outputs[place]}' takes {largest} elements to compute, more than {MAX_LATER}")
            return self.evaluate(node, inputs)[place]

        parts = [part for part in inputs if part is not None]
        results: list[Constant] = []
        for place, name in enumerate(node.outputs):
            shape = static_shape(kinds.get(name))
            if shape is None:
                raise Unsupported("it needs values that the file does not hold, or more of them than a shape has")
            element = kinds[name].tensor_type.elem_type
            origin = _origin(node, element, parts)
            values = partial(read, place)
            results.append(Constant(name, shape, element, _sources(parts), values, origin, largest))
        return tuple(results)

    def evaluate(self, node: Node, inputs: Sequence[Constant | None]) -> list[Array]:
        arrays = {
            name: part.array() for name, part in zip(node.inputs, inputs, strict=True) if name and part is not None
        }
        try:
            with np.errstate(all="ignore"):
                if node.operator in BY_NUMPY:
                    return BY_NUMPY[node.operator](node, [arrays[name] for name in node.inputs])
                evaluator: Any = import_module("onnx.reference").ReferenceEvaluator
                results: Any = evaluator(node.proto, opsets=self.opsets).run(None, arrays)
        except Unsupported:
            raise
        except Exception as error:
            # The evaluator has no exceptions of its own: a bad node ends in whatever numpy raises.
            reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise Unsupported(f"its value cannot be computed: {reason}") from None
        return [np.asarray(result) for result in results]

    def infer(self, node: Node, inputs: Sequence[Constant | Shaped | None]) -> dict[str, Any]:
        """ONNX's own shape inference for one node: types by the names of its results, empty if it has none."""
        helper = self.onnx.helper
        kinds: dict[str, Any] = {}
        data: dict[str, Any] = {}
        for name, part in zip(node.inputs, inputs, strict=True):
            if not name or part is None:
                continue
            kinds[name] = helper.make_tensor_type_proto(part.element, part.shape)
            if isinstance(part, Constant) and part.element in (INT32, INT64) and part.largest <= MAX_SETTINGS:
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
        except Exception:
            # It refuses a node of unknown kind or with inputs of a wrong type, each in its own way.
            return {}


def _sources(parts: Sequence[Constant]) -> dict[str, int]:
    """Where there are weights, without the whole numbers and single numbers by which these were cut or scaled."""
    weights = [part for part in parts if part.elements > 1 and part.origin > ValueOrigin.COMPUTED]
    return {name: size for part in weights or parts for name, size in part.sources.items()}


def _origin(node: Node, element: int, parts: Sequence[Constant]) -> ValueOrigin:
    if node.operator == "DequantizeLinear":
        return ValueOrigin.STORED
    return origin_of(parts) if element in FLOATS and node.operator not in TABLES else ValueOrigin.COMPUTED


def static_shape(kind: Any) -> tuple[int, ...] | None:
    """The shape in an ONNX type, if all of it is known."""
    if kind is None or not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    dims = kind.tensor_type.shape.dim
    return tuple(int(dim.dim_value) for dim in dims) if all(dim.HasField("dim_value") for dim in dims) else None
