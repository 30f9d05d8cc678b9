"""How much is tried: what is drawn at random, how often, and from which seed."""

from dataclasses import dataclass
from typing import Literal, TypeVar

Level = Literal["quick", "standard", "thorough"]
Number = TypeVar("Number", int, float)
EFFORTS: tuple[Level, ...] = ("quick", "standard", "thorough")


@dataclass(frozen=True, slots=True)
class Effort:
    """A level and a seed; at standard effort and seed 0 the same is drawn every time."""

    level: Level = "standard"
    seed: int = 0

    def reaches(self, level: str) -> bool:
        """Whether what needs ``level`` at least is tried."""
        return EFFORTS.index(self.level) >= EFFORTS.index(level)

    def pick(self, quick: Number, standard: Number, thorough: Number) -> Number:
        """The number for this level."""
        return (quick, standard, thorough)[EFFORTS.index(self.level)]
