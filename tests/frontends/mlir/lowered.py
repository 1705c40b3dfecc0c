"""What torch-mlir and JAX make of a network: modules as text."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

DIALECTS = ("linalg-on-tensors", "stablehlo", "tosa")
"""That torch-mlir writes."""


def exported(network: Any, inputs: tuple[Any, ...]) -> Any:
    """By torch, in the operators that torch-mlir lowers; takes longer than the lowering. Weights are constants."""
    torch, fx = pytest.importorskip("torch"), pytest.importorskip("torch_mlir.fx")
    with warnings.catch_warnings():
        # Of torch about itself.
        warnings.simplefilter("ignore")
        return torch.export.export(network, inputs).run_decompositions(fx.get_decomposition_table())


def exported_by_arguments(network: Any, inputs: tuple[Any, ...]) -> tuple[Any, list[Any]]:
    """The same with weights and statistics as arguments behind the inputs, and the values of all."""
    torch = pytest.importorskip("torch")
    state = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}

    class Functional(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, *given: Any) -> Any:
            own = dict(zip(state, given[len(inputs) :], strict=True))
            return torch.func.functional_call(network, own, given[: len(inputs)])

    arguments = [*inputs, *state.values()]
    return exported(Functional(), tuple(arguments)), arguments


def of_torch(program: Any, dialect: str) -> str:
    """One of DIALECTS; values of constants are left out."""
    fx = pytest.importorskip("torch_mlir.fx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = fx.export_and_import(program, output_type=dialect, decomposition_table={})
    return module.operation.get_asm(print_generic_op_form=True, large_elements_limit=16, large_resource_limit=16)


def of_jax(function: Any, *arguments: Any, names: bool = False) -> str:
    """With locations, in which ops have the names of their scopes, or without."""
    jax = pytest.importorskip("jax")
    module = jax.jit(function).lower(*arguments).compiler_ir()
    return module.operation.get_asm(print_generic_op_form=True, enable_debug_info=names)
