"""How runs end beside one that was stopped: what is held against the stop, and what may be chance."""

import json
from dataclasses import replace

import pytest

from conformance.beside import ended_alone, harmed, unlike
from conformance.effects import Effects
from conformance.exchange import Event, Exchange, Request, Response
from conformance.runs import Natural
from conformance.target import Deadlines
from conformance.trace import Run

REQUEST = Request("POST", "/", body=b'{"inputs": {}}')
STOP = Exchange(
    "s/9",
    "s",
    "stop",
    "stop",
    REQUEST,
    1000.0,
    1050.0,
    Response(200, "OK", (), b"{}"),
    about={"by": "owner"},
)


def run(
    status: str, seconds: float = 6.0, error: str | None = None, nodes: tuple[str, ...] = ("end",)
) -> Run:
    told: list[dict[str, object]] = [{"event": "workflow_started"}]
    told += [{"event": "node_finished", "data": {"node_id": node}} for node in nodes]
    last = {"event": "workflow_finished", "data": {"status": status, "error": error}}
    events = [Event.of(0.0, None, json.dumps(one)) for one in told]
    events.append(Event.of(seconds * 1000, None, json.dumps(last)))
    stream = Exchange(
        "s/1", "s", "run", "older", REQUEST, 0.0, seconds * 1000, events=tuple(events), ending="clean"
    )
    return Run(stream)


EFFECTS = Effects(Deadlines(grace=1.0), Natural(run("succeeded")))
STOPPED = run("stopped", 1.1, "Stopped by user.")


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (run("succeeded", error="Stopped by user."), "with the error of another"),
        (run("succeeded", 1.5, nodes=("start",)), "without its last node end"),
    ],
    ids=["it is told of the stop", "it is over too soon"],
)
def test_it_is_the_doing_of_the_stop(one: Run, said: str) -> None:
    assert said in harmed(one, STOPPED, STOP, EFFECTS)
    assert not harmed(one, STOPPED, STOP, Effects(Deadlines(), Natural()))  # nothing is known of others


@pytest.mark.parametrize(
    "one",
    [
        run("succeeded"),
        run("succeeded", error="a warning of its own"),
        run("succeeded", 1.5),
        run("succeeded", 3.0, nodes=("start",)),
    ],
    ids=["it ends as others", "it has another error", "it did all its work", "it ends long after the stop"],
)
def test_it_may_be_chance(one: Run) -> None:
    assert not harmed(one, STOPPED, STOP, EFFECTS)


def test_both_end_otherwise_than_all_that_nobody_stopped() -> None:
    beside, alone = [run("partial-succeeded")] * 2, [run("succeeded")] * 4
    assert "partial-succeeded" in unlike(beside, alone)
    assert not unlike(beside[:1], alone)
    assert not unlike(beside, alone[:3])
    assert not unlike(beside, [*alone, run("partial-succeeded")])
    assert not unlike([*beside[:1], run("succeeded")], alone)


def test_a_run_ends_alone_where_nothing_stopped_it() -> None:
    one = run("succeeded")
    assert ended_alone(one)
    assert ended_alone(Run(one.stream, (replace(STOP, sent_at=7000.0),)))
    assert not ended_alone(Run(one.stream, (STOP,)))
    assert not ended_alone(run("stopped"))
