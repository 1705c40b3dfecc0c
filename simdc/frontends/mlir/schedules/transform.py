"""Tile sizes that a `transform` sequence gives: which ops it matches, and what it tiles them by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from simdc.errors import SimdcError

from ..asked import block_of, result
from ..module_text import attribute, integers, name_of, text_of
from ..problems import Unpriced
from .levels import Level, Spot, TiledOp, level_of, place_of

TOP = "transform.named_sequence"
ENTRY = "__transform_main"
TRANSPARENT = ("transform.yield", "transform.print", "transform.annotate", "transform.param.constant")
SUPPORTED = (
    "transform.structured.match, tile_using_for, tile_using_forall, transform.split_handle, merge_handles, cast, "
    "include and sequence"
)


def carried_out(script: ModuleOp, payload: ModuleOp, text: str, file: str) -> list[TiledOp]:
    """What the sequences of `script` tile in `payload`: its named sequence `__transform_main`, the only one it has, or
    all `transform.sequence`. Raises SimdcError for an op that says something else than tiles."""
    named = {text_of(op, "sym_name") or "": op for op in script.walk() if name_of(op) == TOP}
    entries = [op for op in script.walk() if name_of(op) == "transform.sequence" and not _is_inside(op)]
    if ENTRY in named or len(named) == 1:
        entries.append(named[ENTRY if ENTRY in named else next(iter(named))])
    elif named and not entries:
        raise SimdcError(f"has {len(named)} named sequences; one of them must be @{ENTRY}", file=file)
    run = _Sequence(payload, named, text, file)
    for entry in entries:
        try:
            block = block_of(entry, 0)
        except Unpriced as error:
            raise place_of(entry, text, file).error(f"'{name_of(entry)}': {error}") from None
        run.block(block, [[payload]], 0)
    return [TiledOp(op, tuple(levels), run.places[op]) for op, levels in run.levels.items()]


def _is_inside(op: Operation) -> bool:
    parent = op.parent_op()
    return parent is not None and (name_of(parent).startswith("transform.") or _is_inside(parent))


class _Sequence:
    """A sequence that is carried out: which ops a handle stands for, and what they were tiled by so far."""

    def __init__(self, payload: ModuleOp, named: dict[str, Operation], text: str, file: str):
        self.payload, self.named, self.text, self.file = payload, named, text, file
        self.levels: dict[Operation, list[Level]] = {}
        self.places: dict[Operation, Spot] = {}

    def block(self, block: Block, given: Sequence[list[Operation]], deep: int) -> list[list[Operation]]:
        """What a sequence yields."""
        handles: dict[SSAValue, list[Operation]] = dict(zip(block.args, given, strict=False))
        for op in block.ops:
            place, name = place_of(op, self.text, self.file), name_of(op)
            if name == "transform.yield":
                return [handles[each] for each in op.operands if each in handles]
            try:
                made = self._made(op, name, [handles.get(each, []) for each in op.operands], place, deep)
            except Unpriced as error:
                raise place.error(f"'{name}': {error}") from None
            handles.update(zip(op.results, made, strict=False))
        return []

    def _made(
        self, op: Operation, name: str, given: list[list[Operation]], place: Spot, deep: int
    ) -> list[list[Operation]]:
        """What each result stands for; nothing for loops, which only further tiling could ask for. Raises Unpriced."""
        match name:
            case "transform.structured.match":
                return [[each for each in _inside(_first(given)) if _matches(op, each, place)]]
            case "transform.structured.tile_using_for":
                self._tile(_first(given), self._sizes(op, "static_sizes", place), integers(op, "interchange"), place)
                return [_first(given)]
            case "transform.structured.tile_using_forall":
                self._tile(_first(given), self._sizes(op, "static_tile_sizes", place), None, place)
                return [_first(given), []] if _is_tiled_first(op) else [[], _first(given)]
            case "transform.split_handle":
                return self._split(_first(given), len(op.results), place)
            case "transform.merge_handles" | "transform.cast":
                return [[each for handle in given for each in handle]]
            case "transform.include":
                return self._included(op, given, place, deep)
            case "transform.sequence":
                return self.block(block_of(op, 0), given or [[self.payload]], deep)
            case _ if name in TRANSPARENT:
                return []
            case _:
                raise place.error(f"'{name}' says something else than tiles; what is read is {SUPPORTED}")

    def _tile(self, ops: list[Operation], sizes: Sequence[int], order: Sequence[int] | None, place: Spot) -> None:
        for each in ops:
            before = self.levels.setdefault(each, [])
            before.append(level_of(str(len(before)), sizes, order, place))
            self.places.setdefault(each, place)

    def _sizes(self, op: Operation, name: str, place: Spot) -> tuple[int, ...]:
        found = integers(op, name)
        if not found:
            raise place.error(f"'{name_of(op)}' gives no tile sizes as numbers; numbers of threads are not read")
        return found

    def _split(self, ops: list[Operation], count: int, place: Spot) -> list[list[Operation]]:
        if len(ops) != count:
            raise place.error(f"splits a handle to {len(ops)} ops into {count}")
        return [[each] for each in ops]

    def _included(self, op: Operation, given: list[list[Operation]], place: Spot, deep: int) -> list[list[Operation]]:
        target = attribute(op, "target")
        name = target.string_value() if isinstance(target, SymbolRefAttr) else ""
        if name not in self.named or deep > len(self.named):
            raise place.error(f"there is no named sequence '{name[:60]}', or it includes itself")
        return self.block(block_of(self.named[name], 0), given, deep + 1)


def _first(given: list[list[Operation]]) -> list[Operation]:
    """What the first operand stands for. Raises Unpriced."""
    if not given:
        raise Unpriced("it has no operand, and one is read")
    return given[0]


def _is_tiled_first(op: Operation) -> bool:
    """MLIR's op gives the tiled op before the loop around it; its older text says `forall_op` first."""
    hint = result(op, 0).name_hint or ""
    return "forall" not in hint and "loop" not in hint


def _inside(ops: Sequence[Operation]) -> Iterator[Operation]:
    """In the order of the module; a sequence in it is no part of what it tiles."""
    for op in ops:
        yield from (each for each in op.walk() if each is not op and not _is_inside(each))


def _matches(op: Operation, candidate: Operation, place: Spot) -> bool:
    for unread in ("filter_result_type", "filter_operand_types"):
        if attribute(op, unread) is not None:
            raise place.error(f"'{unread}' is not read: match by ops, an interface or attributes")
    name = name_of(candidate)
    tests: list[bool] = []
    names, fields, interface = (attribute(op, each) for each in ("ops", "op_attrs", "interface"))
    if isinstance(names, ArrayAttr):
        tests.append(StringAttr(name) in cast("ArrayAttr[Attribute]", names).data)
    if isinstance(fields, DictionaryAttr):
        tests += [attribute(candidate, key) == value for key, value in fields.data.items()]
    if interface is not None:
        tests.append(_is_structured(name))
    return bool(tests) and all(tests)


def _is_structured(name: str) -> bool:
    return name.startswith("linalg.") and name not in ("linalg.yield", "linalg.index")
