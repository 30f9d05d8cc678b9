"""Decides: from the results of single requirements to one outcome and exit code; pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from conformance.requirements import Catalogue, Level, Requirement

ResultKind = Literal["pass", "fail", "deviation", "stale", "untested", "inconclusive", "error"]
Outcome = Literal["conformant", "not conformant", "incomplete", "unreachable", "harness fault"]

EXIT_CODES: Mapping[Outcome, int] = {
    "conformant": 0,
    "not conformant": 1,
    "incomplete": 3,
    "unreachable": 4,
    "harness fault": 4,
}
EXIT_USAGE = 2
NOTHING = "nothing was observed"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one requirement: ``reason`` is what was seen, or why nothing was.

    ``strict`` tells that a SHOULD is held against the target as a MUST is; ``cases`` are those of the stops that
    failed.
    """

    id: str
    level: Level
    title: str
    result: ResultKind
    reason: str = ""
    evidence: tuple[str, ...] = ()
    at: float | None = None
    scenarios: tuple[str, ...] = ()
    no_answer: bool = False
    strict: bool = False
    cases: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        """The middle part of the id."""
        return self.id.split(".")[1]

    @property
    def is_grave(self) -> bool:
        """Whether the outcome hangs on it: on a MUST always, on a SHOULD where the run is strict."""
        return self.level == "MUST" or (self.strict and self.level == "SHOULD")

    @property
    def is_warning(self) -> bool:
        """Whether it is a SHOULD that failed and fails no run."""
        return self.result == "fail" and self.level == "SHOULD" and not self.is_grave

    @property
    def told(self) -> str:
        """The result as a reader takes it: a SHOULD that failed is a warning, unless the run is strict."""
        return "warning" if self.is_warning else self.result


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else an outcome depends on."""

    strict: bool = False
    narrowed: tuple[str, ...] = ()
    unreachable: str = ""
    locked_out: str = ""
    gone: str = ""
    interrupted: str = ""
    no_conformance_run: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome with all that led to it."""

    outcome: Outcome
    results: tuple[Result, ...]
    summary: str

    @property
    def exit_code(self) -> int:
        """The exit code of the process."""
        return EXIT_CODES[self.outcome]

    def of(self, *kinds: ResultKind) -> list[Result]:
        """The results of those kinds."""
        return [result for result in self.results if result.result in kinds]

    @property
    def warnings(self) -> list[Result]:
        """SHOULDs that failed and fail no run."""
        return [result for result in self.results if result.is_warning]


def decide(results: Iterable[Result], catalogue: Catalogue, circumstances: Circumstances) -> Verdict:
    """The verdict of a session."""
    results = [replace(result, strict=circumstances.strict) for result in results]
    shut = circumstances.unreachable or circumstances.locked_out
    weighed = (
        [_undecided(result) for result in results]
        if shut
        else _without_consequences(_without_absence(results, circumstances), catalogue)
    )
    outcome, summary = _outcome(weighed, circumstances, _explained(weighed, catalogue))
    return Verdict(outcome, tuple(weighed), summary)


def not_judged(requirements: Iterable[Requirement], judged: Iterable[Result], why: str) -> list[Result]:
    """Inconclusive results for requirements that a session that broke off never came to."""
    done = {result.id for result in judged}
    return [Result(r.id, r.level, r.title, "inconclusive", why) for r in requirements if r.id not in done]


def _undecided(result: Result) -> Result:
    """What a target that lets nobody in seems to do says nothing of it."""
    if result.result in {"error", "untested"}:
        return result
    return replace(result, result="inconclusive", reason="the target could not be asked")


def _without_absence(results: list[Result], circumstances: Circumstances) -> list[Result]:
    """A target that went away did not break the requirements it no longer answered for."""
    if not circumstances.gone:
        return results
    reason = f"the target went away ({circumstances.gone}); "
    return [
        replace(r, result="inconclusive", reason=reason + r.reason)
        if r.result == "fail" and r.no_answer
        else r
        for r in results
    ]


