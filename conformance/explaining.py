"""Explains one requirement: what it says, where that is written, how it is checked, how it looks broken."""

import inspect
import json
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from conformance import suites
from conformance.baseline import Entry
from conformance.contract import Contract, PointerError
from conformance.examples import PLACEHOLDERS, Example, examples_of
from conformance.exchange import Json
from conformance.profiles import load_profile, profile_names
from conformance.reference.faults import Specimen, specimens
from conformance.requirements import Catalogue, Level, Requirement
from conformance.scenarios import SCENARIOS, Scenario

PLACE = 12  # lines of the document that are shown
FAULTS = 3
LEFT: Mapping[Level, str] = {
    "MUST": "Until it is mended, list the id with a reason in a baseline: the run stays red for all else.",
    "SHOULD": "Clients expect it, though no document promises it; it fails a run with --strict only.",
    "MAY": "Both is allowed. It is recorded so that diff can tell when it changes.",
}


@dataclass(frozen=True, slots=True)
class Check:
    """The function that judges a requirement, and the scenarios whose traces it looks at."""

    name: str
    scenarios: tuple[Scenario, ...]
    every: bool


def find_check(id_: str) -> Check | None:
    """The check of a requirement; None for one that has none."""
    for found in pkgutil.iter_modules(suites.__path__):
        for name, value in vars(import_module(f"{suites.__name__}.{found.name}")).items():
            marks = getattr(value, "pytestmark", [])
            if any(mark.name == "requirement" and mark.args[0] == id_ for mark in marks):
                asked = inspect.signature(value).parameters
                played = tuple(SCENARIOS[one] for one in asked if one in SCENARIOS)
                return Check(f"{found.name}.py::{name}", played, "history" in asked)
    return None


def explain(one: Requirement, catalogue: Catalogue, contract: Contract) -> Iterator[str]:
    """Everything that is known of a requirement, line by line."""
    yield f"{one.id}  {one.level}"
    yield one.title
    yield ""
    yield f"why        {one.why}"
    if one.needs:
        yield f"needs      {', '.join(one.needs)}"
    if one.presumes:
        yield f"presumes   {', '.join(one.presumes)}: where that fails, this says nothing of its own"
    yield from _section("where it is written", _place(one, contract))
    yield from _section("how it is checked", _checked(one))
    yield from _section("what passes", _passing(one))
    yield from _section("what fails", _failing(one))
    yield from _section("what Dify does", _upstream(one, catalogue))
    yield from _section("what to do", _advice(one))


def explanation(one: Requirement, catalogue: Catalogue, contract: Contract) -> dict[str, Json]:
    """The same for programs."""
    examples, check = examples_of(one.id), find_check(one.id)
    return {
        "id": one.id,
        "level": one.level,
        "title": one.title,
        "why": one.why,
        "needs": list(one.needs),
        "presumes": list(one.presumes),
        "place": one.place,
        "text": list(_place(one, contract)),
        "check": check.name if check else None,
        "scenarios": [{"name": played.name, "title": played.title} for played in check.scenarios]
        if check
        else [],
        "passes": asdict(examples.passing) if examples.passing else None,
        "fails": asdict(examples.failing) if examples.failing else None,
        "specimens": [{"name": s.name, "title": s.title, "like": s.like} for s in _broken(one)],
        "upstream": [
            {"profile": name, "because": entry.told(), "answer": entry.answer}
            for name, entry in _known(one, catalogue)
        ],
        "advice": list(_advice(one)),
    }


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield title
        yield from (f"  {line}" for line in found)


def _place(one: Requirement, contract: Contract) -> Iterator[str]:
    if not one.in_document:
        yield f"{one.place}; the document of the operation does not say it"
        return
    yield f"{contract.source}#…{one.place}"
    try:
        shown = _shown(contract.resolve(one.place))
    except PointerError as error:
        yield f"(not in this document: {error})"
        return
    yield from (f"  {line}" for line in shown[:PLACE])
    if len(shown) > PLACE:
        yield f"  … {len(shown) - PLACE} more lines"


def _shown(value: Any) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _checked(one: Requirement) -> Iterator[str]:
    check = find_check(one.id)
    if check is None:
        yield f"not at all: {one.untestable}" if one.untestable else "by no check of this suite"
        return
    for scenario in check.scenarios:
        yield f"{scenario.name}: {scenario.title}"
    if check.every:
        yield "every exchange of every scenario is looked at"
    yield f"judged by conformance/suites/{check.name}"


def _passing(one: Requirement) -> Iterator[str]:
    """What was exchanged with the reference server."""
    if example := examples_of(one.id).passing:
        yield from _told(example)
        if example.seen:
            yield f"seen: {example.seen}"
    yield f"again: dify-conformance run --only {one.id}"


def _failing(one: Requirement) -> Iterator[str]:
    """What was exchanged with a server that breaks it, and who else does."""
    broken = {specimen.name: specimen for specimen in _broken(one)}
    if example := examples_of(one.id).failing:
        specimen = broken.pop(example.server, None)
        yield f"{example.server}: {specimen.title if specimen else ''}".rstrip(" :")
        yield from _told(example)
        yield f"seen: {example.seen}"
        yield f"again: dify-conformance serve --fault {example.server}"
    for specimen in list(broken.values())[:FAULTS]:
        like = f" ({specimen.like})" if specimen.like else ""
        yield f"{'also ' if example else ''}{specimen.name}: {specimen.title}{like}"


def _told(example: Example) -> Iterator[str]:
    yield from (f"  {line}" for line in example.lines)
    yield f"  ({PLACEHOLDERS})"


def _broken(one: Requirement) -> list[Specimen]:
    """The faults that break it, those that break little else first."""
    return sorted((s for s in specimens().values() if one.id in s.ids), key=lambda s: len(s.ids))


def _upstream(one: Requirement, catalogue: Catalogue) -> Iterator[str]:
    known = _known(one, catalogue)
    for name, entry in known:
        yield f"{name}: {entry.told()}"
        if entry.answer:
            yield f"  {entry.answer}"
    if not known:
        yield f"No deviation is listed in {', '.join(profile_names())}."


def _known(one: Requirement, catalogue: Catalogue) -> list[tuple[str, Entry]]:
    """What the profiles know of it, each entry with the name of its profile."""
    return [
        (name, entry) for name in profile_names() for entry in load_profile(name, catalogue).known.of(one.id)
    ]


def _advice(one: Requirement) -> Iterator[str]:
    if one.advice:
        yield one.advice
    yield LEFT[one.level]
    if one.needs:
        yield f"Set {' and '.join(one.needs)} in the environment to have it tested."
    yield f"Look at it alone: dify-conformance run --base-url URL --only {one.id}"
