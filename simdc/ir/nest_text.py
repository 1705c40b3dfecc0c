"""How IR text writes a nest from outside: `d0 4, d1 3, d2 8: 4x8[d0, d2] 8x3[d2, d1] -> 4x3[d0, d1]`.

First every loop with its bound, then each operand and, behind the arrow, each result: the shape that it is read in, and
an index for each dimension, such as `2*d0 + d2 - 1`. Code is `t = mul(x0, 2.0); y0 = add(y0, t)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import prod

from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, Instruction, Loop, affine
from simdc.named import NamedTuple

ACCESS = re.compile(r"([0-9]+(?:x[0-9]+)*)\[([^\]]*)\]", re.ASCII)
LOOP = re.compile(r"([a-z]\w*) ([0-9]{1,18})", re.ASCII)
TERM = re.compile(r"(?:([0-9]{1,18})\*)?([a-z]\w*)", re.ASCII)
STEP = re.compile(r"(\w+) = (\w+)\(([^()]*)\)", re.ASCII)
MAX_LOOPS = 32


class Access(NamedTuple):
    """The shape that a tensor is read in, and the expression that indexes each dimension."""

    shape: tuple[int, ...]
    index: tuple[Affine, ...]  # pyright: ignore[reportIncompatibleMethodOverride]  # nobody searches it

    @property
    def loops(self) -> tuple[str, ...]:
        """The loops that move it, in order."""
        return tuple(dict.fromkeys(loop for expression in self.index for loop, _ in expression.terms))


class Nest(NamedTuple):
    """Loops, and how they index what is read and what is made."""

    loops: tuple[Loop, ...]
    inputs: tuple[Access, ...]
    results: tuple[Access, ...]

    @property
    def bounds(self) -> dict[str, int]:
        return dict(self.loops)

    @property
    def summed(self) -> tuple[str, ...]:
        """The loops that move no result, in order."""
        moving = {loop for access in self.results for loop in access.loops}
        return tuple(loop.name for loop in self.loops if loop.name not in moving)


def substituted(expression: Affine, given: Mapping[str, Affine]) -> Affine:
    """With an expression in the place of each loop."""
    # 2*v0 + v1 - 1 with v0 = d0 and v1 = 3*d1 + 1: 2*d0 + 3*d1.
    terms: dict[str, int] = {}
    constant = expression.constant
    for name, step in expression.terms:
        inner = given[name]
        constant += step * inner.constant
        for loop, more in inner.terms:
            terms[loop] = terms.get(loop, 0) + step * more
    return affine(*terms.items(), constant=constant)


def nest_text(nest: Nest) -> str:
    """As `parse_nest` reads it."""
    loops = ", ".join(f"{name} {bound}" for name, bound in nest.loops)
    inputs, results = (" ".join(map(_access_text, side)) for side in (nest.inputs, nest.results))
    return f"{loops}: {inputs} -> {results}"


def _access_text(access: Access) -> str:
    return f"{'x'.join(map(str, access.shape))}[{', '.join(map(str, access.index))}]"


def parse_nest(text: str) -> Nest:
    """Raises VerifyException for what `nest_text` does not write, and for indices that are of no sense."""
    head, colon, rest = text.partition(":")
    inputs, arrow, results = rest.partition("->")
    if not colon or not arrow:
        raise VerifyException(f"a nest reads 'd0 4, d1 8: 4x8[d0, d1] -> 4[d0]', got '{text[:80]}'")
    matches = [LOOP.fullmatch(word.strip()) for word in head.split(",")]
    loops = [Loop(match[1], int(match[2])) for match in matches if match]
    if len(loops) != len(matches) or not 1 <= len(loops) <= MAX_LOOPS or min(loop.bound for loop in loops) < 1:
        raise VerifyException(f"loops read 'd0 4, d1 8', 1 to {MAX_LOOPS} of them that run, got '{head[:80]}'")
    names = {loop.name for loop in loops}
    if len(names) != len(loops):
        raise VerifyException(f"two loops share a name: '{head[:80]}'")
    return Nest(tuple(loops), _accesses(inputs, names), _accesses(results, names))


def _accesses(text: str, loops: set[str]) -> tuple[Access, ...]:
    if ACCESS.sub("", text).strip():
        raise VerifyException(f"an operand reads '4x8[d0, d1]', got '{text.strip()[:80]}'")
    found: list[Access] = []
    for shape, index in ACCESS.findall(text):
        sizes = tuple(map(int, shape.split("x")))
        expressions = tuple(_expression(each, loops) for each in index.split(","))
        if len(sizes) != len(expressions):
            raise VerifyException(f"{len(sizes)} dimensions and {len(expressions)} indices: '{shape}[{index[:60]}]'")
        found.append(Access(sizes, expressions))
    return tuple(found)


def _expression(text: str, loops: set[str]) -> Affine:
    # 2*d0 + d2 - 1: two terms and -1.
    terms: list[tuple[str, int]] = []
    constant = 0
    for word in text.replace("- ", "+ -").split("+"):
        word = word.strip()
        match = TERM.fullmatch(word)
        if match is not None and match[2] in loops:
            terms.append((match[2], int(match[1] or 1)))
        elif re.fullmatch(r"-?[0-9]{1,18}", word, re.ASCII):
            constant += int(word)
        else:
            raise VerifyException(f"an index reads '2*d0 + d2 - 1' over {sorted(loops)}, got '{text.strip()[:60]}'")
    return affine(*terms, constant=constant)


def code_text(code: Sequence[Instruction]) -> str:
    """As `parse_code` reads it."""
    return "; ".join(f"{dest} = {opcode}({', '.join(map(_source_text, sources))})" for opcode, dest, sources in code)


def _source_text(source: str | float) -> str:
    return source if isinstance(source, str) else repr(float(source))


def parse_code(text: str) -> tuple[Instruction, ...]:
    """Raises VerifyException for what `code_text` does not write."""
    found: list[Instruction] = []
    for line in text.split(";"):
        match = STEP.fullmatch(line.strip())
        if match is None:
            raise VerifyException(f"code reads 't = mul(x0, 2.0); y0 = add(y0, t)', got '{line.strip()[:60]}'")
        dest, opcode, sources = match.groups()
        found.append(Instruction(opcode, dest, tuple(_source(each.strip()) for each in sources.split(","))))
    return tuple(found)


def _source(text: str) -> str | float:
    if re.fullmatch(r"[a-z]\w*", text, re.ASCII) and text not in ("inf", "nan"):
        return text
    try:
        return float(text)
    except ValueError:
        raise VerifyException(f"code reads names and numbers, got '{text[:40]}'") from None


def check_access(access: Access, elements: int, what: str) -> None:
    """Raise VerifyException unless a tensor of so many elements can be read so."""
    if prod(access.shape) != elements:
        raise VerifyException(f"{what} has {elements} elements and is read as {list(access.shape)}")


def check_result(access: Access, nest: Nest) -> None:
    """Raise VerifyException unless each element of a result has one place in the loops that move it."""
    bounds = nest.bounds
    for size, (terms, constant) in zip(access.shape, access.index, strict=True):
        whole = [(loop, step, bounds[loop]) for loop, step in terms]
        fits = whole == [(terms[0][0], 1, size)] if terms else size == 1
        if not fits or constant:
            raise VerifyException("each dimension of a result is a loop of its own, from the first to the last element")
    if len(access.loops) != sum(1 for terms, _ in access.index if terms):
        raise VerifyException("a loop runs along two dimensions of a result")
