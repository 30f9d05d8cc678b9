"""What the page says of each requirement: its result, its place, the exchanges in which it shows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from conformance.exchange import Exchange
from conformance.report.again import command
from conformance.report.drawing import Timeline, timeline
from conformance.report.evidence import Evidence
from conformance.requirements import Level
from conformance.verdict import Result

LIKE = 2  # known faults that a failure is compared with
WORDS = {
    "fail": "fail",
    "error": "error",
    "stale": "stale",
    "warning": "warning",
    "deviation": "known",
    "inconclusive": "inconclusive",
    "untested": "untested",
    "pass": "pass",
    "observed": "observed",
}
TOPICS = {
    "success": "The answer to a stop",
    "user": "The user who stops",
    "body": "The body of the request",
    "app-mode": "The mode of the app",
    "error": "The shape of a refusal",
    "auth": "Authentication",
    "lifecycle": "What a stop does",
    "robust": "Robustness",
}


def kind(result: Result) -> str:
    """The result as a reader takes it: a MAY that was seen is an observation."""
    if result.level == "MAY" and result.result == "pass":
        return "observed"
    return result.told


@dataclass(frozen=True, slots=True)
class Card:
    """One requirement as the page shows it."""

    result: Result
    kind: str
    place: str
    why: str
    observation: str
    exchanges: tuple[Exchange, ...]
    again: tuple[tuple[Exchange, str], ...]
    more: int
    sample: bool
    drawing: Timeline | None
    command: str
    like: tuple[tuple[str, str, str | None], ...]

    @property
    def is_open(self) -> bool:
        """Whether it is shown open at first."""
        return self.kind in {"fail", "error", "stale"}


@dataclass(frozen=True, slots=True)
class Topic:
    """The requirements of one topic."""

    name: str
    title: str
    cards: tuple[Card, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return count(self.cards)


def count(cards: tuple[Card, ...]) -> dict[str, int]:
    """How many cards there are of each kind, in the order of gravity that the page uses."""
    return {name: n for name in WORDS if (n := sum(card.kind == name for card in cards))}


@dataclass(frozen=True, slots=True)
class Shown:
    """How many exchanges of a requirement are shown in full, and of which levels what held is drawn, too."""

    failed: int = 4
    other: int = 2
    drawn: tuple[Level, ...] = ("MUST", "SHOULD", "MAY")

    def of(self, result: Result) -> int:
        """How many of this one."""
        return self.failed if result.result in {"fail", "deviation", "stale"} else self.other


def _order(result: Result) -> int:
    topics = list(TOPICS)
    return topics.index(result.topic) if result.topic in topics else len(topics)


def cards(evidence: Evidence, most: Shown) -> Iterator[Card]:
    """The cards by topic; what one of them has shown, later ones that hold only refer to."""
    shown_by: dict[str, str] = {}
    drawn: set[str] = set()
    for result in sorted(evidence.results, key=_order):
        found = evidence.of(result)
        chosen = _chosen(found, most.of(result))
        again = [x for x in chosen if x.id in shown_by and result.result in {"pass", "inconclusive"}]
        full = [x for x in chosen if x not in again]
        shown_by |= {x.id: result.id for x in full}
        rest = tuple((x, shown_by[x.id]) for x in again), len(found) - len(chosen)
        card = _card(evidence, result, full, *rest, drawn=result.level in most.drawn)
        if card.drawing and card.drawing.key in drawn and result.result == "pass":
            card = replace(card, drawing=None)  # as another shows it already
        drawn |= {card.drawing.key} if card.drawing else set()
        yield card


def _card(
    evidence: Evidence,
    result: Result,
    full: list[Exchange],
    again: tuple[tuple[Exchange, str], ...],
    more: int,
    *,
    drawn: bool,
) -> Card:
    known = evidence.requirement(result)
    observed = {line["id"]: line["value"] for line in evidence.summary["observations"]}
    drawn = (drawn and result.topic == "lifecycle") or result.result == "fail"
    return Card(
        result=result,
        kind=kind(result),
        place=evidence.place(result),
        why=known.why if known else "",
        observation=observed.get(result.id, ""),
        exchanges=tuple(full),
        again=again,
        more=more,
        sample=evidence.is_sample(result),
        drawing=timeline(evidence.runs_of(result), evidence.deadlines, result.at) if drawn else None,
        command=_command(result, evidence),
        like=_like(result, evidence),
    )


def _chosen(found: list[Exchange], most: int) -> list[Exchange]:
    """Stops first, for they are what is judged; then as they come."""
    return sorted(found, key=lambda exchange: exchange.operation != "stop")[:most]


def _command(result: Result, evidence: Evidence) -> str:
    """The command that repeats what did not hold; empty where the curl line of an exchange does."""
    if result.result not in {"fail", "deviation", "error"}:
        return ""
    return command(result, [] if evidence.is_sample(result) else evidence.of(result), evidence.options)


def _is_broken(result: Result) -> bool:
    """Whether it was seen not to hold, be it as the consequence of another failure."""
    consequence = result.result == "inconclusive" and ", but presumes " in result.reason
    return consequence or result.result in {"fail", "deviation"}


def _like(result: Result, evidence: Evidence) -> tuple[tuple[str, str, str | None], ...]:
    """The known faults that break this requirement, or one that presumes it, nearest first: name, sentence, issue."""
    if result.result not in {"fail", "deviation"}:
        return ()
    from conformance.reference.faults import specimens  # noqa: PLC0415 - not needed where nothing failed

    broken = {one.id: evidence.requirement(one) for one in evidence.results if _is_broken(one)}
    near = {id_ for id_, known in broken.items() if known and result.id in known.presumes} | {result.id}
    known = [one for one in specimens().values() if one.ids & near]
    known.sort(key=lambda one: -len(one.ids & broken.keys()) / len(one.ids | broken.keys()))
    return tuple((one.name, one.title, one.like) for one in known[:LIKE])
