"""The body of a `linalg.generic` as instructions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, Operation, SSAValue

from simdc.cost.kernel import Instruction
from simdc.named import NamedTuple

from .asked import operand
from .functions import LaneCode, Symbol
from .module_text import attribute, element_kind, integer, name_of
from .problems import Unpriced

SAME = "id"
ARCS = ("tan", "atan", "asin", "acos", "sinh", "cosh", "asinh", "acosh", "atanh", "cbrt", "erfc")
"""What dialects call the same."""
DIRECTION = re.compile(r"\b(EQ|NE|LT|LE|GT|GE)\b")
ARITHMETIC = {
    **dict.fromkeys(("addf", "addi"), "add"),
    **dict.fromkeys(("subf", "subi"), "sub"),
    **dict.fromkeys(("mulf", "muli"), "mul"),
    "divf": "div",
    **dict.fromkeys(("divsi", "divui"), "divide_whole"),
    "floordivsi": "floor_divide",
    **dict.fromkeys(("ceildivsi", "ceildivui"), "ceil_divide"),
    **dict.fromkeys(("remf", "remsi", "remui"), "remainder"),
    **dict.fromkeys(("maximumf", "maxnumf", "maxsi", "maxui"), "max"),
    **dict.fromkeys(("minimumf", "minnumf", "minsi", "minui"), "min"),
    "negf": "neg",
    **dict.fromkeys(("extf", "extsi", "extui", "truncf", "trunci", "sitofp", "uitofp", "index_cast"), SAME),
    **dict.fromkeys(("fptosi", "fptoui"), "truncate"),
}
"""Of `arith`. A cast to another width takes no instruction: a lane has its own."""
LOGIC = {"andi": "and", "ori": "or", "xori": "xor"}
MATHEMATICS = {
    **{each: each for each in ("exp", "log", "sqrt", "tanh", "erf", "sin", "cos", "exp2", "expm1", "log1p", "log2")},
    **{each: each for each in ("log10", "floor", "ceil", "fma", "atan2", "copysign")},
    **{each: each for each in ARCS},
    "isfinite": "is_finite",
    "isinf": "is_inf",
    "isnan": "is_nan",
    "round": "round_away",
    "rsqrt": "inv_sqrt",
    "absf": "abs",
    "absi": "abs",
    "trunc": "truncate",
    "roundeven": "round",
    **dict.fromkeys(("powf", "fpowi", "ipowi"), "pow"),
}
"""Of `math`."""
HLO = {
    **{each: each for each in ("tanh", "sqrt", "floor", "ceil", "logistic", "abs", "sign", "clamp", "remainder")},
    **{
        each: each
        for each in ("and", "or", "xor", "not", "log", "select", "erf", "square", "atan2", "is_finite", *ARCS)
    },
    "is_inf": "is_inf",
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "maximum": "max",
    "minimum": "min",
    "exponential": "exp",
    "exponential_minus_one": "expm1",
    "log_plus_one": "log1p",
    "rsqrt": "inv_sqrt",
    "negate": "neg",
    "cosine": "cos",
    "sine": "sin",
    "power": "pow",
    "convert": SAME,
    "reduce_precision": SAME,
    "round_nearest_even": "round",
    "round_nearest_afz": "round_away",
}
"""Of `stablehlo`, and of `chlo` what is called the same."""
BITWISE = ("and", "or", "xor", "not")
# Numbers of arith.cmpi and arith.cmpf: signed and unsigned, ordered and unordered are one.
WHOLE_PREDICATES = dict(enumerate(("eq", "ne", "lt", "le", "gt", "ge", "lt", "le", "gt", "ge")))
REAL_PREDICATES = {
    1: "eq",
    2: "gt",
    3: "ge",
    4: "lt",
    5: "le",
    6: "ne",
    8: "eq",
    9: "gt",
    10: "ge",
    11: "lt",
    12: "le",
    13: "ne",
}


class Body(NamedTuple):
    """What is done at each point, and what it gives."""

    code: tuple[Instruction, ...]
    results: tuple[Symbol, ...]


Comparisons = dict[SSAValue, tuple[str, SSAValue, SSAValue]]


def read_body(
    block: Block,
    names: Sequence[Symbol],
    outside: Callable[[SSAValue], Symbol],
    loop: Callable[[int], Symbol],
    given: Mapping[SSAValue, Symbol] | None = None,
) -> Body:
    """`names` stand for the block's arguments, `outside` for what the body takes from around it, `loop` for the number
    of an iteration, `given` for results that are there already. Raises Unpriced."""
    known: dict[SSAValue, Symbol] = {**dict(zip(block.args, names, strict=True)), **(given or {})}
    code = LaneCode()
    for op in _read(block, known, code, outside, loop):
        if name_of(op).rpartition(".")[2] in ("yield", "return"):
            results = tuple(known[value] if value in known else outside(value) for value in op.operands)
            return Body(_needed(code.steps, results), results)
    raise Unpriced("its body yields nothing")


def read_place(
    block: Block,
    known: Mapping[SSAValue, Symbol],
    outside: Callable[[SSAValue], Symbol],
    loop: Callable[[int], Symbol],
    wanted: Sequence[tuple[SSAValue, int]],
) -> Body:
    """The sum of values of a body, each times a number; `known` stand for arguments and results that are there already.
    Raises Unpriced."""
    found, code = dict(known), LaneCode()
    inside = {value for value, _ in wanted if isinstance(value.owner, Operation) and value.owner.parent is block}
    for _ in _read(block, found, code, outside, loop):
        if inside <= found.keys():
            break
    total: Symbol = 0.0
    for value, step in wanted:
        own = found[value] if value in found else outside(value)
        scaled = own if step == 1 else code.put("mul", own, float(step))
        total = scaled if total == 0.0 else code.put("add", total, scaled)
    return Body(_needed(code.steps, (total,)), (total,))


def _read(
    block: Block,
    known: dict[SSAValue, Symbol],
    code: LaneCode,
    outside: Callable[[SSAValue], Symbol],
    loop: Callable[[int], Symbol],
) -> Iterator[Operation]:
    """The ops of a block, each as soon as what stands before it is in `code`, with its results in `known`."""
    compared = Comparisons()

    def symbol(value: SSAValue) -> Symbol:
        return known[value] if value in known else outside(value)

    for op in block.ops:
        yield op
        name = name_of(op)
        if name == "cf.assert" or (op.results and op.results[0] in known):
            continue
        if name == "linalg.index":
            known[op.results[0]] = loop(integer(op, "dim", 0))
        elif len(op.results) != 1 or op.regions:
            raise Unpriced(f"its body has {name}")
        else:
            known[op.results[0]] = translated(op, name, code, symbol, compared)


def translated(
    op: Operation, name: str, code: LaneCode, symbol: Callable[[SSAValue], Symbol], compared: Comparisons
) -> Symbol:
    """What one op computes; `compared` has the comparisons before it. Raises Unpriced."""
    dialect, _, short = name.partition(".")
    if short == "constant":
        return number_of(attribute(op, "value"))
    if name in ("stablehlo.compare", "arith.cmpf", "arith.cmpi"):
        word = direction_of(op) if dialect == "stablehlo" else _predicate(op, short)
        compared[op.results[0]] = word, operand(op, 0), operand(op, 1)
        return code.compare(word, *map(symbol, op.operands))
    if name in ("arith.select", "stablehlo.select"):
        return _selected(op, code, symbol, compared)
    if dialect == "arith" and short in LOGIC:
        if getattr(op.results[0].type, "bitwidth", 0) != 1:
            raise Unpriced(f"its body has {name} on numbers")
        return code.call(LOGIC[short], [*map(symbol, op.operands)])
    if dialect in ("stablehlo", "chlo") and short in HLO:
        return code.call(function_of(op, short), [*map(symbol, op.operands)])
    table = {"arith": ARITHMETIC, "math": MATHEMATICS}.get(dialect, {})
    if short not in table:
        raise Unpriced(f"its body has {name}")
    return code.call(table[short], [*map(symbol, op.operands)])


def function_of(op: Operation, short: str) -> str:
    """What an element-wise op of StableHLO computes, which differs by what its elements are. Raises Unpriced."""
    kind = element_kind(operand(op, 0).type)
    if short in BITWISE and kind != "i1":
        raise Unpriced("the lanes have no code for the bits of numbers")
    if short == "divide" and kind[:1] in ("i", "u", "s"):
        return "divide_whole"
    if short == "convert" and kind[:1] in ("f", "b"):
        made = element_kind(op.results[0].type)
        return "truncate" if made[:1] in ("i", "u", "s") and made != "i1" else SAME
    return HLO[short]


def _predicate(op: Operation, short: str) -> str:
    table = WHOLE_PREDICATES if short == "cmpi" else REAL_PREDICATES
    word = table.get(integer(op, "predicate", -1))
    if word is None:
        raise Unpriced("its body compares by a predicate that is always true, or asks for numbers that are none")
    return word


def _selected(op: Operation, code: LaneCode, symbol: Callable[[SSAValue], Symbol], compared: Comparisons) -> Symbol:
    """The larger or smaller of two is one instruction, however it was written."""
    condition, yes, no = (operand(op, place) for place in range(3))
    word, lhs, rhs = compared.get(condition, ("", condition, condition))
    chosen, sides = (symbol(yes), symbol(no)), (symbol(lhs), symbol(rhs))
    if word[:1] in ("g", "l") and chosen in (sides, sides[::-1]):
        larger = (word[0] == "g") == (chosen == sides)
        return code.put("max" if larger else "min", *sides)
    return code.call("select", [symbol(condition), *chosen])


def direction_of(op: Operation) -> str:
    """Of `stablehlo.compare`: eq, ne, lt, le, gt or ge."""
    found = DIRECTION.search(str(attribute(op, "comparison_direction")))
    if found is None:
        raise Unpriced("its direction is not known")
    return found[0].lower()


def number_of(value: Attribute | None) -> float:
    """A constant's only number. Raises Unpriced."""
    match value:
        case FloatAttr():
            return float(value.value.data)
        case IntegerAttr():
            return _whole(float(value.value.data), cast("IntegerAttr[IntegerType]", value).type)
        case DenseIntOrFPElementsAttr() if value.is_splat():
            number = next(iter(value.get_values()))
            if isinstance(number, tuple):
                raise Unpriced("a constant is a complex number")
            return _whole(float(number), value.type)
        case _:
            raise Unpriced("a constant is no number")


