"""From a module to a network: its public function, op by op, calls inlined."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from math import prod
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.errors import SimdcError
from simdc.ir.layer_error import LayerError
from simdc.named import NamedTuple

from . import dialects
from .constants import worked_out
from .locations import layer_name, place_in_text
from .module_text import attribute, element_bits, name_of, shape_of_type
from .network import ForeignNetwork
from .open_sizes import OpenSizes, sizes_of
from .problems import Unpriced, UnpricedOp, refusal
from .reader import FUNCTIONS, REASONS, Function, Reader
from .values import Filled, ModuleConstant, Value, plain

CALLS = {"func.call": "callee", "call": "callee", "stablehlo.composite": "decomposition"}
"""Ops that stand for the ops of a function, and the attribute that names it."""
TERMINATORS = ("func.return", "return", "stablehlo.return", "scf.yield", "scf.condition", "tosa.yield")
SILENT = ("ml_program.global",)


class _Import(NamedTuple):
    network: ForeignNetwork
    functions: dict[str, FuncOp]
    problems: list[UnpricedOp]
    sizes: OpenSizes


class ForeignImport(NamedTuple):
    """The network of a module, and its layers by name, each with every op of the module that it was made of, the one
    that it is named after first."""

    network: ModuleOp
    made: Sequence[tuple[str, Operation]]


def import_module(
    module: ModuleOp, file: str, batch: int | None, weights: Collection[str] | None, bind: Mapping[str, int]
) -> ForeignImport:
    """`bind` gives the sizes that arguments leave open. Raises SimdcError, one that lists all ops without a price."""
    dialects.load()
    sizes = OpenSizes()
    try:
        return _imported(module, file, batch, weights, bind, sizes)
    finally:
        sizes.restore()


def _imported(
    module: ModuleOp,
    file: str,
    batch: int | None,
    weights: Collection[str] | None,
    bind: Mapping[str, int],
    sizes: OpenSizes,
) -> ForeignImport:
    functions = {op.sym_name.data: op for op in module.walk() if isinstance(op, FuncOp)}
    main = _main(functions, file)
    try:
        body = _only_block(main)
    except Unpriced as error:
        raise SimdcError(f"function '{main.sym_name.data}': {error}", file=file, line=_line(main)) from None
    arguments = body.args
    sizes.bind(arguments, _names_of(main), bind, file)
    try:
        shapes = [shape_of_type(each.type) for each in arguments]
    except Unpriced as error:
        raise SimdcError(f"an argument of '{main.sym_name.data}': {error}", file=file) from None
    known = _batch_of(main, shapes, set(weights or ()))
    if batch not in (None, known or 1):
        what = f"is for a batch of {known}" if known is not None else "does not say which size is its batch"
        raise SimdcError(f"the module {what} and cannot become one of {batch}", file=file)
    name = Path(file).stem if main.sym_name.data in ("main", "forward") else main.sym_name.data
    network = ForeignNetwork(name, known, file)
    if known is None:
        network.note(
            "the module does not say which size is its batch: counted as one; --weights tells data from weights"
        )
    found = _Import(network, functions, [], sizes)
    values = _arguments(network, main, shapes, set(weights or ()), file)
    results = _run(found, body, values, frozenset((main.sym_name.data,)))
    if found.problems:
        raise refusal(found.problems, file)
    try:
        tensors = [network.tensor(value) for value in results if not isinstance(value, Filled)]
    except (Unpriced, VerifyException) as error:
        raise SimdcError(f"a result of '{main.sym_name.data}': {error}", file=file, line=_line(main)) from None
    if not tensors or network.last is None:
        raise SimdcError("computes nothing: its results are constants or missing", file=file)
    try:
        return ForeignImport(network.finish(tensors), network.made)
    except (SimdcError, RecursionError, MemoryError):
        raise
    except Exception as error:  # as above
        raise _mistake("joining layers", error, file) from error


def _only_block(function: FuncOp) -> Block:
    """Raises Unpriced."""
    if len(function.body.blocks) != 1:
        raise Unpriced("it has several blocks: branches between blocks are not read, loops and branches of scf are")
    return function.body.block


def _main(functions: dict[str, FuncOp], file: str) -> FuncOp:
    bodies = {name: op for name, op in functions.items() if op.body.blocks}
    public = [name for name, op in bodies.items() if op.sym_visibility is None or op.sym_visibility.data == "public"]
    if "main" in public or len(public) == 1:
        return bodies["main" if "main" in public else public[0]]
    names = ", ".join(public[:8]) or "none"
    raise SimdcError(f"has {len(public)} public functions ({names}); it needs one, or one called main", file=file)


def _names_of(main: FuncOp) -> list[str]:
    return [each.name_hint or f"arg{place}" for place, each in enumerate(main.body.block.args)]


def _batch_of(main: FuncOp, shapes: Sequence[tuple[int, ...]], weights: set[str]) -> int | None:
    """The first size of the data, where all agree in it; None where they do not, as where weights are among them."""
    # Images 8x3x32x32 and labels 8x10: 8. With weights 16x3x3x3 before them it could be 16 as well.
    named = zip(_names_of(main), shapes, strict=True)
    firsts = {shape[0] for name, shape in named if len(shape) > 1 and name not in weights}
    return None if len(firsts) > 1 else min(firsts, default=1)


def _arguments(
    network: ForeignNetwork, main: FuncOp, shapes: Sequence[tuple[int, ...]], weights: set[str], file: str
) -> list[Value]:
    """Inputs of the network, but for those called weights."""
    names = _names_of(main)
    unknown = weights - set(names)
    if unknown:
        raise SimdcError(f"--weights {min(unknown)}: its arguments are {', '.join(names[:20])}", file=file)
    found: list[Value] = []
    for name, shape, argument in zip(names, shapes, main.body.block.args, strict=True):
        whole, bits = shape or (1,), element_bits(argument.type)
        try:
            base = network.argument(name, whole, bits) if name not in weights else _weight(network, name, whole, bits)
        except LayerError as error:
            raise SimdcError(error.message, file=file) from None
        value = plain(base, whole, shape)
        found.append(value)
        _count_reads(network, argument, value)
    return found


def _weight(network: ForeignNetwork, name: str, shape: tuple[int, ...], bits: int | None) -> ModuleConstant:
    made = ModuleConstant(network.label(name), shape, bits)
    network.trained[made.label] = prod(shape)
    return made


class _Scope(NamedTuple):
    """A function that is being read: what is known in it, what follows from ops without a price, and the functions that
    it is called in, itself among them."""

    known: dict[SSAValue, Value]
    lost: set[SSAValue]
    calls: frozenset[str]


def _run(found: _Import, block: Block, values: Sequence[Value], calls: frozenset[str]) -> list[Value]:
    """What a function returns."""
    return _walk(found, block, values, _Scope({}, set(), calls))


def _walk(found: _Import, block: Block, values: Sequence[Value], scope: _Scope) -> list[Value]:
    """What a block hands on; without those that follow from ops without a price, behind which all else is read."""
    known, lost = scope.known, scope.lost
    if len(block.args) != len(values):
        raise Unpriced(f"its block takes {len(block.args)} values and gets {len(values)}")
    known.update(zip(block.args, values, strict=True))
    reader = Reader(found.network, known, partial(_inside, found, scope))
    for op in block.ops:
        name = name_of(op)
        found.network.reading = op
        if name in TERMINATORS:
            return [known[each] for each in op.operands if each in known and each not in lost]
        _go_to(found.network, op, name)
        if name in SILENT:
            continue
        if any(each in lost for each in op.operands):
            lost.update(op.results)
            continue
        try:
            made = _called(found, op, reader, scope.calls) if name in CALLS else _read(found, name, op, reader)
            if len(made) != len(op.results):
                raise Unpriced(f"it has {len(op.results)} results, and an op of this name makes {len(made)}")
            for result, value in zip(op.results, made, strict=True):
                known[result] = value
                _count_reads(found.network, result, value)
        except Unpriced as error:
            found.problems.append(UnpricedOp(name, str(error), _line(op)))
            lost.update(op.results)
    raise Unpriced("a function returns nothing")


def _inside(found: _Import, scope: _Scope, block: Block, values: Sequence[Value]) -> list[Value]:
    """What a region hands on, all of it. Raises Unpriced."""
    before, outer, hint = len(found.problems), found.network.reading, found.network.step
    for argument, value in zip(block.args, values, strict=False):
        _count_reads(found.network, argument, value)
    made = _walk(found, block, values, scope)
    found.network.reading, found.network.step = outer, hint
    if len(found.problems) > before:
        raise Unpriced("it holds ops without a price")
    return made


def _read(found: _Import, name: str, op: Operation, reader: Reader) -> Sequence[Value]:
    nothing = [Filled(sizes, None) for sizes in map(sizes_of, op.results) if 0 in sizes]
    if nothing and len(nothing) == len(op.results):
        # JAX cuts tensors of no elements at the ends of a scan, and joins them with others.
        return nothing
    found.sizes.infer(reader, op)
    try:
        function = FUNCTIONS.get(name)
        if function is None:
            raise Unpriced(REASONS.get(name, "there is no layer for it"))
        return _by(function, found, reader, op)
    except Unpriced:
        made = worked_out(reader, op)
        if made is None:
            raise
        return made


def _by(function: Function, found: _Import, reader: Reader, op: Operation) -> Sequence[Value]:
    """Raises Unpriced, also for what no layer takes, and SimdcError for a mistake of ours: functions ask for what an op
    may lack by ways that tell it."""
    try:
        return function(reader, op)
    except (Unpriced, SimdcError, RecursionError, MemoryError):
        raise
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    except Exception as error:  # a person gets no traceback
        raise _mistake(f"reading '{name_of(op)}'", error, found.network.file, _line(op)) from error


def _mistake(what: str, error: Exception, file: str, line: int | None = None) -> SimdcError:
    """Of ours, or of what the module says about the op in a way that nobody thought of."""
    kind = f"{type(error).__name__}: {error}"
    return SimdcError(f"{what} failed, {kind}: this is a bug in simdc, please report it", file=file, line=line)


def _called(found: _Import, op: Operation, reader: Reader, calls: frozenset[str]) -> list[Value]:
    callee = attribute(op, CALLS[name_of(op)])
    name = callee.string_value() if isinstance(callee, SymbolRefAttr) else ""
    if name in calls:
        raise Unpriced(f"function '{name}' calls itself")
    if name not in found.functions or not found.functions[name].body.blocks:
        raise Unpriced(f"there is no function '{name}', or it has no body")
    block = _only_block(found.functions[name])
    found.sizes.pass_on(block.args, op.operands)
    network = found.network
    outer, network.around = network.around, layer_name(op, network.around) or network.around
    try:
        made = _run(found, block, [reader.value(each) for each in op.operands], calls | {name})
    finally:
        network.around = outer
    if len(made) != len(op.results):
        raise Unpriced("it calls what has ops without a price")
    found.sizes.take(op, block.last_op.operands if block.last_op is not None else ())
    return made


def _count_reads(network: ForeignNetwork, result: SSAValue, value: Value) -> None:
    """A view of a tensor is one more reader of it."""
    if isinstance(value, Filled) or isinstance(value.base, ModuleConstant):
        return
    uses = len(list(result.uses))
    network.reads[value.base] = network.reads[value.base] - 1 + uses if value.base in network.reads else uses


def _go_to(network: ForeignNetwork, op: Operation, name: str) -> None:
    place = place_in_text(op)
    if place is not None and place.filename.data == network.file:
        network.go_to(place.line.data, place.column.data)
    hint = op.results[0].name_hint if op.results else None
    network.step = hint or layer_name(op, network.around) or name.partition(".")[2].replace("_in_dim", "")


def _line(op: Operation) -> int:
    place = place_in_text(op)
    return 0 if place is None else place.line.data
