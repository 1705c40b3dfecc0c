"""Transformers as both exporters of PyTorch write them: results, gradients and counts are those of PyTorch itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simdc.api import Network, load
from simdc.backends.execute import execute, initial_parameters
from simdc.cost.kernel import Contraction, links_of
from simdc.frontends.hardware_file import load_hardware
from simdc.frontends.onnx.parameters import load_parameters
from simdc.ir.network import network_of
from tests.backends.execute.training import gradients, relative_error

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from tests.frontends.onnx.families import FAMILIES, family  # noqa: E402

Arrays = dict[str, np.ndarray]
NEWER = ("llama", "t5", "whisper")
"""Exported by the newer exporter, too, which takes three seconds for each."""
CASES = [(name, how) for name in FAMILIES for how in ("dynamo", "script") if how == "script" or name in NEWER]
UNFOLDED = ("t5",)
"""Of these the newer exporter would fold what is picked from a table, and store each copy."""


def exported(network: Any, inputs: tuple[Any, ...], how: str, folder: Path, *, folded: bool) -> str:
    path = str(folder / "net.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if how == "dynamo":
            torch.onnx.export(network, inputs, path, dynamo=True, verbose=False, optimize=folded)
        else:
            torch.onnx.export(network, inputs, path, dynamo=False, opset_version=17)
    return path


def macs(network: Network) -> int:
    """Of all products and convolutions, whatever else a layer does."""
    workload = network.workload(load_hardware("HT3"), fold=False)
    return sum(
        count * link.useful_macs
        for (first, *_), _, count in workload.occurrences()
        for link in links_of(first[1])
        if isinstance(link, Contraction)
    )


def torch_macs(run: Any) -> int:
    """Half of the operations that torch itself counts."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() // 2


def check_elements(found: Arrays, labels: Arrays, network: Any) -> None:
    """Hold the gradient of each element against torch's. An element is known by its value, since no two are alike: a
    weight may be transposed, cut or viewed on its way through the file."""
    expected = {
        value: gradient
        for parameter in network.parameters()
        for value, gradient in zip(flat(parameter.data), flat(parameter.grad), strict=True)
    }
    met: set[float] = set()
    for label, gradient in found.items():
        values = flat(labels[label])
        assert expected.keys() >= set(values), f"{label} is no parameter of the network, and is trained"
        want = np.array([expected[value] for value in values])
        assert relative_error(gradient.ravel(), want, floor=1e-6) < 1e-6, label
        met.update(values)
    assert met == expected.keys()


def flat(values: Any) -> list[float]:
    return np.asarray(values, np.float64).ravel().tolist()


def arrays(tensors: Iterable[Any]) -> list[np.ndarray]:
    return [tensor.numpy().astype(np.float64) for tensor in tensors]


@pytest.mark.parametrize(("name", "how"), CASES)
def test_a_transformer_is_what_torch_says(name: str, how: str, tmp_path: Path) -> None:
    network, inputs = family(name)
    path = exported(network, inputs, how, tmp_path, folded=name not in UNFOLDED)
    read, labels = load(path), load_parameters(path)
    # Weights are float32 in the file: this makes them the same numbers, and computes with them as execution does.
    network.double()
    inputs = tuple(each.double() if each.is_floating_point() else each for each in inputs)
    want = network(*inputs)
    found = execute(read.module, arrays(inputs), labels).returned[0]
    np.testing.assert_allclose(found, want.detach().numpy(), rtol=1e-6, atol=1e-7)

    assert network_of(read.module).parameters.value.data == sum(each.numel() for each in network.parameters())
    assert macs(read) == torch_macs(lambda: network(*inputs))

    step = read.training_step(loss=("given",))
    upstream = torch.randn(want.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    want.backward(upstream)
    run = execute(step.module, arrays((*inputs, upstream)), {**initial_parameters(step.module), **labels})
    check_elements(gradients(step.module, run), labels, network)
    assert macs(step) == torch_macs(lambda: network(*inputs).backward(upstream))
