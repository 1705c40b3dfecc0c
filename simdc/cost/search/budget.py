"""How much work a search may do."""

from __future__ import annotations


class Budget:
    """Steps of work, one or two microseconds each on a core of 2024: counted, not timed, so that a search ends with the
    same result anywhere. What is spent of a part is spent of the whole as well; the last piece of work may overdraw
    it."""

    def __init__(self, steps: float, whole: Budget | None = None):
        self.left, self.spent = steps, 0
        self._whole = whole

    def part(self, share: float) -> Budget:
        """So much of what is left."""
        # 0.2 of 2,000,000 steps are 400,000; what they do not use is left to the whole.
        return Budget(self.left * share, self)

    def spend(self, steps: int) -> None:
        self.left -= steps
        self.spent += steps
        if self._whole is not None:
            self._whole.spend(steps)

    @property
    def remaining(self) -> float:
        """Steps until it is spent."""
        return self.left if self._whole is None else min(self.left, self._whole.remaining)

    @property
    def is_spent(self) -> bool:
        return self.remaining <= 0
