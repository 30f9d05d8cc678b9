"""What changed between two recordings: results, observations, answers; a pure comparison without noise.

Ids, times, ports and texts are left out, and so is whatever only one of the recordings has, for how often
something is asked depends on how long it takes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlsplit

from conformance.exchange import Event, Exchange, Json
from conformance.recording import Recording
from conformance.trace import ANVIL, CLEAN_UP, Run
from conformance.verdict import Result

EXIT_SAME, EXIT_WORSE, EXIT_INCOMPARABLE = 0, 1, 3
GRAVITY = {"pass": 0, "deviation": 1, "untested": 2, "inconclusive": 2, "stale": 3, "fail": 4, "error": 4}
# What is drawn, and when it is sent, is left to chance: only the results are compared.
AT_RANDOM = frozenset({"sequences", "generated_requests", "stop.robust.drawn"})
HEADERS = (
    "www-authenticate",
    "allow",
    "location",
    "retry-after",
    "content-encoding",
    "cache-control",
    "set-cookie",
)

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

What = Literal["requirement", "observation", "answer", "stream", "event"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is otherwise now; ``where`` are the places at which it shows."""

    what: What
    where: tuple[str, ...]
    was: str
    now: str
    worse: bool = False


@dataclass(frozen=True, slots=True)
class Lacking:
    """Requirements that one of the runs did not test, for want of keys that the other was given."""

    run: Literal["first", "second"]
    keys: tuple[str, ...]
    where: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' and '.join(self.keys)} is missing in the {self.run} run"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two recordings side by side; ``obstacles`` say why they cannot be compared, ``lacking`` what in them cannot."""

    before: str
    after: str
    changes: tuple[Change, ...] = ()
    obstacles: tuple[str, ...] = ()
    lacking: tuple[Lacking, ...] = ()

    @property
    def worse(self) -> list[Change]:
        """Requirements that got worse."""
        return [change for change in self.changes if change.worse]

    @property
    def exit_code(self) -> int:
        """0 where nothing got worse, 1 where something did, 3 where nothing can be said, or not of all."""
        if self.obstacles:
            return EXIT_INCOMPARABLE
        if self.worse:
            return EXIT_WORSE
        return EXIT_INCOMPARABLE if self.lacking else EXIT_SAME

    def line(self) -> dict[str, Json]:
        """The comparison as JSON."""
        return {
            "exit_code": self.exit_code,
            "before": self.before,
            "after": self.after,
            "obstacles": list(self.obstacles),
            "not_compared": [
                asdict(one) | {"keys": list(one.keys), "where": list(one.where)} for one in self.lacking
            ],
            "changes": [asdict(change) | {"where": list(change.where)} for change in self.changes],
        }


def compare(before: Recording, after: Recording) -> Comparison:
    """Compare what was recorded before and after."""
    names = (_named(before), _named(after))
    if obstacles := tuple(_obstacles(before, after)):
        return Comparison(*names, obstacles=obstacles)
    found = [*_requirements(before, after)]
    changes = [one for one in found if isinstance(one, Change)] + [*_observations(before, after)]
    changes += _grouped("answer", _answers(before), _answers(after))
    changes += _grouped("stream", _streams(before), _streams(after))
    changes += _grouped("event", _events(before), _events(after))
    lacking = _together(one for one in found if isinstance(one, Lacking))
    return Comparison(*names, changes=tuple(changes), lacking=tuple(lacking))


def _named(recording: Recording) -> str:
    versions = dict.fromkeys(
        version for x in _exchanges(recording) if x.response and (version := x.response.header("x-version"))
    )
    target = recording.header["target"]
    name = target["name"] or ("the embedded server" if target["embedded"] else target["base_url"])
    told = f" ({', '.join(versions)})" if versions else ""
    return f"{name}{told}, {recording.header['started']}, {recording.footer.get('outcome', 'broken off')}"


def _obstacles(before: Recording, after: Recording) -> Iterator[str]:
    for name, one in (("first", before), ("second", after)):
        if not one.complete:
            yield f"the {name} recording breaks off"
        elif one.footer["interrupted"]:
            yield f"the {name} run is not whole: {one.footer['interrupted']}"
    was, now = before.header, after.header
    if was["document"]["sha256"] != now["document"]["sha256"]:
        yield f"they were judged by different documents ({was['document']['source']}, {now['document']['source']})"
    for name in ("effort", "options"):
        if was[name] != now[name]:
            yield f"they differ in {name}: {was[name]} and {now[name]}"


def _requirements(before: Recording, after: Recording) -> Iterator[Change | Lacking]:
    """The requirements whose result changed, and those that only one of the runs had the keys for."""
    known = {result.id: result for result in before.results}
    for now in after.results:
        was = known.get(now.id)
        if was is None or was.result == now.result:
            continue
        where = (f"{now.level} {now.id}",)
        if keys := _wanted(was, given=after):
            yield Lacking("first", keys, where)
        elif keys := _wanted(now, given=before):
            yield Lacking("second", keys, where)
        else:
            worse = now.level != "MAY" and GRAVITY[now.result] > GRAVITY[was.result]
            yield Change("requirement", where, was.result, _told(now), worse)


