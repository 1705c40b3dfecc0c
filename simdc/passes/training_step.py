"""The training step of a network while it grows."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation, SSAValue

from simdc.ir.base import LayerOp, name_hint
from simdc.ir.context import layer_error
from simdc.ir.fields import word
from simdc.ir.gradient import INPUT, RULES, WEIGHT, give_input, rule_of
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.gather import ScatterAddOp
from simdc.ir.ops.loss import LossOp
from simdc.ir.plugin_ops import PLUGIN_DIALECTS


class TrainingStep:
    """The step as it grows: forward layers are there, loss, gradients and updates are appended."""

    def __init__(self, network: NetworkOp, input_grad: bool):
        self.network = network
        self.block: Block = network.body.block
        self.gradients: dict[SSAValue, list[SSAValue]] = {}
        self.current: LayerOp | None = None
        self._wanted: set[SSAValue] = set(self.block.args) if input_grad else set()

    def find_wanted(self) -> None:
        """Mark every value that a gradient must reach: trained parameters and whatever depends on them."""
        for op in self.block.ops:
            if isinstance(op, ParameterOp):
                if op.counts and op.frozen is None:
                    self._wanted.add(op.result)
            # Frozen layers below the first trained one depend on nothing wanted, and get no gradients.
            elif any(value in self._wanted for value in op.operands):
                self._wanted.update(op.results)

    def needs(self, value: SSAValue) -> bool:
        return value in self._wanted

    def upstream(self, result: SSAValue) -> SSAValue:
        return self.gradients[result][0]

    def reaches(self, result: SSAValue) -> bool:
        return result in self.gradients

    def emit(self, op: LayerOp, step: str) -> LayerOp:
        """Append an op; it stands where its forward layer was written."""
        op.phase = word(step)
        if self.current is not None:
            op.location = self.current.location
        self.append(op, op.layer.data)
        return op

    def append(self, op: Operation, name: str) -> None:
        self.block.add_op(op)
        for number, result in enumerate(op.results):
            result.name_hint = name_hint(name if number == 0 else f"{name}.{number}")

    def give(self, value: SSAValue, gradient: SSAValue) -> None:
        self.gradients.setdefault(value, []).append(gradient)

    def join(self, value: SSAValue, name: str) -> None:
        """Add up the gradients of a value that several layers read. Those of rows that a layer gathered are added into
        what the others gave."""
        step = WEIGHT if isinstance(value.owner, ParameterOp) else INPUT
        dense, sparse = self._by_rows(self.gradients.get(value, []))
        total = dense[0] if dense else None
        # A value with three readers has three gradients: two additions, grad_sum and grad_sum2.
        for number, part in enumerate(dense[1:], 1):
            assert total is not None
            suffix = "grad_sum" if number == 1 else f"grad_sum{number}"
            total = self.emit(AddOp(f"{name}.{suffix}", total, part), step).results[0]
        for op in sparse:
            assert total is not None
            total = self._moved_into(op, total)
        if total is not None:
            self.gradients[value] = [total]

    def _by_rows(self, parts: list[SSAValue]) -> tuple[list[SSAValue], list[ScatterAddOp]]:
        """The gradients, and those of rows that can be added into one of them: of a table [32000, 2048] that is the
        weight of the last layer, too, 65 M zeros less are stored and added."""
        owners = [part.owner for part in parts]
        sparse = [op for op in owners if isinstance(op, ScatterAddOp) and op.base is None]
        if not sparse:
            return parts, []
        dense = [part for part, owner in zip(parts, owners, strict=True) if owner not in sparse]
        # Only what is this value's alone may be written over: a gradient that an Add hands on is its other side's, too.
        if not dense:
            return parts[:1], sparse[1:]
        own = len(dense) > 1 or (isinstance(dense[0].owner, LayerOp) and dense[0].owner.phase == StringAttr(WEIGHT))
        return (dense, sparse) if own else (parts, [])

    def _moved_into(self, op: ScatterAddOp, base: SSAValue) -> SSAValue:
        """The rows of `op` added into `base` instead of zeros, as the last op."""
        moved = ScatterAddOp(op.layer.data, op.ids, op.gradient, base, axis=op.axis, size=op.size)
        moved.location = op.location
        assert op.phase is not None
        moved.phase = op.phase
        self.block.erase_op(op)
        self.append(moved, moved.layer.data)
        return moved.result

    def differentiate(self, layers: list[LayerOp]) -> None:
        """Walk the forward layers backwards and apply their rules."""
        for op in reversed(layers):
            self.current = op
            if isinstance(op, LossOp):
                # Here the gradient begins: that of the loss itself is one.
                if self.needs(op.prediction):
                    give_input(self, op.prediction, op.gradient(f"{op.layer.data}.grad_input"))
                continue
            for result in op.results:
                self.join(result, op.layer.data)
            # Of a layer whose results reach no loss, or that no trained weight feeds, no gradient is asked for.
            reached = [result for result in op.results if result in self.gradients]
            if not reached or not any(self.needs(value) for value in op.operands):
                continue
            rule = rule_of(type(op))
            if rule is None:
                raise layer_error(op, f"has no gradient rule, so it cannot be trained; these have one: {_with_rule()}")
            rule(op, self)
        self.current = None


def _with_rule() -> str:
    # For an error only: the dialect imports every op.
    from simdc.ir.dialect import Simdc

    dialects = (Simdc, *(plugin.value for plugin in PLUGIN_DIALECTS.all()))
    ops = {*RULES, *(op for dialect in dialects for op in dialect.operations)}
    kinds = [op for op in ops if issubclass(op, LayerOp)]
    return ", ".join(sorted(kind.name.removeprefix("simdc.") for kind in kinds if rule_of(kind) is not None))
