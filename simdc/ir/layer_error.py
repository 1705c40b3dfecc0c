"""What is wrong with a layer as somebody described it."""

from __future__ import annotations

MAX_SIZE = 2**48
"""Of a number that describes a layer, and of its tensors in elements."""


class LayerError(Exception):
    """A layer cannot be built. `option` names the argument at fault, if it is one."""

    def __init__(self, message: str, option: str | None = None):
        super().__init__(message)
        self.message = message
        self.option = option
