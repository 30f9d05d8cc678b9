"""How an unusual server says that it is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from conformance.reference.faults.marking import kebab
from conformance.reference.reference import Reference

Kind = TypeVar("Kind", bound=type[Reference])

_MARK = "__unusual__"


@dataclass(frozen=True, slots=True)
class Variant:
    """A server that is right though unusual: nothing fails but the SHOULDs ``warns``.

    ``opens`` are requirements that cannot be decided on such a server, and say so.
    """

    make: type[Reference]
    warns: frozenset[str] = frozenset()
    opens: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name of its class, as it is written on a command line."""
        return kebab(self.make.__name__)

    @property
    def title(self) -> str:
        """What is unusual about it, in one sentence."""
        return (self.make.__doc__ or "").partition("\n")[0]


def unusual(*, warns: tuple[str, ...] = (), opens: tuple[str, ...] = ()) -> Callable[[Kind], Kind]:
    """Mark a server as one that is right."""

    def mark(kind: Kind) -> Kind:
        setattr(kind, _MARK, (frozenset(warns), frozenset(opens)))
        return kind

    return mark


def variant_of(kind: object) -> Variant | None:
    """The variant that a class is, None for a class that is not marked itself."""
    if not isinstance(kind, type) or not issubclass(kind, Reference) or _MARK not in vars(kind):
        return None
    return Variant(kind, *vars(kind)[_MARK])
