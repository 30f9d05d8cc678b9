"""Does like things side by side, a few at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

LANES = 3


def in_lanes(do: Callable[[T], object], things: Sequence[T]) -> None:
    """Do something with each thing, in so many lanes; raises what the first of them raised, after all are done."""
    with ThreadPoolExecutor(LANES) as lanes:
        done = [lanes.submit(do, thing) for thing in things]
    for one in done:
        one.result()
