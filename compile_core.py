"""Compiles `simdc/cost/flat` with Cython 3 and a C compiler. Without them everything works as it stands, more slowly.

    python compile_core.py       in place, for work on simdc; what is there or was installed of these very files stays

The files of that folder become one module, `_flat`, as they are; the types that their annotations name are written into
a file beside it. `compiled` is what Python calls: it hands rows on as pointers.
"""

from __future__ import annotations

import ast
import inspect
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import reduce
from hashlib import blake2b, sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent
FOLDER = ROOT / "simdc/cost/flat"
SOURCES = (
    *("tiles", "segments", "price", "rungs", "climb", "ladder", "rails", "recent", "best"),
    *("least", "offers", "prefixes"),
    *("program", "waiting", "beside", "lanes", "parts", "lane_ladder", "lane_rungs", "lane_groups", "lane_best"),
    *("array_sides", "array_ladder", "array_images"),
    *("packed", "array_fill", "splits", "greedy", "defaults", "costs", "network", "moving"),
)
"""In the order in which they need each other."""
CALLED = (
    *("price", "begin", "next_rung", "best_rung", "fill", "bound_many", "price_many"),
    *("try_orders", "bound_orders", "bound_below"),
    *("price_program", "fill_lanes", "begin_cuts", "best_cut", "fill_ladders", "price_network"),
    *("move_kernels", "sum_costs"),
)
"""What Python calls."""
DIRECTIVES = {"language_level": 3, "overflowcheck": True, "cdivision": False, "annotation_typing": False}
"""What does not fit 64 bits is refused, and quotients of negative numbers are Python's."""
TYPES = {"int": "long long", "list[int]": "long long*", "list[list[int]]": "long long**"}
FLAGS = ("OPTIMIZED", "NEWLOCALS", "VARARGS", "VARKEYWORDS", "ASYNC_GENERATOR", "GENERATOR", "COROUTINE")
LIMITED = 0x030B0000
"""The stable interface of Python 3.11, which later ones keep: one file for all of them."""


def joined() -> str:
    """The functions of all sources as one; what they import of each other is there, constants are their values."""
    functions: list[ast.FunctionDef] = []
    values: dict[str, int] = {}
    names: set[str] = set()
    for name in SOURCES:
        text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, (ast.FunctionDef, ast.AnnAssign)):
                own = node.name if isinstance(node, ast.FunctionDef) else ast.unparse(node.target)
                if own in names:
                    raise ValueError(f"two files of {FOLDER.name} have the name {own}")
                names.add(own)
                if isinstance(node, ast.FunctionDef):
                    functions.append(node)
                elif node.value is not None:
                    values[own] = eval(ast.unparse(node.value), {}, values)
    literals, places = Literals(values), Places()
    return "\n".join(ast.unparse(places.visit(literals.visit(node))) for node in functions) + "\n"


class Literals(ast.NodeTransformer):
    """Puts constants where they are named. As C's variables they would be read, and sums of them checked, each time."""

    def __init__(self, values: Mapping[str, int]):
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self._values[node.id]) if node.id in self._values else node


class Places(ast.NodeTransformer):
    """Sums and products that say where in a row a number stands are not checked: no row is so long. Constants in such
    a sum are one."""

    def __init__(self):
        self._in_place = False

    def visit_Subscript(self, node: ast.Subscript) -> ast.Subscript:
        node.value, around = self.visit(node.value), self._in_place
        self._in_place = True
        node.slice, self._in_place = self.visit(_sum_of(*_terms(node.slice))), around
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        name = {ast.Add: "place_sum", ast.Mult: "place_product"}.get(type(node.op))
        if name is None or not self._in_place:
            return node
        return ast.Call(ast.Name(name, ast.Load()), [node.left, node.right], [])


def _terms(node: ast.expr) -> tuple[list[ast.expr], int]:
    """Of a sum: those that are not known, and all others together."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        (left, one), (right, other) = _terms(node.left), _terms(node.right)
        return left + right, one + other
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return [], node.value
    return [node], 0


def _sum_of(terms: list[ast.expr], known: int) -> ast.expr:
    constant = [ast.Constant(known)] if known or not terms else []
    return reduce(lambda one, other: ast.BinOp(one, ast.Add(), other), [*terms, *constant])


def bare(text: str) -> str:
    """Without annotations, which Cython would take for Python's objects."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(tree)


PLACES = '''cdef extern from *:
    """
    #define place_sum(one, other) ((one) + (other))
    #define place_product(one, other) ((one) * (other))
    """
    long long place_sum(long long, long long)
    long long place_product(long long, long long)'''


def types(text: str) -> Iterator[str]:
    """The declarations of a module's functions, all of them without Python's objects."""
    yield "cimport cython"
    yield PLACES
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            arguments = [f"{TYPES[_annotation(each)]} {each.arg}" for each in node.args.args]
            own = {each.arg for each in node.args.args}
            written = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and _is_stored(each)}
            if locals_ := sorted(written - own):
                yield f"@cython.locals({', '.join(f'{name}=cython.longlong' for name in locals_)})"
            yield f"cdef long long {node.name}({', '.join(arguments)}) except? -1"


