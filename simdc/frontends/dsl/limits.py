"""How large a network text may be and what it may unfold to. Each limit is far beyond any network and near enough to
end a mistake in seconds."""

MAX_CHARACTERS = 4 * 2**20
MAX_WORDS = 500_000
"""Names, numbers, operators, brackets: what the parser takes time and memory for."""
MAX_NESTING = 64
"""Brackets and braces open at one place of the text."""
MAX_DEPTH = 200
"""Calls, brackets and statement bodies in progress at one moment; keeps Python's own stack well below its limit."""
MAX_STEPS = 1_000_000
"""Statements, calls, operators and list items executed."""
MAX_LAYERS = 32_000
"""A residual network of 10,000 blocks has 30,000. So many take 200 MB, a training step of them three times that."""
MAX_DIGITS = 18
MAX_STRING = 200
