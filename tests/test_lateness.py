"""When a run is stopped late: as late as leaves enough of it to see a stop that is lost."""

import json
from dataclasses import replace

import pytest

from conformance.exchange import Event, Exchange, Request, Response
from conformance.runs import Inputs, Natural
from conformance.scenarios.lateness import UNKNOWN, Moment, late_moment, moment_in
from conformance.target import Deadlines
from conformance.trace import Run

DEADLINES = Deadlines(grace=1.0)
FINISHED = '{"event": "workflow_finished", "data": {"status": "succeeded"}}'
NODE = '{"event": "node_started"}'


def ended(seconds: float, nodes: int, rounds: int | None = None) -> Run:
    inputs = {} if rounds is None else {"rounds": rounds}
    request = Request(
        "POST", "http://127.0.0.1/v1/workflows/run", body=json.dumps({"inputs": inputs}).encode()
    )
    texts = [NODE] * nodes + [FINISHED]
    events = tuple(Event.of(0.0 if n < nodes else seconds * 1000, None, text) for n, text in enumerate(texts))
    return Run(Exchange("s/1", "s", "run", "owner", request, 0, seconds * 1000, events=events))


def stopped_after(seconds: float) -> Run:
    run = ended(1 + seconds, nodes=1)
    stop = Exchange(
        "s/2",
        "s",
        "stop",
        "stop",
        run.stream.request,
        900,
        1000,
        Response(200, "OK", (), b"{}"),
        answered_at=1000,
    )
    return Run(run.stream, (stop,))


@pytest.mark.parametrize(
    ("seconds", "nodes", "moment"),
    [
        (35.0, 305, Moment(35.0 * 0.85, 214)),
        (35.0, 3, Moment(35.0 * 0.7)),
        (5.0, 50, Moment(5.0 - 1.4, 35)),
        (2.0, 50, Moment(1.0, 35)),
    ],
    ids=["by its nodes", "by the clock where there are few", "with enough left", "halfway at least"],
)
def test_the_moment(seconds: float, nodes: int, moment: Moment) -> None:
    found = moment_in(seconds, nodes, needed=1.4)
    assert (found.nodes, found.seconds) == (moment.nodes, pytest.approx(moment.seconds))


def test_a_stop_that_is_answered_late_is_sent_sooner() -> None:
    assert moment_in(5.4, 22, needed=4.4, answer=3.0).seconds == pytest.approx(1.0)
    answered = stopped_after(0.0)
    slow = Run(answered.stream, (replace(answered.stops[0], sent_at=-2000),))
    assert late_moment(Inputs(), Natural(ended(5.4, nodes=3)), slow, DEADLINES)[1].seconds == pytest.approx(
        1.0
    )


@pytest.mark.parametrize(
    ("stop_took", "rounds"), [(0.3, 30), (2.5, 100)], ids=["stops are quick", "stops are slow"]
)
def test_the_shortest_run_is_taken_that_leaves_a_stop_its_time(stop_took: float, rounds: int) -> None:
    inputs = Inputs({}, ({"rounds": 10}, {"rounds": 30}, {"rounds": 100}))
    natural = Natural(ended(3.9, nodes=35, rounds=10))
    chosen, moment = late_moment(inputs, natural, stopped_after(stop_took), DEADLINES)
    assert chosen == {"rounds": rounds}
    assert moment.nodes == pytest.approx(0.7 * ((35 - 2) * rounds / 10 + 2), abs=1)


def test_where_nothing_is_known_it_is_a_good_while() -> None:
    assert late_moment(Inputs(), Natural(), None, DEADLINES) == ({}, Moment(UNKNOWN))
    assert late_moment(Inputs(seconds=20.0), Natural(), None, DEADLINES)[1].seconds == pytest.approx(14.0)
