"""How a network of tokens is run: its length, and how many tokens a cache holds already."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.named import NamedTuple


class TokenRun(NamedTuple):
    """`tokens` go in at once, None for as many as the network says, behind `past` tokens whose keys and values are
    cached."""

    tokens: int | None = None
    past: int = 0

    def shape(self, written: Sequence[int]) -> Sequence[int]:
        """Of an input, without its batch: one of a single dimension is of tokens, any other stays as it is written."""
        return written if self.tokens is None or len(written) != 1 else (self.tokens,)


AS_WRITTEN = TokenRun()


def decode_step(context: int) -> TokenRun:
    """One token that sees `context` tokens, itself among them."""
    return TokenRun(1, context - 1)
