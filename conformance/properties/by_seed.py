"""Lets what Hypothesis draws follow from the seed alone."""

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import seed
from hypothesis.internal.conjecture import providers

Test = TypeVar("Test", bound=Callable[..., Any])


def seeded(number: int) -> Callable[[Test], Test]:
    """Hypothesis' ``seed``, for a test that draws from nothing else.

    Hypothesis also draws constants that it finds in modules which are not installed, so that a checkout would send
    something else than the wheel does; and it takes half a second to look for them.
    """
    providers.is_local_module_file = lambda _path: False  # type: ignore[assignment,attr-defined]
    return seed(number)
