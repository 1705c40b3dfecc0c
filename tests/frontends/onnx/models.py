"""Small ONNX models, and what the reference evaluator of the package `onnx` makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from simdc.backends.execute import execute
from simdc.frontends.onnx import parse_onnx
from simdc.frontends.onnx.parameters import load_parameters
from simdc.ir.network import NetworkOp, network_of

node = helper.make_node
FLOAT = TensorProto.FLOAT


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, Sequence[int | str | None]],
    weights: Mapping[str, np.ndarray] | None = None,
    *,
    outputs: Sequence[str] | None = None,
    opset: int = 17,
    listed: bool = False,
    values: Sequence[Any] = (),
    domains: Mapping[str, int] | None = None,
) -> onnx.ModelProto:
    """A model whose outputs are those of the last node. `listed` names the weights among the inputs, too, as old
    exporters do."""
    weights = weights or {}
    takes = [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()]
    if listed:
        takes += [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
            for name, value in weights.items()
        ]
    names = outputs or [name for name in nodes[-1].output if name]
    graph = helper.make_graph(
        list(nodes),
        "graph",
        takes,
        [helper.make_tensor_value_info(name, FLOAT, None) for name in names],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
        value_info=list(values),
    )
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(*item) for item in (domains or {}).items())]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def saved(proto: onnx.ModelProto, folder: Path, name: str = "net.onnx") -> str:
    path = folder / name
    onnx.save(proto, path)
    return str(path)


def random(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def imported(proto: onnx.ModelProto, folder: Path, batch: int | None = None, **options: Any) -> NetworkOp:
    module = parse_onnx(saved(proto, folder), batch, options.pop("bind", None), **options)
    module.verify()
    return network_of(module)


def check_against_reference(
    proto: onnx.ModelProto,
    folder: Path,
    inputs: Mapping[str, np.ndarray],
    *,
    tolerance: float = 1e-5,
    oracle: onnx.ModelProto | None = None,
) -> NetworkOp:
    """Import the model and run it on `inputs`; all results must be those of the reference evaluator, which may be given
    another model (`oracle`) that means the same."""
    path = saved(proto, folder)
    first = next(iter(inputs.values()))
    batch = first.shape[0] if first.ndim > 1 else None
    module = parse_onnx(path, batch)
    module.verify()
    run = execute(
        module,
        [inputs[value.name] for value in proto.graph.input if value.name in inputs],
        load_parameters(path, batch),
    )
    wanted = ReferenceEvaluator(oracle or proto).run(None, dict(inputs))
    assert len(run.returned) == len(wanted)
    for found, want in zip(run.returned, wanted, strict=True):
        assert found.shape == want.shape
        np.testing.assert_allclose(found, want, rtol=tolerance, atol=tolerance)
    return network_of(module)


def kinds(network: NetworkOp) -> list[str]:
    return [op.name.removeprefix("simdc.") for op in network.layers()]
