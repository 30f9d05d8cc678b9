"""Lets what Hypothesis draws follow from the seed alone."""

from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from hypothesis import core, register_random, seed
from hypothesis.internal.conjecture import providers

Test = TypeVar("Test", bound=Callable[..., Any])
CHANCE = Random(0)  # noqa: S311 - it draws tests


def seeded(number: int) -> Callable[[Test], Test]:
    """Hypothesis' ``seed``, for a test that draws from nothing else.

    Hypothesis also draws constants that it finds in modules which are not installed, so that a checkout would send
    something else than the wheel does; and it takes half a second to look for them.
    """
    providers.is_local_module_file = lambda _path: False  # type: ignore[assignment,attr-defined]
    return seed(number)


def share_chance() -> None:
    """Let what this thread draws come from the one source of chance of the process; one thread draws at a time.

    Hypothesis would make one for each thread, and have all garbage collected for it.
    """
    register_random(CHANCE)  # which does nothing the second time
    core.threadlocal._hypothesis_global_random = CHANCE