def _whole(number: float, kind: Attribute) -> float:
    """Truth is 1, and not the -1 that one signed bit is read as."""
    return abs(number) if element_kind(kind) == "i1" else number


def _needed(code: Sequence[Instruction], results: Sequence[Symbol]) -> tuple[Instruction, ...]:
    """Without what nobody reads."""
    wanted, found = set(results), list[Instruction]()
    for step in reversed(code):
        if step.dest in wanted:
            found.append(step)
            wanted |= set(step.sources)
    return tuple(reversed(found))


def as_sum_of_products(body: Body, accumulator: str, sides: tuple[str, str]) -> bool:
    """Whether a body adds to its accumulator the product of both sides, each as it is or less a number (its zero
    point)."""
    made: Mapping[str, Instruction] = {step.dest: step for step in body.code}

    def step_of(symbol: Symbol) -> Instruction | None:
        return made.get(symbol) if isinstance(symbol, str) else None

    def is_side(symbol: Symbol, side: str) -> bool:
        step = step_of(symbol)
        if step is None:
            return symbol == side
        return step.opcode in ("sub", "add") and step.sources[0] == side and not isinstance(step.sources[1], str)

    total = step_of(body.results[0]) if len(body.results) == 1 else None
    if total is None or total.opcode != "add" or accumulator not in total.sources:
        return False
    other = total.sources[1] if total.sources[0] == accumulator else total.sources[0]
    product = step_of(other)
    if product is None or product.opcode != "mul":
        return False
    lhs, rhs = product.sources
    return any(is_side(lhs, one) and is_side(rhs, two) for one, two in (sides, sides[::-1]))