def _without_consequences(results: list[Result], catalogue: Catalogue) -> list[Result]:
    """A failure that another failure explains says nothing of its own, and names the one that needs no other."""
    failed = {result.id: result for result in results if result.result in {"fail", "deviation"}}

    def roots(result: Result) -> set[str]:
        """The failures that explain it; itself where none does, or where it is known and stays what it is."""
        causes = [failed[id_] for id_ in _presumed(catalogue, result.id) if id_ in failed]
        if result.result == "deviation" or not causes:
            return {result.id}
        return {id_ for cause in causes for id_ in roots(cause)}

    def weighed(result: Result) -> Result:
        found = roots(result)
        if result.result != "fail" or result.id in found:
            return result
        told = {id_ for id_ in found if failed[id_].result == "fail"} or found  # what is known comes second
        root = next(one.id for one in catalogue if one.id in told)
        reason = (
            f"failed ({result.reason}), but presumes {root}, which failed: nothing can be told of its own"
        )
        return replace(result, result="inconclusive", reason=reason)

    return [weighed(result) for result in results]


def _presumed(catalogue: Catalogue, id_: str) -> Sequence[str]:
    return catalogue[id_].presumes if id_ in catalogue.by_id else ()


def _explained(results: list[Result], catalogue: Catalogue) -> set[str]:
    """What cannot be told because it presumes what is known not to hold, or what for that reason cannot be told."""
    known = {result.id for result in results if result.result == "deviation"}
    undecided = {result.id for result in results if result.result == "inconclusive"}
    explained: set[str] = set()
    while more := {
        id_ for id_ in undecided - explained if (known | explained).intersection(_presumed(catalogue, id_))
    }:
        explained |= more
    return explained


def _outcome(results: list[Result], circumstances: Circumstances, explained: set[str]) -> tuple[Outcome, str]:
    grave = [r for r in results if r.is_grave]
    not_met = tuple(_not_met(results))
    errors = [r for r in results if r.result == "error"]
    open_ = [r for r in grave if r.result in {"untested", "inconclusive"} and r.id not in explained]
    observed = [r for r in results if r.result in {"pass", "fail", "deviation"}]
    if circumstances.unreachable:
        return "unreachable", circumstances.unreachable
    if circumstances.locked_out:
        return "incomplete", circumstances.locked_out
    if not_met:
        return "not conformant", ", ".join(not_met)
    if errors:
        return (
            "harness fault",
            f"the suite itself failed at {number(errors, 'requirement')}; please report it",
        )
    if circumstances.interrupted:
        return "incomplete", circumstances.interrupted
    if not observed:
        return "incomplete", NOTHING
    if circumstances.no_conformance_run:
        return "incomplete", "this is no conformance run: " + ", ".join(circumstances.no_conformance_run)
    if open_:
        noun = "requirement" if circumstances.strict else "MUST"
        return "incomplete", f"{number(open_, noun)} not decided"
    return "conformant", ", ".join(_met(observed))


def _not_met(results: list[Result]) -> Iterator[str]:
    """What fails the run: what the target does not do, and what the baseline says in vain."""
    if failed := [r for r in results if r.is_grave and r.result == "fail"]:
        yield f"{number(failed, 'requirement')} not met"
    if stale := [r for r in results if r.result == "stale"]:
        yield f"{len(stale)} baseline {'entry is' if len(stale) == 1 else 'entries are'} stale"


def _met(observed: list[Result]) -> Iterator[str]:
    """How much was met, and what was not."""
    met = [r for r in observed if r.result == "pass"]
    yield f"{number(met, 'requirement') if met else 'no requirement'} observed and met"
    if warnings := [r for r in observed if r.is_warning]:
        yield number(warnings, "warning")
    if known := [r for r in observed if r.result == "deviation"]:
        yield f"{number(known, 'known deviation')} not counted"


def number(things: Sequence[object], noun: str) -> str:
    """How many there are, in words."""
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
