"""How a specimen says what it breaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from conformance.effort import Level
from conformance.reference.reference import Reference

Kind = TypeVar("Kind", bound=type[Reference])

_MARK = "__breaks__"


@dataclass(frozen=True, slots=True)
class Specimen:
    """A server with one fault: exactly the requirements ``ids`` fail when it is judged.

    ``like`` is the issue of a real server that failed so; ``effort`` is the least that finds it out.
    """

    make: type[Reference]
    ids: frozenset[str]
    like: str | None = None
    effort: Level = "quick"

    @property
    def name(self) -> str:
        """The name of its class, as it is written on a command line."""
        return kebab(self.make.__name__)

    @property
    def topic(self) -> str:
        """The module that it stands in."""
        return self.make.__module__.rpartition(".")[2].replace("_", "-")

    @property
    def title(self) -> str:
        """What it gets wrong, in one sentence."""
        return (self.make.__doc__ or "").partition("\n")[0]


def breaks(*ids: str, like: str | None = None, effort: Level = "quick") -> Callable[[Kind], Kind]:
    """Mark a server as one that breaks these requirements and nothing else."""

    def mark(kind: Kind) -> Kind:
        setattr(kind, _MARK, (frozenset(ids), like, effort))
        return kind

    return mark


def specimen_of(kind: object) -> Specimen | None:
    """The specimen that a class is, None for a class that is not marked itself."""
    if not isinstance(kind, type) or not issubclass(kind, Reference) or _MARK not in vars(kind):
        return None
    return Specimen(kind, *vars(kind)[_MARK])


def kebab(name: str) -> str:
    """A class name in lower case with hyphens."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
