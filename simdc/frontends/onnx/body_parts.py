"""Nodes that stand for one node: how a body is written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from .graph import Node

Made: TypeAlias = tuple[str, Sequence[str], str, dict[str, object]]
"""A node of a body: operator, inputs, result, attributes of its own. What the body makes has a name with a dot before
it, what it reads of the node none."""
Body: TypeAlias = Callable[[Node, Sequence[str]], list[Made]]
"""From a node and the names of its inputs. Raises Unsupported."""
ONE, RESULT = ".one", ".y"
"""A number one, and what the node gives."""


def given(inputs: Sequence[str], place: int) -> str:
    """The name of an input, empty where there is none."""
    return inputs[place] if place < len(inputs) else ""
