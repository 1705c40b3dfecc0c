"""Records of what a report says of a language model: one run, steps at many lengths, a text that is made."""

from __future__ import annotations

from simdc.cost.result import Number
from simdc.named import NamedTuple

ROLES = (
    "projections",
    "attention",
    "scores",
    "softmax",
    "context",
    "mlp",
    "norms",
    "head",
    "embedding",
    "cache",
    "other",
)
"""What the layers of a transformer are for, in the order of reports."""
TOLERANCE = 0.01
"""How far a piece of a law may be off, as a share."""


class Part(NamedTuple):
    """The layers of one role together."""

    role: str
    layers: int
    cycles: Number
    dram_bits: Number


class Cache(NamedTuple):
    """Bits that keys and values of all layers take. `token_bits` of one token of one sequence, `bits` of the whole
    context of all; at `outweighs` tokens they are more than the parameters."""

    token_bits: int
    bits: int
    outweighs: int


class DecodeStep(NamedTuple):
    """One decode step: a token for each sequence, which sees `context` tokens, itself among them."""

    context: int
    cycles: Number
    dram_bits: Number
    energy_pj: Number


class Piece(NamedTuple):
    """From `first` to `last` tokens a step takes `cycles + slope * (L - first)`, at most `error` of it off."""

    first: int
    last: int
    cycles: Number
    slope: float
    error: float


class Generation(NamedTuple):
    """A prompt and what is made after it: `made` steps, which see `prompt + 1`, `prompt + 2`, ... tokens."""

    prompt: int
    made: int
    prefill: DecodeStep
    steps: DecodeStep


class Llm(NamedTuple):
    """One run. `phase` is prefill, decode, encode (attention that is not causal) or training; `tokens` of each sequence
    go in, each sees up to `context`. `macs` are the products that run, `useful_macs` those that no causal mask throws
    away. `recomputed_bits` would be free if a training step computed scores and softmaxes twice. `is_causal` is whether
    a token sees those before it only, as where text is made."""

    phase: str
    tokens: int
    context: int
    sequences: int
    runtime_s: float
    energy_pj: Number | None
    macs: Number
    useful_macs: Number
    cache: Cache | None
    parts: tuple[Part, ...]
    recomputed_bits: int | None
    is_causal: bool = False
    curve: tuple[DecodeStep, ...] = ()
    generation: Generation | None = None

    @property
    def makes_text(self) -> bool:
        """Whether tokens are what people count: not those of an image, or of a sentence that is classified."""
        return self.is_causal or self.phase == "decode"

    @property
    def tokens_per_s(self) -> float:
        """Of all sequences together."""
        return self.tokens * self.sequences / self.runtime_s if self.runtime_s else 0.0

    @property
    def token_energy_pj(self) -> float | None:
        return None if self.energy_pj is None else self.energy_pj / (self.tokens * self.sequences)

    @property
    def law(self) -> tuple[Piece, ...]:
        return law_of(self.curve)


def law_of(curve: tuple[DecodeStep, ...]) -> tuple[Piece, ...]:
    """Lines through the curve, each from where the one before ends as far as it goes without leaving `TOLERANCE`."""
    pieces: list[Piece] = []
    start = 0
    while start < len(curve) - 1:
        end = start + 1
        while end + 1 < len(curve) and _error(curve[start : end + 2]) <= TOLERANCE:
            end += 1
        chord = curve[start : end + 1]
        pieces.append(Piece(chord[0].context, chord[-1].context, chord[0].cycles, _slope(chord), _error(chord)))
        start = end
    return tuple(pieces)


def _slope(chord: tuple[DecodeStep, ...]) -> float:
    return (chord[-1].cycles - chord[0].cycles) / (chord[-1].context - chord[0].context)


def _error(chord: tuple[DecodeStep, ...]) -> float:
    """How far the steps are from the line between the first and the last, as a share of them."""
    slope, first = _slope(chord), chord[0]
    return max(
        abs(first.cycles + slope * (each.context - first.context) - each.cycles) / (each.cycles or 1) for each in chord
    )
