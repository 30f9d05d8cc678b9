"""Evidence that was tampered with: checks are pure, so that every change of a trace must show, or be tolerated."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.contract import load_contract
from conformance.effects import Effects
from conformance.exchange import Event, Exchange
from conformance.judging import Inconclusive, Violation
from conformance.recording import read_recording
from conformance.runs import Natural
from conformance.suites import test_aim, test_error, test_lifecycle, test_streams, test_success
from conformance.target import Deadlines
from conformance.trace import TERMINAL, History, NotRecorded, Trace
from tests.commandline import Ran

DEADLINES = Deadlines()
CONTRACT = load_contract()
JUDGED = {"plain", "reach", "history", "contract", "deadlines", "effects", "closing"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of the evidence; ``tolerated`` is why it may go unnoticed."""

    what: str
    trace: Trace
    tolerated: str = ""


def _checks(*modules: ModuleType) -> list[Callable[..., None]]:
    """The checks that need nothing but the happy path."""
    found = [
        check
        for module in modules
        for name, check in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("test_")
    ]
    return [check for check in found if set(inspect.signature(check).parameters) <= JUDGED]


CHECKS = _checks(test_success, test_error, test_lifecycle, test_aim, test_streams)


def noticed(trace: Trace, reach: Trace) -> list[str]:
    """The names of the checks that do not pass on a happy path."""
    known: Mapping[str, Any] = {
        "plain": trace,
        "reach": reach,
        "closing": Trace("closing"),
        "history": History((trace,)),
        "contract": CONTRACT,
        "deadlines": DEADLINES,
        "effects": Effects(DEADLINES, Natural()),
    }
    failed = []
    for check in CHECKS:
        try:
            check(**{name: known[name] for name in inspect.signature(check).parameters})
        except (Violation, NotRecorded):
            failed.append(check.__name__)
        except Inconclusive:
            continue
    return failed


@pytest.fixture(scope="module")
def recorded(ran: Ran) -> tuple[Trace, Trace]:
    """The happy path of a run against the reference server, and who was there."""
    recording = read_recording(ran.reports / "run.jsonl")
    return recording.trace("plain"), recording.trace("reach")


def _stream(trace: Trace) -> Exchange:
    return trace.runs[0].stream


def _with(trace: Trace, old: Exchange, new: Exchange) -> Trace:
    return replace(trace, exchanges=tuple(new if one is old else one for one in trace.exchanges))


def _is_inner(event: Event) -> bool:
    return event.name not in {TERMINAL, "workflow_started"}


INNER = "a stream need not tell of everything inside a run, and may tell it twice or out of order"
AGAIN = "a beginning that is told again changes nothing for a client"
IN_TIME = "the end came later, but within the deadline"


@st.composite
def of_events(draw: st.DrawFn, trace: Trace) -> Mutation:
    """Drop, duplicate, reorder or delay an event, or break a stream off before it."""
    stream = _stream(trace)
    events = list(stream.events)
    at = draw(st.integers(0, len(events) - 1))
    event = events[at]
    what = draw(st.sampled_from(["drop", "duplicate", "reorder", "truncate", "delay"]))
    tolerated = INNER if _is_inner(event) else ""
    match what:
        case "drop":
            del events[at]
        case "duplicate":
            events.insert(at, event)
            tolerated = tolerated or (AGAIN if event.name == "workflow_started" else "")
        case "reorder":
            events[at : at + 2] = reversed(events[at : at + 2])
            others = [event, *stream.events[at + 1 : at + 2]]
            calm = all(map(_is_inner, others)) or len(others) == 1 or "ping" in {x.name for x in others}
            tolerated = INNER if calm else ""
        case "truncate":
            del events[at:]
            tolerated = ""
        case "delay":
            by = draw(st.floats(0, 30_000))
            late = [replace(x, at=x.at + by) if n >= at else x for n, x in enumerate(events)]
            delayed = replace(stream, events=tuple(late), ended_at=stream.ended_at + by)
            stop = trace.runs[0].stops[0]
            in_time = delayed.ended_at - stop.ended_at <= DEADLINES.stop * 1000
            return Mutation(
                f"delay {event.name} by {by:.0f} ms",
                _with(trace, stream, delayed),
                IN_TIME if in_time else "",
            )
    return Mutation(
        f"{what} {event.name}", _with(trace, stream, replace(stream, events=tuple(events))), tolerated
    )


@st.composite
def of_ids(draw: st.DrawFn, trace: Trace) -> Mutation:
    """Give one event another id, or the last one another status."""
    stream = _stream(trace)
    events = list(stream.events)
    at = draw(st.sampled_from([n for n, event in enumerate(events) if event.member("task_id")]))
    event, name = events[at], draw(st.sampled_from(["task_id", "workflow_run_id", "status"]))
    payload = dict(event.payload)
    if name == "status":
        at = next(n for n, one in enumerate(events) if one.name == TERMINAL)
        event = events[at]
        other = draw(st.sampled_from(["succeeded", "failed", "cancelled", "Stopped", "", None]))
        payload = {**event.payload, "data": {**event.payload["data"], "status": other}}
    else:
        payload[name] = draw(st.text(min_size=1).filter(lambda text: text != event.member(name)))
    events[at] = replace(event, payload=payload)
    return Mutation(f"{name} of {event.name}", _with(trace, stream, replace(stream, events=tuple(events))))


@st.composite
def of_answers(draw: st.DrawFn, trace: Trace) -> Mutation:
    """Change status, media type or body of the answer to the stop."""
    stop = trace.case("stop")
    assert stop.response is not None
    what = draw(st.sampled_from(["status", "media type", "body"]))
    match what:
        case "status":
            other = draw(st.integers(201, 599))
            answer = replace(stop.response, status=other)
        case "media type":
            kind = draw(st.sampled_from(["text/plain", "text/html", "application/xml", ""]))
            rest = tuple(header for header in stop.response.headers if header[0].lower() != "content-type")
            answer = replace(stop.response, headers=(*rest, ("Content-Type", kind)))
        case _:
            whole = stop.response.body.strip()
            answer = replace(stop.response, body=whole[: draw(st.integers(0, len(whole) - 1))])
    return Mutation(f"{what} of the stop", _with(trace, stop, replace(stop, response=answer)))


def test_the_happy_path_is_noticed_by_nobody(recorded: tuple[Trace, Trace]) -> None:
    assert len(CHECKS) > 15
    assert noticed(*recorded) == []


@pytest.mark.parametrize("mutated", [of_events, of_ids, of_answers], ids=lambda mutated: mutated.__name__)
def test_every_change_shows_or_is_tolerated(
    mutated: Callable[[Trace], st.SearchStrategy[Mutation]], recorded: tuple[Trace, Trace]
) -> None:
    trace, reach = recorded

    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(mutated(trace))
    def shows(mutation: Mutation) -> None:
        assert noticed(mutation.trace, reach) or mutation.tolerated, f"nobody noticed: {mutation.what}"

    shows()