def _annotation(argument: ast.arg) -> str:
    return ast.unparse(argument.annotation) if argument.annotation is not None else "int"


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def calls(text: str) -> Iterator[str]:
    """The module that Python calls."""
    yield "from simdc.cost.flat cimport _flat"
    digest, maker = made_of()
    yield f"DIGEST = {digest!r}"
    yield f"MAKER = {maker!r}"
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name in CALLED:
            # A table of rows comes as the addresses of these: `core.py` makes it.
            row = "long long[::1] {0}"
            of_kind = {"int": "long long {0}", "list[int]": row, "list[list[int]]": row}
            taken = [of_kind[_annotation(each)].format(each.arg) for each in node.args.args]
            handed = {"int": "{0}", "list[int]": "&{0}[0]", "list[list[int]]": "<long long**>&{0}[0]"}
            given = [handed[_annotation(each)].format(each.arg) for each in node.args.args]
            yield f"def {node.name}({', '.join(taken)}):"
            yield f"    return _flat.{node.name}({', '.join(given)})"


def made_of() -> tuple[str, str]:
    """Digests of the sources, and of what makes the module of them."""
    from Cython import __version__

    found = runpy.run_path(str(FOLDER / "digest.py"))
    maker = Path(__file__).read_bytes() + __version__.encode()
    sources: bytes = found["sources_in"](FOLDER)
    return blake2b(sources, digest_size=found["DIGEST_BYTES"]).hexdigest(), sha256(maker).hexdigest()


def built(package: Path) -> list[Path]:
    """The compiled modules of the package `simdc` in some folder. None if other sources, or another maker, made them.
    They are asked in a process of its own: here they would stay open."""
    ask = "from simdc.cost.flat import compiled; print(compiled.DIGEST, compiled.MAKER)"
    done = subprocess.run([sys.executable, "-c", ask], cwd=package, capture_output=True, text=True, check=False)
    found = [path for path in (package / "simdc/cost/flat").glob("*") if path.suffix in (".so", ".pyd")]
    return found if tuple(done.stdout.split()) == made_of() else []


def place() -> list[Path]:
    """In place: as it stands there, else as it was installed, else built. Raises what `build` does."""
    if found := built(ROOT):
        return found
    try:
        installed = built(Path(str(distribution("simdc").locate_file(""))))
    except PackageNotFoundError:
        installed = []
    return [_replace(file, FOLDER) for file in installed] or build(FOLDER)


def _replace(file: Path, target: Path) -> Path:
    """A copy there, at once: a process that has the old one open keeps it."""
    return Path(copy(file, target / f"{file.name}.new")).replace(target / file.name)


def build(target: Path) -> list[Path]:
    """Compiles into `target`. Raises whatever goes wrong where Cython or the compiler is missing or fails."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    with TemporaryDirectory() as scratch:
        place = Path(scratch) / "simdc/cost/flat"
        place.mkdir(parents=True)
        for folder in (place, *place.parents[:2]):
            (folder / "__init__.py").touch()
        text = joined()
        (place / "_flat.py").write_text(bare(text), encoding="utf-8")
        (place / "_flat.pxd").write_text("\n".join(types(text)) + "\n", encoding="utf-8")
        (place / "compiled.pyx").write_text("\n".join(calls(text)) + "\n", encoding="utf-8")
        flags = [(f"CO_{name}", str(getattr(inspect, f"CO_{name}"))) for name in FLAGS]
        modules = [
            Extension(
                f"simdc.cost.flat.{name}",
                [str(place / f"{name}{suffix}")],
                define_macros=[("Py_LIMITED_API", hex(LIMITED)), *flags],
                py_limited_api=True,
                extra_compile_args=[] if os.name == "nt" else ["-O3", "-g0"],
            )
            for name, suffix in (("_flat", ".py"), ("compiled", ".pyx"))
        ]
        built = cythonize(modules, compiler_directives=DIRECTIVES, include_path=[scratch], quiet=True)
        for name in ("_flat", "compiled"):
            _without_inspect(place / f"{name}.c")
        command = build_ext(Distribution({"ext_modules": built}))
        command.build_lib, command.build_temp = str(Path(scratch) / "lib"), str(Path(scratch) / "temp")
        command.ensure_finalized()
        command.run()
        found = list((Path(scratch) / "lib/simdc/cost/flat").iterdir())
        return [_replace(file, target) for file in found]


def _without_inspect(source: Path) -> None:
    """With the stable interface Cython's modules import `inspect` as they start, for the flags of code objects. These
    are given, and to import it takes longer than all else that a module does then; one that is there takes its place.
    """
    asked, other = (f'PyImport_ImportModule("{name}")' for name in ("inspect", "sys"))
    source.write_text(source.read_text(encoding="utf-8").replace(asked, other), encoding="utf-8")


if __name__ == "__main__":
    for file in place():
        print(file)
