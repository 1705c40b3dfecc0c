"""The automatic mistakes: every operator, comparison, condition, whole number and extremum of a file, one at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy
from typing import NamedTuple

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


class Mutant(NamedTuple):
    """`line` is the text of the mutated line, `change` what became of it, `source` the whole file."""

    file: str
    function: str
    line: str
    change: str
    source: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.file, self.function, self.line, self.change


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a file. Annotations, docstrings, cache sizes and `strict=` of a zip are left alone: they change
    nothing while the code is right."""
    tree = ast.parse(source)
    lines = source.splitlines()
    for path, node, function in _walk(tree, (), ""):
        for replacement in _replacements(node):
            changed = deepcopy(tree)
            _put(changed, path, replacement)
            ast.fix_missing_locations(changed)
            change = f"{_shown(node)} -> {_shown(replacement)}"
            yield Mutant(file, function, lines[_line(node) - 1].strip(), change, ast.unparse(changed))


def _shown(node: ast.AST) -> str:
    """The first line of a statement, an expression as it is."""
    return ast.unparse(node).strip().partition("\n")[0]


def _line(node: ast.AST) -> int:
    return node.target.lineno if isinstance(node, ast.comprehension) else getattr(node, "lineno", 1)


Path = tuple[tuple[str, int | None], ...]


def _walk(node: ast.AST, path: Path, function: str) -> Iterator[tuple[Path, ast.AST, str]]:
    yield path, node, function
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for number, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            strict = isinstance(child, ast.keyword) and child.arg == "strict"
            if isinstance(child, ast.AST) and not _is_docstring(child) and not strict:
                inside = (
                    f"{function}.{child.name}".lstrip(".")
                    if hasattr(child, "name") and hasattr(child, "body")
                    else function
                )
                yield from _walk(child, (*path, (name, number)), inside)


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
        case ast.BinOp(left, op, right):
            for other in OPERATORS.get(type(op), ()):
                yield ast.BinOp(left, other(), right)
        case ast.AugAssign(target, op, value):
            for other in OPERATORS.get(type(op), ()):
                yield ast.AugAssign(target, other(), value)
            yield ast.Pass()
        case ast.Expr(ast.Call()):
            yield ast.Pass()
        case ast.UnaryOp(ast.USub(), ast.BinOp(ast.UnaryOp(ast.USub(), total), ast.FloorDiv(), part)):
            yield ast.BinOp(total, ast.FloorDiv(), part)
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield operand
        case ast.Compare(left, [op], [right]):
            for other in COMPARISONS.get(type(op), ()):
                yield ast.Compare(left, [other()], [right])
        case ast.Compare(left, ops, rights):
            for place, op in enumerate(ops):
                for other in COMPARISONS.get(type(op), ()):
                    yield ast.Compare(left, [*ops[:place], other(), *ops[place + 1 :]], rights)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.If(test, body, orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.While(test, body, orelse):
            yield ast.While(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.comprehension(target, iterator, [_, *_] as tests, is_async):
            yield ast.comprehension(target, iterator, [], is_async)
            yield ast.comprehension(target, iterator, [ast.UnaryOp(ast.Not(), test) for test in tests], is_async)
        case ast.Call(ast.Name(name), arguments, keywords) if name in CALLS:
            yield ast.Call(ast.Name(CALLS[name], ast.Load()), arguments, keywords)
        case ast.Call(ast.Name("ceil_div"), [total, part], []):
            yield ast.BinOp(total, ast.FloorDiv(), part)
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case _:
            return
