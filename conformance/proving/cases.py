"""What the suite is tried on, what it must find there, and what it found."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from conformance.effort import EFFORTS, Level
from conformance.exchange import Json
from conformance.reference import Reference
from conformance.reference.faults import Specimen, specimens
from conformance.reference.variants import Variant, variants
from conformance.requirements import Catalogue

Outcome = Literal["killed", "right", "missed", "wrong id", "false alarm", "open", "crashed"]
DRAWN = "robust"  # the topic whose requests are drawn; at quick effort too few are, to hit every fault
GOOD: frozenset[Outcome] = frozenset({"killed", "right"})


@dataclass(frozen=True, slots=True)
class Case:
    """A server to judge: ``ids`` must fail there, ``opens`` may be left undecided, nothing else.

    Those of ``chance`` may fail: the suite tries too little to say so for sure.
    """

    name: str
    kind: Literal["fault", "variant"]
    topic: str
    title: str
    make: type[Reference]
    ids: frozenset[str] = frozenset()
    opens: frozenset[str] = frozenset()
    chance: frozenset[str] = frozenset()
    effort: Level = "quick"
    like: str | None = None


@dataclass(frozen=True)
class Trial:
    """What became of one case: ``found`` are the ids that failed, with what was seen.

    ``again`` says that it is the second trial, after a first one beside others that was not good.
    """

    name: str
    outcome: Outcome
    found: Mapping[str, str] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    open: Mapping[str, str] = field(default_factory=dict)
    requests: int = 0
    seconds: float = 0.0
    crash: str = ""
    again: bool = False

    @property
    def good(self) -> bool:
        """Whether the suite did what it must."""
        return self.outcome in GOOD

    def as_json(self) -> dict[str, Json]:
        """For the report."""
        return asdict(self)


def all_cases() -> dict[str, Case]:
    """The reference itself, all variants, all specimens, by name."""
    reference = Case("reference", "variant", "correct", "The reference server as it is.", Reference)
    cases = [
        reference,
        *map(_of_variant, variants().values()),
        *map(_of_specimen, specimens().values()),
    ]
    found = {case.name: case for case in cases}
    if len(found) != len(cases):
        raise ValueError("a variant and a specimen have the same name")
    return found


def at_effort(cases: Mapping[str, Case], catalogue: Catalogue, effort: str) -> dict[str, Case]:
    """The cases with the effort that each is tried with.

    At quick effort, who breaks only what needs more is left out. At standard effort, each is tried with the
    least effort that judges what it breaks; at thorough effort, everything is tried at standard effort.
    """
    of: dict[str, Level] = {
        one.id: "standard" if one.effort == "standard" or one.topic == DRAWN else "quick" for one in catalogue
    }
    if effort == "thorough":
        return {name: replace(case, effort="standard") for name, case in cases.items()}
    if effort == "quick":
        sure = {id_ for id_, level in of.items() if level == "quick"}
        cut = [replace(case, ids=case.ids & sure, chance=case.ids - sure) for case in cases.values()]
        return {case.name: case for case in cut if case.kind == "variant" or case.ids}
    needs = {name: {case.effort, *(of[id_] for id_ in case.ids if id_ in of)} for name, case in cases.items()}
    return {name: replace(case, effort=max(needs[name], key=EFFORTS.index)) for name, case in cases.items()}


def judge(case: Case, verdict: Mapping[str, Json], seconds: float) -> Trial:
    """Compare what was found with what must be."""
    of: dict[str, dict[str, str]] = {}
    for line in verdict["requirements"]:
        of.setdefault(line["result"], {})[line["id"]] = line["reason"]
    failed = {**of.get("fail", {}), **of.get("error", {})}
    missed = sorted(case.ids - set(failed)) if case.kind == "fault" else []
    wrong = sorted(set(failed) - case.ids - case.chance)
    return Trial(
        case.name,
        _outcome(case, missed, wrong, verdict),
        failed,
        tuple(missed),
        tuple(wrong),
        {**of.get("inconclusive", {}), **of.get("untested", {})},
        verdict["requests"],
        round(seconds, 2),
        "; ".join(f"{id_}: {reason}" for id_, reason in of.get("error", {}).items()),
    )


def _outcome(case: Case, missed: list[str], wrong: list[str], verdict: Mapping[str, Json]) -> Outcome:
    if any(line["result"] == "error" for line in verdict["requirements"]):
        return "crashed"
    if case.kind == "fault":
        return "missed" if missed else "wrong id" if wrong else "killed"
    if wrong:
        return "false alarm"
    undecided = {
        line["id"]
        for line in verdict["requirements"]
        if line["result"] in {"inconclusive", "untested"} and line["level"] != "MAY"
    }
    return "open" if undecided - case.opens else "right"


def chosen(cases: Mapping[str, Case], only: Iterable[str]) -> list[Case]:
    """The cases whose name, topic or one of whose ids begins as one of ``only`` says; all without any."""
    prefixes = tuple(only)

    def wanted(case: Case) -> bool:
        return any(text.startswith(prefixes) for text in (case.name, case.topic, case.kind, *case.ids))

    return [case for case in cases.values() if not prefixes or wanted(case)]


def _of_specimen(one: Specimen) -> Case:
    return Case(one.name, "fault", one.topic, one.title, one.make, one.ids, effort=one.effort, like=one.like)


def _of_variant(one: Variant) -> Case:
    return Case(one.name, "variant", "correct", one.title, one.make, one.warns, one.opens)
