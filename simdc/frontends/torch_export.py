"""Modules of PyTorch, and what torch.export saved (.pt2): by way of ONNX, in a folder that is gone afterwards."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from simdc.errors import SimdcError
from simdc.visible import to_name

from .reads import inputs_read, readable, was_read_elsewhere

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp


def load_module(
    module: Any,
    example: Sequence[object],
    batch: int | None,
    *,
    bind: Mapping[str, int] | None = None,
    weights: Collection[str] | None = None,
    allow_uncosted: bool = False,
) -> ModuleOp:
    """The network of a torch.nn.Module for inputs like `example`, which are what `module(*example)` takes. It is
    exported as for inference and left as it was. Raises SimdcError for what torch cannot export, or simdc not read."""
    name = to_name(type(module).__name__)
    was_training = module.training
    try:
        return _by_onnx(module.eval(), name, tuple(example), batch, bind, weights, allow_uncosted)
    finally:
        module.train(was_training)


def parse_pt2(
    path: str,
    batch: int | None,
    bind: Mapping[str, int] | None,
    *,
    weights: Collection[str] | None,
    allow_uncosted: bool,
) -> ModuleOp:
    """The network in a file of torch.export.save. Raises SimdcError."""
    torch = _torch(path)
    # Of a damaged file torch logs a traceback, and then raises.
    try:
        with _silent(), readable(path):
            program = torch.export.load(path)
    except SimdcError:
        raise
    except Exception as error:
        raise SimdcError(f"is no program of torch.export, or damaged: {_first_line(error)}", file=path) from None
    was_read_elsewhere(path)
    return _by_onnx(program, to_name(Path(path).stem), (), batch, bind, weights, allow_uncosted)


def _by_onnx(
    program: Any,
    name: str,
    example: tuple[object, ...],
    batch: int | None,
    bind: Mapping[str, int] | None,
    weights: Collection[str] | None,
    allow_uncosted: bool,
) -> ModuleOp:
    from .onnx import parse_onnx

    torch = _torch(name)
    # What is read there is no input of anybody's.
    with TemporaryDirectory(prefix="simdc") as folder, _silent(), inputs_read("export", name):
        path = str(Path(folder) / f"{name.replace('/', '_')}.onnx")
        try:
            # Not optimized: simdc folds batch norms itself for inference, and training needs them.
            torch.onnx.export(program, example, path, dynamo=True, verbose=False, optimize=False)
        except ModuleNotFoundError as error:
            raise SimdcError(f"exporting {name} needs {error.name}: pip install onnxscript 'simdc[onnx]'") from None
        except Exception as error:
            raise SimdcError(f"torch cannot export {name} to ONNX: {_first_line(error)}") from error
        return parse_onnx(path, batch, bind, weights=weights, allow_uncosted=allow_uncosted)


@contextmanager
def _silent() -> Generator[None]:
    """Torch tells how it gets on, and what is deprecated in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


def _torch(what: str) -> Any:
    try:
        return import_module("torch")
    except ImportError:
        raise SimdcError("needs PyTorch: pip install torch onnxscript 'simdc[onnx]'", file=what) from None


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]
