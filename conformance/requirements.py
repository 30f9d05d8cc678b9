"""The catalogue: what a sound server does, at which level, and where that is written."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, cast

from conformance.resources import specs_dir

Level = Literal["MUST", "SHOULD", "MAY"]
LEVELS: tuple[Level, ...] = ("MUST", "SHOULD", "MAY")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative sentence.

    ``place`` is a JSON pointer relative to the stop operation, or the section of an RFC; ``needs`` are the
    variables of keys without which it is untested; ``presumes`` are requirements without which its failure
    says nothing of its own; ``effort`` is the level from which on it is judged; ``advice`` is what an operator
    or an author of a server does about it, that of its topic where it has none of its own.
    """

    id: str
    level: Level
    title: str
    place: str
    why: str
    needs: tuple[str, ...] = ()
    presumes: tuple[str, ...] = ()
    effort: str = "quick"
    untestable: str | None = None
    advice: str = ""

    @property
    def topic(self) -> str:
        """The middle part of its id."""
        return self.id.split(".")[1]

    @property
    def in_document(self) -> bool:
        """Whether the document itself says it (a pointer), rather than HTTP or common sense."""
        return self.place.startswith("/")

    @property
    def of_single_answers(self) -> bool:
        """Whether one answer shows it: what becomes of runs is of topic lifecycle, or presumes that."""
        return not any(id_.startswith("stop.lifecycle.") for id_ in (self.id, *self.presumes))


@dataclass(frozen=True)
class Catalogue:
    """All requirements, in the order of the files."""

    requirements: tuple[Requirement, ...]

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements)

    @cached_property
    def by_id(self) -> Mapping[str, Requirement]:
        """Each requirement by its id."""
        return {requirement.id: requirement for requirement in self.requirements}

    def __getitem__(self, id_: str) -> Requirement:
        return self.by_id[id_]


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """The catalogue from its TOML files; raises ValueError for one that breaks its own rules."""
    return _read(folder) if folder else _own()


@cache
def _own() -> Catalogue:
    return _read(specs_dir() / "requirements")


def _read(folder: Path) -> Catalogue:
    files = sorted(folder.glob("*.toml"))
    tables = [table for file in files for table in _tables(tomllib.loads(file.read_text("utf-8")))]
    catalogue = Catalogue(tuple(_requirement(table) for table in tables))
    if len(catalogue.by_id) != len(tables):
        raise ValueError("an id occurs twice in the catalogue")
    for one in catalogue:
        if unknown := set(one.presumes) - set(catalogue.by_id):
            raise ValueError(
                f"{one.id} presumes {', '.join(sorted(unknown))}, which the catalogue does not have"
            )
    return catalogue


def _tables(file: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The records of one file; what it says at its top, each says."""
    shared = {name: value for name, value in file.items() if name != "requirement"}
    yield from (shared | table for table in file["requirement"])


def _requirement(table: Mapping[str, Any]) -> Requirement:
    if table["level"] not in LEVELS:
        raise ValueError(f"{table['id']}: the level {table['level']} is none of {', '.join(LEVELS)}")
    return Requirement(
        id=str(table["id"]),
        level=cast(Level, table["level"]),
        title=str(table["title"]),
        place=str(table["place"]),
        why=str(table["why"]),
        needs=tuple(table.get("needs", ())),
        presumes=tuple(table.get("presumes", ())),
        effort=str(table.get("effort", "quick")),
        untestable=table.get("untestable"),
        advice=str(table.get("advice", "")),
    )
