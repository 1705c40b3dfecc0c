"""The table of operators: for each ONNX operator, the function that makes layers of a node of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TypeAlias, cast

from xdsl.ir import SSAValue

from simdc.plugins import Group, Plugin

from .build import Build
from .constant import Constant, Value
from .graph import operator_key

Translation: TypeAlias = Callable[[Build], Value | tuple[Value, ...] | None]
"""Makes layers of a node; gives its results in order, None where its body in the standard shall stand for it. Raises
Unsupported."""

InputNumbers: TypeAlias = Mapping[str, Collection[int]]
"""By operator, some of its inputs, counted from 0."""

OPERATORS: dict[str, Translation] = {}
WEIGHTS: dict[str, Collection[int]] = {}
"""Inputs that hardly ever depend on data."""
SIDES: dict[str, Collection[int]] = {}
"""Inputs that are weights, or another activation."""
SETTINGS: dict[str, Collection[int]] = {}
"""Inputs that say how a node computes."""


def operator(
    *names: str,
    domain: str = "",
    weights: Collection[int] = (),
    sides: Collection[int] = (),
    settings: Collection[int] = (),
) -> Callable[[Translation], Translation]:
    """Enter a function for the operators `names` of `domain`. A program enters its own with it; a package that is to
    work with the command line names its functions in entry points `simdc.onnx`.

    `weights`, `sides` and `settings` are places of inputs as the tables above have them. They tell data from weights in
    a file whose weights were taken out.
    """

    def enter(function: Translation) -> Translation:
        for name in names:
            key = operator_key(name, domain)
            OPERATORS[key] = function
            for table, places in ((WEIGHTS, weights), (SIDES, sides), (SETTINGS, settings)):
                if places:
                    table[key] = places
        return function

    return enter


def translation_of(key: str) -> Translation | None:
    """The function for an operator: simdc's own, else a plug-in's."""
    plugin = None if key in OPERATORS else PLUGIN_OPERATORS.get(key)
    return OPERATORS.get(key) if plugin is None else partial(_called, plugin)


def _called(plugin: Plugin[Translation], build: Build) -> Value | tuple[Value, ...]:
    """The results of a plug-in's operator. Raises PluginError for what it should not raise or give."""
    from xdsl.utils.exceptions import VerifyException

    from simdc.ir.layer_error import LayerError

    from .problems import Unsupported

    made = plugin.call(object, plugin.value, build, fine=(Unsupported, LayerError, VerifyException))
    results = cast("tuple[object, ...]", made) if isinstance(made, tuple) else (made,)
    for each in results:
        if not isinstance(each, (SSAValue, Constant)):
            raise plugin.at_fault(f"failed: it gave {each!r:.80} where a value of the network is expected")
    return cast("Value | tuple[Value, ...]", made)


def _check(name: str, value: object) -> Translation:
    if not callable(value):
        raise TypeError(f"expected a function from a Build to its results, got {value!r:.80}")
    return cast("Translation", value)


PLUGIN_OPERATORS = Group("simdc.onnx", OPERATORS, _check)
