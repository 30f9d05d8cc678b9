"""What must not change in the record of a run that was over, and what may."""

import json
from typing import Any

import pytest

from conformance.exchange import Event, Exchange, Request, Response
from conformance.judging import Inconclusive, Violation
from conformance.scenarios.aim import BLOCKING_DETAIL, LATE_BLOCKING
from conformance.scenarios.opening import AFTER_LONG_OVER
from conformance.suites.test_tasks import test_a_stop_leaves_a_finished_run_as_it_is as finished_stays
from conformance.trace import Trace

REQUEST = Request("POST", "/")
END = Event.of(50.0, None, '{"event": "workflow_finished", "data": {"status": "succeeded"}}')
RECORD = {"status": "succeeded", "elapsed_time": 3.5, "inputs": '{"a": 1, "b": 2}', "created_at": 17}
NOTHING = Trace("nothing")


def exchange(operation: str, case: str, at: float, body: object = None, **more: Any) -> Exchange:
    response = Response(200, "OK", (), json.dumps(body).encode())
    about = {"run": "run/0"}
    return Exchange(f"{case}/{at}", "s", operation, case, REQUEST, at, at + 1, response, about=about, **more)


def finished(*after: dict[str, Any]) -> Trace:
    stream = Exchange("run/0", "s", "run", "owner", REQUEST, 0.0, 60.0, events=(END,), ending="clean")
    looks = [exchange("detail", "detail", 300.0 + n, RECORD | one) for n, one in enumerate(after)]
    before = exchange("detail", "detail", 100.0, RECORD)
    return Trace("finished", (stream, before, exchange("stop", "late stop", 200.0), *looks))


@pytest.mark.parametrize(
    "written",
    [{"elapsed_time": 9.5}, {"inputs": "{}"}, {"inputs": None}, {"created_at": 77}, {"status": "stopped"}],
)
def test_what_a_late_stop_writes_is_found(written: dict[str, Any]) -> None:
    with pytest.raises(Violation):
        finished_stays(finished(written), NOTHING, NOTHING)
    last = Trace("closing", (exchange("detail", AFTER_LONG_OVER, 900.0, RECORD | written),))
    with pytest.raises(Violation):
        finished_stays(finished({}), NOTHING, last)


@pytest.mark.parametrize(
    "written",
    [{}, {"elapsed_time": 3.9}, {"inputs": '{"b":2,"a":1}'}, {"finished_at": 20, "outputs": {"c": 3}}],
)
def test_what_is_rounded_written_anew_or_filled_in_is_none(written: dict[str, Any]) -> None:
    finished_stays(finished(written), NOTHING, NOTHING)


def test_a_run_in_blocking_mode_stays_too() -> None:
    def blocking(after: str) -> Trace:
        looks = [
            exchange("detail", BLOCKING_DETAIL, at, {"status": s}) for at, s in ((1, "succeeded"), (9, after))
        ]
        return Trace("blocking", (*looks, exchange("stop", LATE_BLOCKING, 5.0)))

    finished_stays(finished({}), blocking("succeeded"), NOTHING)
    with pytest.raises(Violation):
        finished_stays(finished({}), blocking("stopped"), NOTHING)
    with pytest.raises(Violation):  # also where the other run tells nothing
        finished_stays(Trace("finished", unmet="no run"), blocking("stopped"), NOTHING)


def test_where_nothing_was_read_afterwards_it_is_left_open() -> None:
    with pytest.raises(Inconclusive):
        finished_stays(finished(), NOTHING, NOTHING)
