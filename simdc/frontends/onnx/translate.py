"""From nodes to layers: what is constant is folded, the rest translated node by node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.errors import SimdcError
from simdc.ir.base import shape_of
from simdc.ir.layer_error import LayerError
from simdc.ir.unmodelled import UnmodelledOp

from . import operators as operators
from .build import Build
from .constant import Constant, Value, ValueOrigin
from .constant_nodes import sizes
from .contradictions import check_result
from .folding import static_shape
from .function_body import body_of
from .graph import Graph, Node, in_order
from .own_bodies import BODIES
from .problems import Problem, Unsupported
from .scope import Gaps, GraphScope
from .table import translation_of
from .trained import stays

STATING = ("Constant", "ConstantOfShape")


def translate(outer: GraphScope, nodes: Sequence[Node], outputs: Iterable[str]) -> None:
    """Make the layers of a graph within `outer`; constants first, so that every node knows the weights around it."""
    if not nodes:
        return
    scope = outer.within(nodes, outputs)
    scope.plan.types.check(nodes, scope.plan.path)
    # Nodes of a body may be of another version of the standard.
    for sentence in () if outer.around else scope.plan.types.unknown_attributes(nodes):
        scope.note(sentence)
    for node in nodes:
        if _constants(scope, node) is not None:
            _attempt(scope, node)
    for node in nodes:
        if node.number not in scope.done:
            _attempt(scope, node)


def _attempt(scope: GraphScope, node: Node) -> None:
    """Translate one node; where that fails, keep the reason and go on, so that all reasons come out at once."""
    scope.done.add(node.number)
    if any(scope.value(name) is None for name in node.reads()):
        scope.gaps.unseen.append(node)
        return
    network = scope.network
    mark = network.mark()
    network.go_to_node(scope.around[0] if scope.around else node)
    elements = scope.plan.types.results(node, list(map(scope.element, node.inputs)))
    # Also where it fails: the results of the op that stands in for the node have these types.
    scope.draft.elements.update(zip(node.outputs, elements, strict=True))
    try:
        scope.draft.values.update(_results(scope, node))
        return
    except (Unsupported, VerifyException) as error:
        reason = str(error)
    except LayerError as error:
        reason = error.message
    except SimdcError as error:
        # With a place it is an error of the file, or of a plug-in: no node can be left out to mend it.
        if error.path is not None:
            raise
        reason = error.message
    network.return_to(mark)
    scope.gaps.problems.append(Problem(node.name, node.operator, reason))
    _stand_in(scope, node, reason)


def _results(scope: GraphScope, node: Node) -> dict[str, Value]:
    """The node's results by name; the layers that make them are in the network. Raises Unsupported."""
    if node.operator in ("If", "Loop", "Scan"):
        return _branch(scope, node)
    if node.operator in ("Shape", "Size"):
        return _shape(scope, node)
    constants = _constants(scope, node)
    if constants is not None:
        folded = scope.plan.folder.fold(node, constants)
        if scope.around and node.operator in STATING:
            # The standard states it in an operator's body: it is no weight, whatever the file is like.
            for constant in folded:
                constant.origin = ValueOrigin.COMPUTED
        return _checked(scope, node, node.outputs, folded)
    translation = translation_of(node.operator)
    if translation is None:
        return _inlined(scope, node)
    build = Build(scope, node)
    made = translation(build)
    if made is None:
        return _inlined(scope, node)
    results = made if isinstance(made, tuple) else (made,)
    build.remember(results[0], [other.name for other in build.absorbed])
    scope.done.update(other.number for other in build.absorbed)
    for name in build.outputs[len(results) :]:
        if name in scope.readers:
            raise Unsupported(f"its result '{name}' is not modelled")
    return _checked(scope, node, build.outputs, results)


def _constants(scope: GraphScope, node: Node) -> list[Constant | None] | None:
    """The node's inputs, None for one that it does not have, if its result is computed here and no layer does it."""
    if node.captured or any(not isinstance(scope.value(name), Constant) for name in node.reads()):
        return None
    inputs = [value if isinstance(value, Constant) else None for value in map(scope.value, node.inputs)]
    return None if stays(node, inputs, scope.is_trained) else inputs


