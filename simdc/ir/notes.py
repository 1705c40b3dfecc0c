"""What was decided where the input left it open: which inputs were taken for weights, which loss. The report says it.

Notes stand on the network as an attribute, so they stay in IR text.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from .network import NetworkOp

NOTES = "simdc.notes"


def add_note(network: NetworkOp, sentence: str) -> None:
    """Add a sentence, once."""
    known = notes_of(network)
    if sentence not in known:
        network.attributes[NOTES] = ArrayAttr([*map(StringAttr, known), StringAttr(sentence)])


def notes_of(network: NetworkOp) -> tuple[str, ...]:
    """The sentences in the order in which they were added. Raises VerifyException for anything else in their place."""
    notes = network.attributes.get(NOTES)
    if notes is None:
        return ()
    if not isa(notes, ArrayAttr[StringAttr]):
        raise VerifyException(f"'{NOTES}' must be a list of texts, got {notes}")
    return tuple(note.data for note in notes)
