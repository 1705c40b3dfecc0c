"""Ops on one tensor, element by element: activations and the functions that they are made of.

A new one is a `Curve`, its attributes and two instruction sequences, and two classes that name it as an op and as the
gradient of that op (see `base`).
"""

from __future__ import annotations

from .base import ActivationGradOp, ActivationOp, Curve, InputGradOp, OutputGradOp
from .exponential import (
    EluGradOp,
    EluOp,
    MishGradOp,
    MishOp,
    SigmoidGradOp,
    SigmoidOp,
    SiluGradOp,
    SiluOp,
    SoftplusGradOp,
    SoftplusOp,
    TanhGradOp,
    TanhOp,
)
from .function import AbsGradOp, AbsOp, ExpOp, LogOp, NegateOp, ReciprocalGradOp, ReciprocalOp, SqrtGradOp, SqrtOp
from .gaussian import ErfGradOp, ErfOp, GeluGradOp, GeluOp
from .piecewise import (
    ClipGradOp,
    ClipOp,
    HardSigmoidGradOp,
    HardSigmoidOp,
    HardSwishGradOp,
    HardSwishOp,
    LeakyReluGradOp,
    LeakyReluOp,
)
from .prelu import PReluGradOp, PReluOp, PReluSlopeGradOp

__all__ = [
    "ACTIVATIONS",
    "AbsGradOp",
    "AbsOp",
    "ActivationGradOp",
    "ActivationOp",
    "ClipGradOp",
    "ClipOp",
    "Curve",
    "EluGradOp",
    "EluOp",
    "ErfGradOp",
    "ErfOp",
    "ExpOp",
    "GeluGradOp",
    "GeluOp",
    "HardSigmoidGradOp",
    "HardSigmoidOp",
    "HardSwishGradOp",
    "HardSwishOp",
    "InputGradOp",
    "LeakyReluGradOp",
    "LeakyReluOp",
    "LogOp",
    "MishGradOp",
    "MishOp",
    "NegateOp",
    "OutputGradOp",
    "PReluGradOp",
    "PReluOp",
    "PReluSlopeGradOp",
    "ReciprocalGradOp",
    "ReciprocalOp",
    "SigmoidGradOp",
    "SigmoidOp",
    "SiluGradOp",
    "SiluOp",
    "SoftplusGradOp",
    "SoftplusOp",
    "SqrtGradOp",
    "SqrtOp",
    "TanhGradOp",
    "TanhOp",
]

ACTIVATIONS: dict[type[ActivationOp], type[ActivationGradOp]] = {
    LeakyReluOp: LeakyReluGradOp,
    ClipOp: ClipGradOp,
    HardSigmoidOp: HardSigmoidGradOp,
    HardSwishOp: HardSwishGradOp,
    SigmoidOp: SigmoidGradOp,
    TanhOp: TanhGradOp,
    EluOp: EluGradOp,
    SiluOp: SiluGradOp,
    MishOp: MishGradOp,
    SoftplusOp: SoftplusGradOp,
    ErfOp: ErfGradOp,
    GeluOp: GeluGradOp,
    AbsOp: AbsGradOp,
    SqrtOp: SqrtGradOp,
    ReciprocalOp: ReciprocalGradOp,
}
"""The op that is the gradient of each; exp, log and negate need none of their own."""
