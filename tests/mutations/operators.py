"""The mistakes that are tried: one operator, comparison, condition, number, call or term of a file at a time.

A mutant is named by file, function and change, each expression as `ast.unparse` writes it:

    cost/axis.py Axis.__init__: tile < bound -> tile <= bound

so that edits elsewhere, layout and comments leave its name alone. A change that a function allows several times is
followed by its number: `0 -> 1 #2`.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.FloorDiv),
    ast.FloorDiv: (ast.Mult,),
    ast.Div: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitAnd: (ast.BitOr,),
}
COMPARISONS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
# Calls whose first two arguments may change places, or whose places only a type error tells apart.
UNORDERED = {
    "min", "max", "larger", "smaller", "largest", "maximum", "minimum", "isinstance", "issubclass", "getattr",
    "hasattr", "cast", "field",
}  # fmt: skip

Path = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Mutant:
    """`function` is the qualified name of the outermost function, or class, that the change stands in, empty at the
    top of a file; `at_import` says that the changed code runs when the module is imported."""

    file: str
    function: str
    change: str
    at_import: bool
    path: Path
    replacement: ast.AST

    @property
    def name(self) -> str:
        return f"{self.file} {self.function or '<module>'}: {self.change}"

    def tree(self, source: str) -> ast.Module:
        """The file with the mistake in it."""
        tree = ast.parse(source)
        _put(tree, self.path, self.replacement)
        return ast.fix_missing_locations(tree)


@dataclass(frozen=True)
class Place:
    """A node: how to reach it, in which function it stands, and the expression or statement around it."""

    node: ast.AST
    path: Path
    function: str
    at_import: bool
    around: ast.AST | None


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a file. Annotations, decorators, docstrings and `strict=` of a zip are left alone: they change
    nothing while the code is right."""
    seen: Counter[tuple[str, str]] = Counter()
    for place in _walk(Place(ast.parse(source), (), "", True, None), inside=False):
        for replacement in _replacements(place.node):
            change = _change(place, replacement)
            seen[place.function, change] += 1
            times = seen[place.function, change]
            numbered = change if times == 1 else f"{change} #{times}"
            yield Mutant(file, place.function, numbered, place.at_import, place.path, replacement)


def _change(place: Place, replacement: ast.AST) -> str:
    """A number alone says little: it is shown in the expression around it."""
    node, around = place.node, place.around
    if not isinstance(node, ast.Constant) or around is None:
        return f"{_shown(node)} -> {_shown(replacement)}"
    before = _shown(around)
    name, number = place.path[-1]
    if number is None:
        setattr(around, name, replacement)
        after = _shown(around)
        setattr(around, name, node)
    else:
        children = getattr(around, name)
        children[number] = replacement
        after = _shown(around)
        children[number] = node
    return f"{before} -> {after}"


def _shown(node: ast.AST) -> str:
    """A condition for the statement it decides, an expression as it is."""
    match node:
        case ast.If(test):
            return f"if {ast.unparse(test)}"
        case ast.While(test):
            return f"while {ast.unparse(test)}"
        case ast.Slice():
            return f"[{ast.unparse(node)}]"
        case _:
            return ast.unparse(node).strip().partition("\n")[0]


def _walk(place: Place, *, inside: bool) -> Iterator[Place]:
    """`inside` a function: names of what is defined there are not part of the function's name."""
    yield place
    node = place.node
    function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for number, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            strict = isinstance(child, ast.keyword) and child.arg == "strict"
            if not isinstance(child, ast.AST) or _is_docstring(child) or strict:
                continue
            named = not inside and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            within = f"{place.function}.{child.name}".lstrip(".") if named else place.function
            runs = inside or (function and name == "body")
            path = (*place.path, (name, number))
            yield from _walk(Place(child, path, within, not runs, node), inside=runs)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _put(tree: ast.AST, path: Path, replacement: ast.AST) -> None:
    here = tree
    for name, number in path[:-1]:
        value = getattr(here, name)
        here = value if number is None else value[number]
    name, number = path[-1]
    if number is None:
        setattr(here, name, replacement)
    else:
        getattr(here, name)[number] = replacement


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp(ast.Constant(str()) | ast.JoinedStr()) | ast.BinOp(right=ast.Constant(str()) | ast.JoinedStr()):
            return
        case ast.BinOp(left, op, right):
            for other in OPERATORS.get(type(op), ()):
                yield ast.BinOp(left, other(), right)
            if isinstance(op, ast.Add | ast.Sub | ast.Mult):
                yield left
        case ast.AugAssign(target, op, value):
            for other in OPERATORS.get(type(op), ()):
                yield ast.AugAssign(target, other(), value)
            yield ast.Pass()
        case ast.Expr(ast.Call()):
            yield ast.Pass()
        case ast.UnaryOp(ast.USub(), ast.BinOp(ast.UnaryOp(ast.USub(), total), ast.FloorDiv(), part)):
            yield ast.BinOp(total, ast.FloorDiv(), part)
        case ast.UnaryOp(ast.USub(), ast.Constant()):
            return
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield operand
        case ast.Compare(left, ops, rights):
            for place, op in enumerate(ops):
                for other in COMPARISONS.get(type(op), ()):
                    yield ast.Compare(left, [*ops[:place], other(), *ops[place + 1 :]], rights)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.Slice(lower, upper, step):
            if lower is not None:
                yield ast.Slice(None, upper, step)
            if upper is not None:
                yield ast.Slice(lower, None, step)
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Call():
            yield from _calls(node)
        case ast.If() | ast.While() | ast.IfExp() | ast.comprehension():
            yield from _conditions(node)
        case _:
            return


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    match node:
        case ast.Call(ast.Name(name), arguments, keywords) if name in CALLS:
            yield ast.Call(ast.Name(CALLS[name], ast.Load()), arguments, keywords)
        case ast.Call(ast.Name("ceil_div"), [total, part], []):
            yield ast.BinOp(total, ast.FloorDiv(), part)
        case ast.Call(ast.Name(name) | ast.Attribute(attr=name)) if name in UNORDERED or "Error" in name:
            return
        case ast.Call(function, [first, second, *rest], keywords):
            starred = isinstance(first, ast.Starred) or isinstance(second, ast.Starred)
            if not starred and ast.dump(first) != ast.dump(second):
                yield ast.Call(function, [second, first, *rest], keywords)
        case _:
            return


def _conditions(node: ast.If | ast.While | ast.IfExp | ast.comprehension) -> Iterator[ast.AST]:
    """Turned round, but where the comparison or the `not` in it is turned round already."""
    match node:
        case ast.If(test, body, orelse) | ast.While(test, body, orelse) | ast.IfExp(test, body, orelse):
            if _turned_elsewhere(test):
                return
            yield type(node)(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.comprehension(target, iterator, [_, *_] as tests, is_async):
            yield ast.comprehension(target, iterator, [], is_async)
            if not (len(tests) == 1 and _turned_elsewhere(tests[0])):
                yield ast.comprehension(target, iterator, [ast.UnaryOp(ast.Not(), test) for test in tests], is_async)
        case _:
            return


def _turned_elsewhere(test: ast.expr) -> bool:
    """`a < b` has the mutant `a >= b`, `not a` the mutant `a`."""
    match test:
        case ast.Compare(ops=[_]) | ast.UnaryOp(ast.Not()):
            return True
        case _:
            return False
