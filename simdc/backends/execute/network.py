"""Runs a network on arrays: every layer in program order, in float64."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from xdsl.dialects.builtin import ModuleOp
from xdsl.interpreter import (
    Interpreter,
    InterpreterFunctions,
    PythonValues,
    ReturnedValues,
    impl,
    impl_terminator,
    register_impls,
)
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import InterpretationError

from simdc.errors import SimdcError, suggestion
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import NetworkOp, ParameterOp, ReturnOp, network_of
from simdc.ir.ops.fused import FusedOp, YieldOp
from simdc.named import NamedTuple
from simdc.plugins import Group

from .activation import ActivationFunctions
from .arrays import Array, Arrays
from .at_place import PlaceFunctions
from .boxes import BoxFunctions
from .broadcast import BroadcastFunctions
from .conv import ConvFunctions
from .elementwise import ElementwiseFunctions, FreeFunctions
from .gather import GatherFunctions
from .loss import LossFunctions
from .movement import MovementFunctions
from .nest import NestFunctions
from .norm import NormFunctions
from .pool import PoolFunctions
from .product import ProductFunctions
from .recurrent import RecurrentFunctions
from .reduce import ReduceFunctions
from .token import TokenFunctions
from .update import UpdateFunctions

FUNCTIONS: tuple[type[InterpreterFunctions], ...] = (
    ConvFunctions,
    ProductFunctions,
    ElementwiseFunctions,
    ActivationFunctions,
    BroadcastFunctions,
    FreeFunctions,
    MovementFunctions,
    NestFunctions,
    GatherFunctions,
    PlaceFunctions,
    BoxFunctions,
    TokenFunctions,
    PoolFunctions,
    RecurrentFunctions,
    ReduceFunctions,
    NormFunctions,
    LossFunctions,
    UpdateFunctions,
)


class Execution(NamedTuple):
    """What a run gave: the returned values in order, and each layer's results by its name."""

    returned: tuple[Array, ...]
    results: dict[str, tuple[Array, ...]]


@register_impls
class ShellFunctions(InterpreterFunctions):
    """What surrounds the layers: parameters by their label, and the results."""

    def __init__(self, parameters: Mapping[str, ArrayLike]):
        self._parameters = parameters

    @impl(ParameterOp)
    def parameter(self, interpreter: Interpreter, op: ParameterOp, args: Arrays) -> Arrays:
        label = op.label.data
        if label not in self._parameters:
            raise SimdcError(f"no value for parameter '{label}'{suggestion(label, [*self._parameters])}")
        return (_value(f"parameter '{label}'", self._parameters[label], op.result),)

    @impl(FusedOp)
    def fused(self, interpreter: Interpreter, op: FusedOp, args: Arrays) -> Arrays:
        return interpreter.run_ssacfg_region(op.body, args, op.layer.data)

    @impl_terminator(YieldOp)
    def hand_on(self, interpreter: Interpreter, op: YieldOp, args: Arrays) -> tuple[ReturnedValues, Arrays]:
        return ReturnedValues(args), ()

    @impl_terminator(ReturnOp)
    def finish(self, interpreter: Interpreter, op: ReturnOp, args: Arrays) -> tuple[ReturnedValues, Arrays]:
        return ReturnedValues(args), ()


class Recorder(Interpreter.Listener):
    """Keeps the results of every layer, and holds them against the shapes that the IR promises."""

    def __init__(self) -> None:
        self.results: dict[str, tuple[Array, ...]] = {}

    def did_interpret_op(self, op: Operation, results: PythonValues) -> None:
        if isinstance(op, LayerOp):
            for promised, result in zip(op.results, results, strict=True):
                assert result.shape == shape_of(promised), f"{op.name} made {result.shape} of {shape_of(promised)}"
            self.results[op.layer.data] = results


def execute(
    module: ModuleOp,
    inputs: Mapping[str, ArrayLike] | Sequence[ArrayLike],
    parameters: Mapping[str, ArrayLike],
    functions: Iterable[InterpreterFunctions] = (),
) -> Execution:
    """Run the network of `module`. `inputs` go by the names of its arguments or by position, `parameters` by label;
    ops from outside the dialect run as plug-ins or `functions` say. Raises SimdcError for a value that is missing, too
    many or of the wrong shape, and for an op that nobody can run."""
    network = network_of(module)
    recorder = Recorder()
    interpreter = Interpreter(module, listeners=(recorder,))
    for known in (ShellFunctions(parameters), *(cls() for cls in (*FUNCTIONS, *_plugged(network))), *functions):
        interpreter.register_implementations(known, override=True)
    arguments = _arguments(network, inputs)
    try:
        returned = interpreter.run_ssacfg_region(network.body, arguments, network.sym_name.data)
    except InterpretationError as error:
        raise SimdcError(f"cannot run the network: {error}") from None
    return Execution(returned, recorder.results)


def _plugged(network: NetworkOp) -> list[type[InterpreterFunctions]]:
    """What plug-ins can run, where there is something that we cannot."""
    if all(op.dialect_name() == "simdc" for op in network.layers()):
        return []
    return [plugin.value for plugin in PLUGIN_FUNCTIONS.all()]


def _check(name: str, value: object) -> type[InterpreterFunctions]:
    if not isinstance(value, type) or not issubclass(value, InterpreterFunctions):
        raise TypeError(f"expected a subclass of xdsl.interpreter.InterpreterFunctions, got {value!r:.80}")
    return value


PLUGIN_FUNCTIONS = Group("simdc.execution", (), _check)


def _arguments(network: NetworkOp, inputs: Mapping[str, ArrayLike] | Sequence[ArrayLike]) -> tuple[Array, ...]:
    arguments = network.body.block.args
    names = [argument.name_hint or str(argument.index) for argument in arguments]
    if isinstance(inputs, Mapping):
        if sorted(inputs) != sorted(names):
            raise SimdcError(f"the network takes {', '.join(names)}; given are {', '.join(inputs) or 'no inputs'}")
        given = [inputs[name] for name in names]
    else:
        given = list(inputs)
        if len(given) != len(names):
            raise SimdcError(f"the network takes {len(names)} inputs ({', '.join(names)}), given are {len(given)}")
    return tuple(
        _value(f"input '{name}'", array, argument)
        for name, array, argument in zip(names, given, arguments, strict=True)
    )


def _value(what: str, given: ArrayLike, value: SSAValue) -> Array:
    array = np.asarray(given, dtype=np.float64)
    if array.shape != shape_of(value):
        raise SimdcError(f"{what} has shape {list(array.shape)}, expected {list(shape_of(value))}")
    return array
