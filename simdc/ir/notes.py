"""What was decided where the input left it open: which inputs were taken for weights, which loss. The report says it.

Notes stand on the network as an attribute, so they stay in IR text.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, StringAttr

from .network import NetworkOp


def add_note(network: NetworkOp, sentence: str) -> None:
    """Add a sentence, once."""
    known = notes_of(network)
    if sentence not in known:
        network.notes = ArrayAttr([*map(StringAttr, known), StringAttr(sentence)])


def notes_of(network: NetworkOp) -> tuple[str, ...]:
    """The sentences in the order in which they were added."""
    return () if network.notes is None else tuple(note.data for note in network.notes)
