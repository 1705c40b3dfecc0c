"""From an ONNX model to a network: folds what is constant, translates the rest node by node."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.errors import SimdcError
from simdc.frontends.builder import LayerError
from simdc.ir.base import shape_of
from simdc.ir.unmodelled import UnmodelledOp

from . import operators as operators
from .build import Build
from .constant import Constant, known
from .constant_nodes import INT64
from .folding import Folder, static_shape
from .graph import Graph, Node, in_order
from .inputs import Symbols, find_inputs
from .model_file import import_onnx, read_model
from .network import OnnxNetwork
from .patterns import Fusion, find_fusions
from .problems import Problem, Unsupported, refusal
from .table import Value, translation_of


class Importer:
    """Reads one file; afterwards `module` is the network and `network.constants` the values of its parameters."""

    def __init__(self, path: str, batch: int | None, bindings: Mapping[str, int], *, allow_uncosted: bool):
        self.path = path
        self.allow_uncosted = allow_uncosted
        self.model = read_model(path)
        self.folder = Folder(import_onnx(path), self.model, path)
        self.symbols = Symbols(path, batch, bindings, {}, set())
        self.problems: list[Problem] = []
        self.unseen = 0
        self.values: dict[str, Value] = {}
        self.readers: dict[str, list[Node]] = {}
        self.done: set[int] = set()
        graph = self.model.graph
        nodes = in_order(graph.nodes, graph.outputs, path)
        inputs = find_inputs(graph, nodes, self.symbols)
        self.network = OnnxNetwork(Path(path).stem, inputs.batch, path)
        self.literals = {name for node in nodes if node.operator == "Constant" for name in node.outputs}
        self.values |= graph.initializers | inputs.weights
        try:
            self.values |= {name: self.network.image(name, shape) for name, shape in inputs.images.items()}
        except LayerError as error:
            raise SimdcError(error.message, file=path) from None
        self.count = len(nodes)
        self.translate(nodes, graph)
        self.module = self.finished(graph)

    def translate(self, nodes: list[Node], graph: Graph) -> None:
        """Make the layers of `nodes`; constants first, so that every node knows the weights around it."""
        for node in nodes:
            for name in node.reads():
                self.readers.setdefault(name, []).append(node)
        for name in graph.outputs:
            self.readers.setdefault(name, []).extend(nodes[-1:] * 2)
        for node in nodes:
            if not node.captured and all(isinstance(self.values.get(name), Constant) for name in node.reads()):
                self.attempt(node, None)
        fusions = find_fusions(nodes, self.values, self.readers)
        for node in nodes:
            if node.number not in self.done and not fusions.inside(node):
                self.attempt(node, fusions.roots.get(node.number))

    def attempt(self, node: Node, fusion: Fusion | None) -> None:
        """Translate one node; where that fails, keep the reason and go on, so that all reasons come out at once."""
        self.done.add(node.number)
        needs = node.reads() if fusion is None else (fusion.source,)
        if any(name not in self.values for name in needs):
            self.unseen += 1
            return
        mark = self.network.mark()
        self.network.go_to(node)
        try:
            self.translated(node, fusion)
            return
        except Unsupported as error:
            reason = str(error)
        except VerifyException as error:
            reason = str(error)
        except LayerError as error:
            reason = error.message
        except SimdcError as error:
            if error.path is not None:
                raise
            reason = error.message
        self.network.rewind(mark)
        self.problems.append(Problem(node.name, node.operator, reason))
        self.leave_out(node, reason)

    def translated(self, node: Node, fusion: Fusion | None) -> None:
        if fusion is not None:
            build = Build(self, node)
            result = fusion.make(build, self.value(fusion.source))
            build.remember(result, [inner.name for inner in fusion.inner])
            self.values[node.outputs[0]] = result
            return
        inputs = [self.values[name] if name else None for name in node.inputs]
        constants = [value for value in inputs if isinstance(value, Constant) or value is None]
        if node.operator in ("If", "Loop", "Scan"):
            self.control_flow(node)
        elif node.operator in ("Shape", "Size"):
            self.shape(node)
        elif len(constants) == len(inputs) and not node.captured:
            self.values |= dict(zip(node.outputs, self.folder.fold(node, constants), strict=False))
        else:
            self.layers(node)

    def layers(self, node: Node) -> None:
        translation = translation_of(node.operator)
        if translation is None:
            raise Unsupported("which simdc does not know")
        build = Build(self, node)
        made = translation(build)
        results = made if isinstance(made, tuple) else (made,)
        build.remember(results[0], [other.name for other in build.absorbed])
        self.done |= {other.number for other in build.absorbed}
        for name in build.outputs[len(results) :]:
            if name in self.readers:
                raise Unsupported(f"its result '{name}' is not modelled")
        self.values |= dict(zip(build.outputs, results, strict=False))

    def shape(self, node: Node) -> None:
        if not node.inputs:
            raise Unsupported("its input is missing")
        value = self.value(node.inputs[0])
        whole = value.shape if isinstance(value, Constant) else shape_of(value)
        import numpy as np

        if node.op_type == "Size":
            array = np.asarray(np.prod(whole, dtype=np.int64))
        else:
            array = np.asarray(whole[node.integer("start", 0) : node.integer("end", len(whole))], np.int64)
        self.values[node.outputs[0]] = known(node.outputs[0], array, INT64)

    def control_flow(self, node: Node) -> None:
        """The branch of an If whose condition is a constant takes the node's place."""
        condition = self.values.get(node.inputs[0]) if node.inputs else None
        if node.operator != "If" or not isinstance(condition, Constant):
            raise Unsupported("control flow that depends on data; export with fixed sizes, or fold it (onnxsim)")
        branch = node.attributes.get("then_branch" if condition.number() else "else_branch")
        if not isinstance(branch, Graph) or len(branch.outputs) < len(node.outputs):
            raise Unsupported("its branch is missing")
        self.values |= branch.initializers
        nodes = in_order(branch.nodes, branch.outputs, self.path)
        outer, done = self.readers, self.done
        self.readers, self.done = dict(outer), set[int]()
        if nodes:
            self.translate(nodes, branch)
        self.readers, self.done = outer, done
        found = {inner: self.values.get(name) for inner, name in zip(node.outputs, branch.outputs, strict=False)}
        self.values |= {name: value for name, value in found.items() if value is not None}

    def leave_out(self, node: Node, reason: str) -> None:
        """An op without a price in the node's place, its results as ONNX's shape inference or the file has them."""
        inputs = [self.values.get(name) if name else None for name in node.inputs]
        described = [value if isinstance(value, Constant) or value is None else shape_of(value) for value in inputs]
        kinds = self.folder.infer(node, described)
        shapes: list[tuple[int, ...]] = []
        for name in node.outputs:
            stated = self.model.graph.described.get(name)
            shape = static_shape(kinds.get(name)) or (None if stated is None else self.symbols.resolved(stated))
            if not shape or min(shape) < 1:
                if name in self.readers:
                    return
                continue
            shapes.append(shape)
        operands = [value for value in inputs if isinstance(value, SSAValue)]
        name = self.network.unused(node.name)
        op = UnmodelledOp.standing_in(name, node.operator, f"{node.operator}: {reason}", operands, shapes)
        try:
            results = self.network.add_all(op, name)
        except Unsupported:
            return
        self.values |= dict(zip(node.outputs, results, strict=False))

    def value(self, name: str) -> Value:
        return self.values[name]

    def only_reader(self, name: str) -> Node | None:
        """The one node that reads a value, if no more than one does and the value is no result of the network."""
        found = self.readers.get(name, [])
        return found[0] if len(found) == 1 and found[0].number not in self.done else None

    def finished(self, graph: Graph) -> ModuleOp:
        missing = [name for name in graph.outputs if name not in self.values]
        if self.problems and (missing or not self.allow_uncosted):
            raise refusal(self.problems, self.count, self.unseen, self.path)
        if missing:
            raise SimdcError(f"result '{missing[0]}' is made by no node", file=self.path)
        results = [value for value in map(self.value, graph.outputs) if isinstance(value, SSAValue)]
        if not results:
            raise SimdcError("computes nothing: its results are constants or missing", file=self.path)
        return self.network.finish(results)
