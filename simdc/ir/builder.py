"""Builds a module op by op for the front ends."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import Block, Operation, SSAValue

from simdc.visible import MAX_NAME, is_name, to_name

from .base import LayerOp, make_tensor_type, name_hint, shape_of
from .fields import make_place
from .layer_error import MAX_SIZE, LayerError
from .network import NetworkOp, ParameterOp, ReturnOp
from .notes import add_note
from .token_run import AS_WRITTEN, TokenRun

MAX_READS = 100_000
"""Inputs of all layers together: a concatenation works on each of its own."""


class ModuleBuilder:
    """Collects layers in program order; every op gets the place in `file` that it was written at. Inputs of tokens and
    caches are as long as `run` says."""

    def __init__(self, name: str, batch: int, file: str, phase: str = "inference", run: TokenRun = AS_WRITTEN):
        self.name = name if is_name(name) else to_name(name)
        self.batch = batch
        self.phase = phase
        self.run = run
        self.file = file
        self._block = Block()
        self._place = make_place(file, 0, 0)
        self._parameters = 0
        self._layers: set[str] = set()
        self._reads = 0
        self._notes: list[str] = []

    @staticmethod
    def shape(value: SSAValue) -> tuple[int, ...]:
        return shape_of(value)

    def input(self, name: str, shape: Sequence[int]) -> SSAValue:
        """A network input of `shape` without its batch dimension, which is put in front. Raises LayerError."""
        shape = self.run.shape(shape)
        if not shape or min(shape) < 1 or prod(shape) * self.batch > MAX_SIZE:
            raise LayerError(f"input '{name}' must have positive sizes, at most {MAX_SIZE} elements in all")
        argument = self._block.insert_arg(make_tensor_type(f32, (self.batch, *shape)), len(self._block.args))
        argument.name_hint = name_hint(name)
        return argument

    def go_to(self, line: int, column: int) -> None:
        """What is added from here on was written there in `file`."""
        self._place = make_place(self.file, line, column)

    def parameter(
        self, layer: str, role: str, shape: Sequence[int], *, statistic: bool = False, frozen: bool = False
    ) -> SSAValue:
        """A tensor that comes with `layer`; `statistic` if it is gathered, not trained."""
        elements = prod(shape)
        if elements > MAX_SIZE:
            raise LayerError(f"the {role} would have {elements} elements, more than {MAX_SIZE}")
        if not statistic:
            self._parameters += elements
        label, kind = f"{layer}.{role}", make_tensor_type(f32, tuple(shape))
        return self.append(ParameterOp.make(label, kind, statistic=statistic, frozen=frozen), label)

    def fixed(self, layer: str, role: str, shape: Sequence[int]) -> SSAValue:
        """A tensor that says how `layer` computes, and is no parameter of the network."""
        if prod(shape) > MAX_SIZE:
            raise LayerError(f"the {role} would have {prod(shape)} elements, more than {MAX_SIZE}")
        label = f"{layer}.{role}"
        return self.append(ParameterOp.make(label, make_tensor_type(f32, tuple(shape)), constant=True), label)

    def note(self, sentence: str) -> None:
        """Let the report say it."""
        self._notes.append(sentence)

    def count_unread(self, elements: int) -> None:
        """Count trained values that a layer has and never reads: positions behind the last token."""
        self._parameters += elements

    def shared_parameter(self, layer: str, role: str) -> SSAValue:
        """A tensor that came with a layer before, for one that uses it, too. Raises LayerError if there is none."""
        label = f"{layer}.{role}"
        found = next(
            (op for op in self._block.ops if isinstance(op, ParameterOp) and op.label.data == label and op.counts), None
        )
        if found is None:
            raise LayerError(f"no layer before this one is called '{layer}' and has a {role}", role)
        return found.result

    def append(self, op: Operation, name: str) -> SSAValue:
        """Add an op with one result at the current place of the source. Raises VerifyException if its operands do not
        go together."""
        self.insert(op, name)
        return op.results[0]

    def insert(self, op: Operation, name: str) -> None:
        """As `append`, for an op with any number of results; the first gets the op's name."""
        if isinstance(op, LayerOp):
            if not is_name(name):
                raise LayerError(f"a name must have 1 to {MAX_NAME} printable characters, got {name!r:.80}", "name")
            if name in self._layers:
                raise LayerError(f"there is a layer called '{name}' already; give one of them another name", "name")
            if self._reads + len(op.operands) > MAX_READS:
                raise LayerError(f"the layers up to this one read more than {MAX_READS} inputs")
        op.location = self._place
        for result in op.results:
            if prod(shape_of(result)) > MAX_SIZE:
                raise LayerError(f"the result would have {prod(shape_of(result))} elements, more than {MAX_SIZE}")
        for result in op.results[:1]:
            result.name_hint = name_hint(name)
        self._block.add_op(op)
        if isinstance(op, LayerOp):
            self._layers.add(name)
            self._reads += len(op.operands)

    @property
    def last(self) -> Operation | None:
        """The op added last: a state to come back to."""
        return self._block.last_op

    def rewind(self, last: Operation | None) -> None:
        """Take out what was added after `last`, such as the weights of a layer that could not be built."""
        while (op := self._block.last_op) is not None and op is not last:
            if isinstance(op, LayerOp):
                self._layers.discard(op.layer.data)
                self._reads -= len(op.operands)
            elif isinstance(op, ParameterOp) and op.counts:
                self._parameters -= prod(shape_of(op.result))
            op.detach()
            op.erase()

    def finish(self, results: Sequence[SSAValue]) -> ModuleOp:
        self._block.add_op(ReturnOp(*results))
        network = NetworkOp(self.name, self.phase, self.batch, self._parameters, self._block)
        for sentence in self._notes:
            add_note(network, sentence)
        return ModuleOp([network])