def _wanted(result: Result, given: Recording) -> tuple[str, ...]:
    """The keys for want of which it is untested, as far as the other recording was given them."""
    if result.result != "untested":
        return ()
    named = re.findall(r"\w+", result.reason)
    return tuple(key for key in given.header["target"]["keys"] if key in named)


def _together(lacking: Iterable[Lacking]) -> Iterator[Lacking]:
    """Each want once, with all the requirements that it leaves untested."""
    found: dict[tuple[Literal["first", "second"], tuple[str, ...]], list[str]] = {}
    for one in lacking:
        found.setdefault((one.run, one.keys), []).extend(one.where)
    yield from (Lacking(run, keys, tuple(where)) for (run, keys), where in found.items())


def _told(result: Result) -> str:
    return f"{result.result}: {result.reason}" if result.reason else result.result


def _observations(before: Recording, after: Recording) -> Iterator[Change]:
    for id_, now in after.observations.items():
        was = before.observations.get(id_, now)
        if was != now and id_ not in AT_RANDOM:
            yield Change("observation", (id_,), was, now)


def _exchanges(recording: Recording) -> Iterator[Exchange]:
    for trace in recording.traces.values():
        yield from trace.exchanges


Features = Mapping[str, Mapping[str, frozenset[str]]]  # place → aspect → what was seen there


def _grouped(what: What, before: Features, after: Features) -> list[Change]:
    """One change for all places at which the same changed in the same way."""
    found: dict[tuple[str, str], list[str]] = {}
    for place in [place for place in before if place in after]:
        was, now = before[place], after[place]
        if aspects := [aspect for aspect in was if aspect in now and was[aspect] != now[aspect]]:
            texts = (_listed(was, aspects), _listed(now, aspects))
            found.setdefault(texts, []).append(place)
    return [Change(what, tuple(places), was, now) for (was, now), places in found.items()]


def _listed(seen: Mapping[str, frozenset[str]], aspects: list[str]) -> str:
    return "; ".join(f"{aspect} {' or '.join(sorted(seen[aspect]))}" for aspect in aspects)


def _gathered(seen: Iterable[tuple[str, str, str]]) -> Features:
    found: dict[str, dict[str, set[str]]] = {}
    for place, aspect, value in seen:
        found.setdefault(place, {}).setdefault(aspect, set()).add(value)
    return {
        place: {name: frozenset(values) for name, values in aspects.items()}
        for place, aspects in found.items()
    }


def _answers(recording: Recording) -> Features:
    seen = (
        (f"{x.operation} “{x.case}” ({x.scenario})", aspect, value)
        for x in _exchanges(recording)
        if x.case != CLEAN_UP and x.operation != "drawn" and x.scenario not in AT_RANDOM
        for aspect, value in _aspects(x)
    )
    return _gathered(seen)


def _aspects(x: Exchange) -> Iterator[tuple[str, str]]:
    """What matters of an answer, whatever it was about."""
    yield "status", str(x.status) if x.response else (x.fault.kind if x.fault else "no answer")
    if x.response is None:
        return
    yield "media type", x.response.media_type or "none"
    if x.events:
        return
    members = x.response.member
    yield "members", ", ".join(sorted(members)) or "none"
    for name in ("code", "result"):
        yield name, str(members.get(name, "none"))
    for name in HEADERS:
        yield f"header {name}", _without_noise(x, x.response.header(name) or "none")


def _without_noise(x: Exchange, value: str) -> str:
    """A header without ids, and without the port of the target, as a redirect has them."""
    host = re.escape(urlsplit(x.request.url).hostname or "")
    return UUID.sub("{id}", re.sub(rf"(?<=//{host}):\d+", "", value))


def _streams(recording: Recording) -> Features:
    """How the streams of runs begin and end that were listened to until their ends.

    Not how those end that are only there while other stops are refused, or that are cleaned up: whether they are
    stopped before they end by themselves is a matter of the moment.
    """
    seen = (
        (f"run “{run.label}” ({run.stream.scenario})", aspect, value)
        for trace in recording.traces.values()
        for run in trace.runs
        if run.stream.ending != "left" and run.stream.scenario not in AT_RANDOM
        if run.label != ANVIL and not run.cut_short
        for aspect, value in _course(run)
    )
    return _gathered(seen)


def _course(run: Run) -> Iterator[tuple[str, str]]:
    names = [event.name for event in run.events if event.name != "ping"]
    yield "begins with", names[0] if names else "nothing"
    yield "ends with", names[-1] if names else "nothing"
    yield "status at the end", run.final_status or "none"
    yield "end of the stream", run.stream.ending or "none"
    if run.final_status == "succeeded":
        yield "events", ", ".join(dict.fromkeys(names))


def _events(recording: Recording) -> Features:
    """The members of each kind of event, over all streams."""
    seen = (
        (f"event {event.name}", aspect, ", ".join(sorted(members)))
        for x in _exchanges(recording)
        for event in x.events
        for aspect, members in _members(event)
    )
    return _gathered(seen)


def _members(event: Event) -> Iterator[tuple[str, Mapping[str, Json]]]:
    if isinstance(event.payload, dict):
        yield "members", event.payload
        if isinstance(event.payload.get("data"), dict):
            yield "members of data", event.payload["data"]
