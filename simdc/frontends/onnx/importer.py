"""From an ONNX model to a network: folds what is constant, translates the rest node by node."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.errors import SimdcError
from simdc.frontends.builder import LayerError
from simdc.ir.base import shape_of
from simdc.ir.network import network_of
from simdc.ir.notes import add_note
from simdc.ir.unmodelled import UnmodelledOp

from . import operators as operators
from .build import Build
from .constant import Constant
from .constant_nodes import FLOAT, sizes
from .contradictions import check_result
from .element_types import ElementTypes
from .folding import Folder, static_shape
from .function_body import body_of
from .graph import Graph, Node, Shaped, in_order
from .inputs import find_inputs
from .model_file import import_onnx, read_model
from .network import OnnxNetwork
from .patterns import Fusion, find_fusions
from .places import has_stored
from .problems import NOTHING_BEFORE, Problem, Unsupported, left_out, refusal
from .response_norm import join_response_norms
from .symbols import Symbols
from .table import Value, translation_of
from .tables import is_trained


class Importer:
    """Reads one file; afterwards `module` is the network and `network.constants` the values of its parameters.

    `around` are the nodes whose bodies are being translated, outermost first; `inlined` are all such by operator.
    """

    def __init__(
        self,
        path: str,
        batch: int | None,
        bindings: Mapping[str, int],
        weights: Collection[str] | None = None,
        *,
        allow_uncosted: bool,
    ):
        self.path = path
        self.allow_uncosted = allow_uncosted
        self.model = read_model(path)
        self.folder = Folder(import_onnx(path), self.model, path)
        self.symbols = Symbols(path, batch, bindings, {}, set())
        self.problems: list[Problem] = []
        self.unseen: list[Node] = []
        self.lost: list[UnmodelledOp] = []
        self.values: dict[str, Value] = {}
        self.elements: dict[str, int] = {}
        self.types = ElementTypes(self.folder.onnx, self.model.opsets)
        self.readers: dict[str, list[Node]] = {}
        self.done: set[int] = set()
        self.around: list[Node] = []
        self.inlined: dict[str, list[str]] = {}
        graph = self.model.graph
        nodes = in_order(graph.nodes, graph.outputs, path)
        inputs = find_inputs(graph, nodes, self.symbols, weights)
        self.network = OnnxNetwork(Path(path).stem, inputs.batch, path)
        self.notes = inputs.notes
        self.elements |= inputs.elements
        constants = graph.initializers | inputs.constants
        self.values |= constants
        self.stores_weights = has_stored(constants.values())
        try:
            self.values |= {name: self.network.image(name, shape) for name, shape in inputs.images.items()}
        except LayerError as error:
            raise SimdcError(error.message, file=path) from None
        self.count = len(nodes)
        self.translate(nodes, graph)
        self.module = self.finished(graph)

    def translate(self, nodes: list[Node], graph: Graph) -> None:
        """Make the layers of `nodes`; constants first, so that every node knows the weights around it."""
        self.types.check(nodes, self.path)
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
            self.unseen.append(node)
            return
        mark = self.network.mark()
        self.network.go_to(self.around[0] if self.around else node)
        self.elements |= zip(node.outputs, self.types.results(node, list(map(self.element, node.inputs))), strict=True)
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
            self.keep(node, node.outputs, (result,))
            return
        inputs = [self.values[name] if name else None for name in node.inputs]
        constants = [value for value in inputs if isinstance(value, Constant) or value is None]
        if node.operator in ("If", "Loop", "Scan"):
            self.control_flow(node)
        elif node.operator in ("Shape", "Size"):
            self.shape(node)
        elif len(constants) == len(inputs) and not node.captured:
            self.keep(node, node.outputs, self.folder.fold(node, constants))
        else:
            self.layers(node)

    def layers(self, node: Node) -> None:
        translation = translation_of(node.operator)
        if translation is None:
            self.inline(node)
            return
        build = Build(self, node)
        made = translation(build)
        results = made if isinstance(made, tuple) else (made,)
        build.remember(results[0], [other.name for other in build.absorbed])
        self.done |= {other.number for other in build.absorbed}
        for name in build.outputs[len(results) :]:
            if name in self.readers:
                raise Unsupported(f"its result '{name}' is not modelled")
        self.keep(node, build.outputs, results)

    def keep(self, node: Node, names: Sequence[str], results: Sequence[Value]) -> None:
        """Results of a node. They must have the shapes that the file says of them, unless it is refused anyway."""
        refused = self.problems and not self.allow_uncosted
        for name, result in zip(names, results, strict=False):
            shape = result.shape if isinstance(result, Constant) else shape_of(result)
            stated = None if refused else self.model.graph.described.get(name)
            check_result(name, shape, stated, self.symbols, node)
            self.values[name] = result

    def shape(self, node: Node) -> None:
        value = self.values.get(node.inputs[0]) if node.inputs else None
        if value is None:
            raise Unsupported("its input is missing")
        self.values[node.outputs[0]] = sizes(node, value.shape if isinstance(value, Constant) else shape_of(value))

    def control_flow(self, node: Node) -> None:
        """The branch of an If whose condition is a constant takes the node's place."""
        condition = self.values.get(node.inputs[0]) if node.inputs else None
        if node.operator != "If" or not isinstance(condition, Constant):
            raise Unsupported("control flow that depends on data; export with fixed sizes, or fold it (onnxsim)")
        branch = node.attributes.get("then_branch" if condition.number() else "else_branch")
        if not isinstance(branch, Graph) or len(branch.outputs) < len(node.outputs):
            raise Unsupported("its branch is missing")
        self.subgraph(branch)
        found = {inner: self.values.get(name) for inner, name in zip(node.outputs, branch.outputs, strict=False)}
        self.values |= {name: value for name, value in found.items() if value is not None}

    def inline(self, node: Node) -> None:
        """The operator's body in the ONNX standard takes the place of a node that has no layer of its own."""
        wanted = [name for name in node.outputs if name in self.readers]
        inputs = list(map(self.described, node.inputs))
        body = body_of(self.folder.onnx, node, inputs, self.model.opsets, wanted, self.path)
        if body is None:
            raise Unsupported("which simdc does not know")
        (outer, self.problems), unseen, lost = (self.problems, []), len(self.unseen), len(self.lost)
        self.around.append(node)
        try:
            self.subgraph(body)
        finally:
            missing, self.problems = self.problems, outer
            self.around.pop()
        if missing:
            # What was made of the body is taken back: the node as a whole is left out.
            del self.unseen[unseen:], self.lost[lost:]
            for name in (name for inner in body.nodes for name in inner.outputs):
                self.values.pop(name, None)
            reasons = dict.fromkeys(f"{problem.operator}, {problem.reason}" for problem in missing)
            raise Unsupported(f"whose body in the ONNX standard needs {'; '.join(reasons)}")
        if not self.around:
            self.inlined.setdefault(node.operator, []).append(node.name)

    def subgraph(self, graph: Graph) -> None:
        """Translate a graph in the place of a node."""
        self.values |= graph.initializers
        nodes = in_order(graph.nodes, graph.outputs, self.path)
        outer, done = self.readers, self.done
        self.readers, self.done = dict(outer), set[int]()
        if nodes:
            self.translate(nodes, graph)
        self.readers, self.done = outer, done

    def leave_out(self, node: Node, reason: str) -> None:
        """An op without a price in the node's place, its results as ONNX's shape inference or the file has them. Where
        nobody knows the shape of a result that is read, the op has none, and its readers are left out with it."""
        inputs = [self.values.get(name) if name else None for name in node.inputs]
        kinds = self.folder.infer(node, list(map(self.described, node.inputs)))
        shapes: dict[str, tuple[int, ...]] = {}
        for name in filter(None, node.outputs):
            stated = self.model.graph.described.get(name)
            shape = static_shape(kinds.get(name)) or (None if stated is None else self.symbols.resolved(stated))
            if shape and min(shape) > 0:
                shapes[name] = shape
        if any(name in self.readers and name not in shapes for name in node.outputs):
            shapes = {}
        operands = [value for value in inputs if isinstance(value, SSAValue)]
        name = self.network.unused(node.name)
        reason = f"{node.operator}: {reason}"
        op = UnmodelledOp.standing_in(name, node.operator, reason, operands, list(shapes.values()))
        try:
            results = self.network.add_all(op, name)
        except Unsupported:
            return
        if not results:
            self.lost.append(op)
        self.values |= dict(zip(shapes, results, strict=True))

    def described(self, name: str) -> Constant | Shaped | None:
        """What shape inference is told of a value."""
        found = self.values.get(name) if name else None
        if isinstance(found, SSAValue):
            return Shaped(name, shape_of(found), self.elements.get(name, FLOAT))
        return found

    def element(self, name: str) -> int | None:
        found = self.described(name)
        return None if found is None else found.element

    def value(self, name: str) -> Value:
        return self.values[name]

    def is_trained(self, constant: Constant) -> bool:
        return is_trained(constant, self.readers, self.notes, stores_weights=self.stores_weights)

    def only_reader(self, name: str) -> Node | None:
        """The one node that reads a value, if no more than one does and the value is no result of the network."""
        found = self.readers.get(name, [])
        return found[0] if len(found) == 1 and found[0].number not in self.done else None

    def finished(self, graph: Graph) -> ModuleOp:
        results = [value for value in map(self.values.get, graph.outputs) if isinstance(value, SSAValue)]
        if self.problems and not self.allow_uncosted:
            raise refusal(self.problems, self.count, self.unseen, self.path)
        missing = [name for name in graph.outputs if name not in self.values]
        if missing and not self.problems:
            raise SimdcError(f"result '{missing[0]}' is made by no node", file=self.path)
        if self.unseen:
            self.leave_out_unseen()
        # What is left of a network whose end has no price is what that end reads.
        results = results or list(dict.fromkeys(value for op in self.lost for value in op.operands))
        if not results and self.problems:
            raise refusal(self.problems, self.count, self.unseen, self.path, NOTHING_BEFORE)
        if not results:
            raise SimdcError("computes nothing: its results are constants or missing", file=self.path)
        module = self.network.finish(results)
        join_response_norms(network_of(module))
        for operator, names in self.inlined.items():
            self.notes.append(f"{operator} is costed as its body in the ONNX standard: {', '.join(names)}")
        for note in self.notes:
            add_note(network_of(module), note)
        return module

    def leave_out_unseen(self) -> None:
        """One op for all nodes that read what has no shape: they are missing from every sum."""
        first = self.unseen[0]
        name, reason = self.network.unused(first.name), left_out([node.name for node in self.unseen])
        self.network.go_to(first)
        self.network.add_all(UnmodelledOp.standing_in(name, first.operator, reason, [], []), name)
