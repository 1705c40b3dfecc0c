"""Instructions and immediates in the words of the lanes' memories."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from simdc.cost.hardware import SimdArray
from simdc.cost.kernel import CodeBlock, LoopNest

from . import lanes_machine as built
from .unplayable import require

OPERAND, TEMPORARY, IMMEDIATE = 1 << 16, 2 << 16, 3 << 16


class Code:
    """What has been placed so far: each block once."""

    def __init__(self, simd: SimdArray):
        self._width_bits = simd.width_bits
        self._code: list[list[int]] = []
        self._immediates: dict[bytes, int] = {}
        self._placed: dict[tuple[CodeBlock, LoopNest], tuple[tuple[str, ...], int, int]] = {}

    def place(self, block: CodeBlock, nest: LoopNest) -> tuple[Sequence[str], int, int]:
        """The operands that the block names, in the order of their numbers, its first instruction, and how many."""
        key = block, nest
        if key not in self._placed:
            widths = {o.name: o.bits for o in (*nest.inputs, *nest.outputs, *nest.scratch, *nest.views)}
            found: dict[str, None] = {}
            for code in block.instructions:
                found |= {str(name): None for name in (code.dest, *code.sources) if name in widths}
            names = tuple(found)
            dests = dict.fromkeys(code.dest for code in block.instructions if code.dest not in widths)
            at = len(self._code)
            for code in block.instructions:
                words = [built.OPCODES.index(code.opcode), len(code.sources)]
                for name in (code.dest, *code.sources):
                    if not isinstance(name, str):
                        words += [IMMEDIATE + self.immediate(name), 0]
                    elif name in widths:
                        words += [OPERAND + names.index(name), widths[name]]
                    else:
                        words += [TEMPORARY + list(dests).index(name), self._width_bits]
                self._code.append(words + [0] * (12 - len(words)))
            self._placed[key] = names, at, len(block.instructions)
        require(len(self._code) <= built.CODE, f"{len(self._code)} instructions; {built.CODE} are built")
        return self._placed[key]

    def written(self, block: CodeBlock) -> set[str]:
        return {code.dest for code in block.instructions}

    def immediate(self, value: float) -> int:
        """The number of an immediate."""
        key = struct.pack("<d", value)
        number = self._immediates.setdefault(key, len(self._immediates))
        require(number < built.IMMEDIATES, f"more than {built.IMMEDIATES} immediates")
        return number

    @staticmethod
    def bits(value: float) -> tuple[int, int]:
        """Double precision as two words, the low one first."""
        low, high = struct.unpack("<II", struct.pack("<d", value))
        return low, high

    def words(self) -> list[list[int]]:
        return self._code

    def immediate_words(self) -> list[tuple[int, int]]:
        return [self.bits(struct.unpack("<d", key)[0]) for key in self._immediates]
