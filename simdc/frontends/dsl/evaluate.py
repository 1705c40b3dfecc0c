"""Runs a network text: every layer call becomes a call of the builder."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import LayerError
from simdc.ir.layer_table import find_layer, known_layer, layer_table
from simdc.ir.layers import LayerKind

from .calls import Given, bind_block, bind_layer, take_name
from .errors import DslError, Place, listing, shorten, similar
from .expressions import Expressions, Frame
from .functions import FUNCTIONS, call_function
from .limits import MAX_LAYERS, MAX_STEPS
from .names import Names, Scope
from .syntax import Assign, BlockText, Branch, Call, Program, Repeat, Return, Statement
from .values import Value, describe, truth


def evaluate(program: Program, builder: ModuleBuilder) -> ModuleOp:
    """Raises DslError."""
    return _Evaluator(program, builder).network()


class _Evaluator(Expressions):
    def __init__(self, program: Program, builder: ModuleBuilder):
        super().__init__()
        self.program = program
        self.builder = builder
        self.names = Names()
        self.layer_count = 0
        self.active: list[str] = []
        for block in program.blocks.values():
            is_layer = known_layer(block.name) is not None
            if is_layer or block.name in FUNCTIONS:
                what = "layer" if is_layer else "function"
                raise DslError(f"'{block.name}' is a {what} already; give the block another name", block.place)

    def network(self) -> ModuleOp:
        network = self.program.network
        frame = Frame({}, Scope())
        for each in network.inputs:
            self.names.give(frame.scope, "input", each.name, each.place)
            try:
                frame.variables[each.name] = self.builder.input(each.name, each.shape)
            except LayerError as error:
                raise DslError(error.message, each.place) from None
        self.execute(network.body, frame)
        self.spend(len(network.results.values), network.results.place)
        return self.builder.finish([self.result(network.results, i, frame) for i in range(len(network.results.values))])

    def result(self, results: Return, index: int, frame: Frame) -> SSAValue:
        expression = results.values[index]
        value = self.value(expression, frame)
        if not isinstance(value, SSAValue):
            raise DslError(
                f"a network returns tensors, got {describe(value)}; return a layer's result", expression.place
            )
        return value

    def execute(self, body: Sequence[Statement], frame: Frame) -> None:
        for statement in body:
            self.spend(1, statement.place)
            if isinstance(statement, Assign):
                frame.variables[statement.target] = self.value(statement.value, frame)
            elif isinstance(statement, Repeat):
                self.repeat(statement, frame)
            else:
                self.branch(statement, frame)

    def repeat(self, statement: Repeat, frame: Frame) -> None:
        count = self.value(statement.rounds, frame)
        place = statement.rounds.place
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise DslError(f"repeat needs a whole number that is not negative, got {describe(count)}", place)
        if count > MAX_STEPS:
            raise DslError(f"repeat {count} is beyond the limit of {MAX_STEPS} steps; repeat less", place)
        self.enter(statement.place)
        for index in range(count):
            self.spend(1, statement.place)
            if statement.counter is not None:
                frame.variables[statement.counter] = index
            self.execute(statement.body, frame)
        self.leave()

    def branch(self, statement: Branch, frame: Frame) -> None:
        chosen: Branch | tuple[Statement, ...] = statement
        while isinstance(chosen, Branch):
            self.spend(1, chosen.place)
            condition = truth(self.value(chosen.condition, frame), "a condition", chosen.condition.place)
            chosen = chosen.body if condition else chosen.otherwise
        self.enter(statement.place)
        self.execute(chosen, frame)
        self.leave()

    def call(self, call: Call, left: Given | None, frame: Frame) -> Value:
        self.spend(1 + len(call.arguments), call.place)
        self.enter(call.place)
        given = [] if left is None else [left]
        given += [Given(each.place, each.keyword, self.value(each.value, frame)) for each in call.arguments]
        if block := self.program.blocks.get(call.callee):
            value = self.block(block, given, frame, call.place)
        elif layer := known_layer(call.callee):
            value = self.layer(layer, given, frame, call.place)
        elif call.callee in FUNCTIONS:
            value = self.function(call.callee, given, call.place)
        elif layer := find_layer(call.callee):
            value = self.layer(layer, given, frame, call.place)
        else:
            raise self.unknown(call.callee, call.place)
        self.leave()
        return value

    def block(self, block: BlockText, given: Sequence[Given], frame: Frame, place: Place) -> Value:
        if block.name in self.active:
            cycle = " -> ".join([*self.active[self.active.index(block.name) :], block.name])
            raise DslError(f"block '{block.name}' calls itself: {cycle}; unfold it with repeat", place)
        result, *more = block.results.values
        if more:
            message = f"block '{block.name}' returns {len(more) + 1} values; a block returns one"
            raise DslError(message, more[0].place)
        name, given = take_name(given)
        variables = bind_block(block, given, place)
        path = self.names.give(frame.scope, block.name, _text(name), name.place if name else place)
        inner = Frame(variables, Scope(path + "."))
        self.active.append(block.name)
        self.enter(place)
        for parameter in block.parameters:
            if parameter.name not in variables and parameter.default is not None:
                variables[parameter.name] = self.value(parameter.default, inner)
        self.execute(block.body, inner)
        value = self.value(result, inner)
        self.leave()
        self.active.pop()
        return value

    def layer(self, layer: LayerKind, given: Sequence[Given], frame: Frame, place: Place) -> Value:
        explicit, given = take_name(given)
        bound = bind_layer(layer, given, place)
        self.layer_count += 1
        if self.layer_count > MAX_LAYERS:
            raise DslError(f"the network has more than {MAX_LAYERS} layers, the limit; repeat less", place)
        name = self.names.give(frame.scope, layer.name, _text(explicit), explicit.place if explicit else place)
        try:
            return layer.add(self.builder, bound.inputs, bound.arguments, name, place)
        except LayerError as error:
            raise DslError(f"{layer.name}: {error.message}", bound.places.get(error.option or "", place)) from None

    def function(self, name: str, given: Sequence[Given], place: Place) -> Value:
        for each in given:
            if each.keyword is not None:
                raise DslError(f"{name} takes no keywords; write the value alone", each.place)
        return call_function(name, [each.value for each in given], self.builder.shape, place)

    def unknown(self, name: str, place: Place) -> DslError:
        blocks, layers = sorted(self.program.blocks), list(layer_table())
        there_are = f"layers are {listing(layers)}" + (f", blocks {listing(blocks)}" if blocks else "")
        close = similar(name, [*layers, *blocks, *FUNCTIONS])
        remedy = f"{close} The {there_are}" if close else f"; the {there_are}"
        message = f"there is no layer or block '{shorten(name)}'{remedy}"
        return DslError(message, place)

    def undefined(self, name: str, frame: Frame, place: Place) -> DslError:
        if known_layer(name) is not None:
            return DslError(f"'{name}' is a layer, it needs an input here; write '{name}(x)' or 'x -> {name}'", place)
        if name in self.program.blocks or name in FUNCTIONS:
            return DslError(f"'{name}' is not a value; call it, as in '{name}(x)'", place)
        close = similar(name, frame.variables)
        return DslError(
            f"'{shorten(name)}' has no value here{close or f'; there is {listing(list(frame.variables))}'}", place
        )


def _text(name: Given | None) -> str | None:
    return None if name is None else str(name.value)
