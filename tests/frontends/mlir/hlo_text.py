"""Modules of a few ops, written and run."""

from __future__ import annotations

import numpy as np

from simdc.backends.execute import execute
from simdc.frontends.mlir import parse_foreign_module


def module(arguments: str, result: str, *lines: str) -> str:
    """A function of `name:type` arguments whose result is `%y`."""
    names = ", ".join(f"%{name}: tensor<{kind}>" for name, kind in (each.split(":") for each in arguments.split()))
    body = "\n".join(lines)
    return f"module {{ func.func @main({names}) -> tensor<{result}> {{\n{body}\nreturn %y : tensor<{result}> }} }}"


def op(name: str, operands: str, kinds: str, result: str, properties: str = "", to: str = "%y") -> str:
    """`name` with its dialect."""
    inside = f" <{{{properties}}}>" if properties else ""
    types = ", ".join(each if each[0] == "!" else f"tensor<{each}>" for each in kinds.split())
    made = result if result[0] == "!" else f"tensor<{result}>"
    return f'{to} = "{name}"({operands}){inside} : ({types}) -> {made}'


def run(text: str, *inputs: np.ndarray, **constants: np.ndarray) -> np.ndarray:
    (found,) = execute(parse_foreign_module(text, "m.mlir", None), list(inputs), constants).returned
    return found