def _checked(scope: GraphScope, node: Node, names: Sequence[str], results: Sequence[Value]) -> dict[str, Value]:
    """Results by name. They must have the shapes that the file says of them, unless it is refused anyway."""
    plan = scope.plan
    refused = scope.gaps.problems and not plan.allow_uncosted
    for name, result in zip(names, results, strict=False):
        shape = result.shape if isinstance(result, Constant) else shape_of(result)
        stated = None if refused else plan.model.graph.described.get(name)
        check_result(name, shape, stated, plan.inputs.symbols, node)
    return dict(zip(names, results, strict=False))


def _shape(scope: GraphScope, node: Node) -> dict[str, Value]:
    value = scope.value(node.inputs[0]) if node.inputs else None
    if value is None:
        raise Unsupported("its input is missing")
    return {node.outputs[0]: sizes(node, value.shape if isinstance(value, Constant) else shape_of(value))}


def _branch(scope: GraphScope, node: Node) -> dict[str, Value]:
    """The branch of an If whose condition is a constant takes the node's place."""
    condition = scope.value(node.inputs[0]) if node.inputs else None
    if node.operator != "If" or not isinstance(condition, Constant):
        raise Unsupported("control flow that depends on data; export with fixed sizes, or fold it (onnxsim)")
    branch = node.attributes.get("then_branch" if condition.number() else "else_branch")
    if not isinstance(branch, Graph) or len(branch.outputs) < len(node.outputs):
        raise Unsupported("its branch is missing")
    _translate_graph(scope, branch)
    found = {outer: scope.value(inner) for outer, inner in zip(node.outputs, branch.outputs, strict=False)}
    return {name: value for name, value in found.items() if value is not None}


def _inlined(scope: GraphScope, node: Node) -> dict[str, Value]:
    """The operator's body in the ONNX standard takes the place of a node that has no layer of its own."""
    plan, values = scope.plan, scope.draft.values
    wanted = [name for name in node.outputs if name in scope.readers]
    inputs = list(map(scope.described, node.inputs))
    body = body_of(plan.folder.onnx, node, inputs, plan.model.opsets, wanted, plan.path)
    if body is None:
        raise Unsupported("which simdc does not know")
    # Gaps of its own: with a single one in the body, the node is left out as a whole.
    gaps = Gaps([], [], [])
    _translate_graph(scope._replace(gaps=gaps, around=(*scope.around, node)), body)
    if gaps.problems:
        # What was made of the body is taken back: the node as a whole is left out.
        for name in (name for inner in body.nodes for name in inner.outputs):
            values.pop(name, None)
        reasons = dict.fromkeys(f"{problem.operator}, {problem.reason}" for problem in gaps.problems)
        body_of_whom = "its body" if node.operator in BODIES else "whose body in the ONNX standard"
        raise Unsupported(f"{body_of_whom} needs {'; '.join(reasons)}")
    scope.gaps.unseen.extend(gaps.unseen)
    if not scope.around and node.operator not in BODIES:
        scope.draft.inlined.setdefault(node.operator, []).append(node.name)
    return {name: values[name] for name in wanted if name in values}


def _translate_graph(scope: GraphScope, graph: Graph) -> None:
    """Translate a graph in the place of a node."""
    scope.draft.values.update(graph.initializers)
    translate(scope, in_order(graph.nodes, graph.outputs, scope.plan.path), graph.outputs)


def _stand_in(scope: GraphScope, node: Node, reason: str) -> None:
    """An op without a price in the node's place, its results as ONNX's shape inference or the file has them. Where
    nobody knows the shape of a result that is read, the op has none, and its readers are left out with it."""
    kinds = scope.plan.folder.infer(node, list(map(scope.described, node.inputs)))
    known = {name: static_shape(kinds.get(name)) or scope.stated_shape(name) for name in filter(None, node.outputs)}
    shapes = {name: shape for name, shape in known.items() if shape and min(shape) > 0}
    if any(name in scope.readers and name not in shapes for name in node.outputs):
        shapes = {}
    operands = [value for value in map(scope.value, node.inputs) if isinstance(value, SSAValue)]
    name = scope.network.unused(node.name)
    op = UnmodelledOp.standing_in(name, node.operator, f"{node.operator}: {reason}", operands, list(shapes.values()))
    try:
        results = scope.network.add_all(op, name)
    except Unsupported:
        return
    if not results:
        scope.gaps.lost.append(op)
    scope.draft.values.update(zip(shapes, results, strict=True))
