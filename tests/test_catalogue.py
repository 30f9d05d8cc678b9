"""The catalogue, the checks and the specimens belong together, both ways."""

import inspect
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

import conformance.suites
from conformance.contract import load_contract
from conformance.effects import Effects
from conformance.judging import Inconclusive
from conformance.reference.faults import specimens
from conformance.reference.variants import variants
from conformance.requirements import Requirement, load_catalogue
from conformance.runs import Natural
from conformance.target import Deadlines
from conformance.trace import History, NotRecorded, Trace

CATALOGUE = list(load_catalogue())
JUDGED = [one for one in CATALOGUE if one.level != "MAY"]


def _checks() -> Iterator[tuple[str, Callable[..., None]]]:
    """Every check in the suites, with its id."""
    for module in pkgutil.iter_modules(conformance.suites.__path__):
        if not module.name.startswith("test_"):
            continue
        for name, check in inspect.getmembers(import_module(f"conformance.suites.{module.name}"), callable):
            if name.startswith("test_"):
                marks = [mark for mark in getattr(check, "pytestmark", []) if mark.name == "requirement"]
                yield from ((mark.args[0], check) for mark in marks)


ALL_CHECKS = list(_checks())
CHECKS = Counter(id_ for id_, _ in ALL_CHECKS)
NOTHING: dict[str, Any] = {
    "contract": load_contract(),
    "deadlines": Deadlines(),
    "effects": Effects(Deadlines(), Natural()),
    "history": History(()),
    "observe": lambda told: None,
}


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.id)
def test_every_requirement_has_exactly_one_check(one: Requirement) -> None:
    wanted = 0 if one.untestable else 1
    where = "write the check in conformance/suites/, marked @requirement(...)"
    assert CHECKS[one.id] == wanted, f"{one.id} has {CHECKS[one.id]} checks, not {wanted}: {where}"


def test_every_check_has_a_requirement() -> None:
    forgotten = sorted(set(CHECKS) - {one.id for one in CATALOGUE})
    assert not forgotten, f"write the record in specs/requirements/ for: {', '.join(forgotten)}"


@pytest.mark.parametrize("check", [check for _, check in ALL_CHECKS], ids=[id_ for id_, _ in ALL_CHECKS])
def test_no_check_passes_where_nothing_was_recorded(check: Callable[..., None]) -> None:
    wanted = {name: NOTHING.get(name, Trace(name)) for name in inspect.signature(check).parameters}
    with pytest.raises((Inconclusive, NotRecorded)):
        check(**wanted)


@pytest.mark.parametrize("one", JUDGED, ids=lambda one: one.id)
def test_every_requirement_has_a_fault_that_breaks_it(one: Requirement) -> None:
    breakers = [specimen.name for specimen in specimens().values() if one.id in specimen.ids]
    where = (
        "write the fault in conformance/reference/faults/, marked @breaks(...), or say why it is untestable"
    )
    assert breakers or one.untestable, f"nothing breaks {one.id}: {where}"
    assert not (breakers and one.untestable), f"{one.id} is said to be untestable, but {breakers} break it"


def test_every_fault_breaks_something_that_is_judged() -> None:
    judged = {one.id for one in JUDGED}
    unknown = {f"{one.name}: {id_}" for one in specimens().values() for id_ in one.ids - judged}
    nothing = {one.name for one in specimens().values() if not one.ids}
    assert not unknown, f"specimens name what the catalogue does not judge: {', '.join(sorted(unknown))}"
    assert not nothing, f"specimens break nothing: {', '.join(sorted(nothing))}"


def test_every_server_says_in_one_sentence_what_it_is() -> None:
    titles = {one.name: one.title for one in (*specimens().values(), *variants().values())}
    wordless = [name for name, title in titles.items() if not title.endswith(".") or len(title) > 110]
    assert not wordless, f"a docstring of one sentence is missing: {', '.join(wordless)}"
    twice = [title for title, number in Counter(titles.values()).items() if number > 1]
    assert not twice, f"several servers say the same of themselves: {twice}"


def test_variants_warn_of_what_is_no_must() -> None:
    shoulds = {one.id for one in CATALOGUE if one.level == "SHOULD"}
    wrong = {one.name: sorted(one.warns - shoulds) for one in variants().values() if one.warns - shoulds}
    assert not wrong, f"a server that is right breaks no MUST: {wrong}"


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.id)
def test_every_place_in_a_document_is_there(one: Requirement) -> None:
    if one.place.startswith("/") or "#/" in one.place:
        assert load_contract().resolve(one.place) is not None, f"{one.place} resolves to nothing"


def test_presumptions_run_in_no_circle() -> None:
    causes = {one.id: set(one.presumes) for one in CATALOGUE}
    while True:
        roots = {id_ for id_, presumed in causes.items() if not presumed}
        if not roots:
            break
        causes = {id_: presumed - roots for id_, presumed in causes.items() if id_ not in roots}
    assert not causes, (
        f"each of these explains the other, so that neither can fail: {', '.join(sorted(causes))}"
    )
