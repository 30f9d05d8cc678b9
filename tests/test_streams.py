"""Checks that speak of every stream, over streams that are unusual."""

import json
from dataclasses import replace
from typing import Any

import pytest

from conformance.exchange import Event, Exchange, Request, Response
from conformance.masking import placeholder
from conformance.target import OTHER_WORKFLOW_KEY, OWNER_KEY
from conformance.trace import Trace
from tests.recorded import judge

IDS = {"task_id": "t-1", "workflow_run_id": "r-1"}
STREAM = Response(200, "OK", (("Content-Type", "text/event-stream"),), b"")


def told(name: str, at: float = 0.0, **ids: str) -> Event:
    data: dict[str, Any] = {"status": "stopped"} if name == "workflow_finished" else {}
    return Event.of(at, None, json.dumps({"event": name, **IDS, **ids, "data": data}))


def run(*events: Event, id_: str = "plain/1", key: str = OWNER_KEY) -> Exchange:
    headers = (("Authorization", f"Bearer {placeholder(key)}"),)
    request = Request("POST", "http://target.invalid/v1/workflows/run", headers)
    return Exchange(
        id_, "plain", "run", "owner", request, 0.0, 900.0, STREAM, events=events, ending="clean",
        about={"run": id_},
    )  # fmt: skip


def result(requirement: str, *exchanges: Exchange) -> str:
    return judge({"plain": Trace("plain", exchanges)})[requirement].result


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (Event.of(500.0, "end", None), "pass"),
        (Event.of(500.0, "node_started", None), "pass"),
        (Event.of(500.0, "ping", None), "pass"),
        (Event.of(500.0, "end", ""), "fail"),
        (Event.of(500.0, "end", "bye"), "fail"),
        (told("node_started", 500.0), "fail"),
    ],
    ids=["no data", "no data, known name", "ping", "empty data", "data", "event"],
)
def test_what_comes_after_the_end_counts_where_a_reader_learns_of_it(frame: Event, found: str) -> None:
    stream = run(told("workflow_started"), told("workflow_finished", 400.0), frame)
    assert result("stop.lifecycle.nothing-after", stream) == found


def test_a_frame_without_data_is_no_end() -> None:
    stream = run(
        told("workflow_started"), Event.of(100.0, "workflow_finished", None), told("node_started", 200.0)
    )
    assert result("stop.lifecycle.nothing-after", stream) == "pass"


class TestIdsOfItsOwn:
    ID = "stop.lifecycle.ids-of-its-own"

    @pytest.mark.parametrize(("key", "found"), [(OWNER_KEY, "fail"), (OTHER_WORKFLOW_KEY, "pass")])
    def test_runs_of_one_app_share_none(self, key: str, found: str) -> None:
        first = run(told("workflow_started"))
        for shared in IDS:
            ids = {
                name: id_
                for name, id_ in {"task_id": "t-2", "workflow_run_id": "r-2"}.items()
                if name != shared
            }
            second = run(told("workflow_started", **ids), id_="plain/2", key=key)
            assert result(self.ID, first, second) == found

    def test_how_the_header_is_written_makes_no_other_app(self) -> None:
        first, second = run(told("workflow_started")), run(told("workflow_started"), id_="plain/2")
        ((_, value),) = second.request.headers
        again = replace(second, request=replace(second.request, headers=(("authorization", value),)))
        assert result(self.ID, first, again) == "fail"


def node(name: str, id_: str | None, at: float = 0.0) -> Event:
    data = {"node_id": "llm", **({"id": id_} if id_ else {})}
    return Event.of(at, None, json.dumps({"event": name, **IDS, "data": data}))


class TestNodesInOrder:
    ID = "stop.lifecycle.nodes-in-order"
    BEGUN, ENDED = node("node_started", "n-1"), node("node_finished", "n-1")

    @pytest.mark.parametrize(
        ("events", "found"),
        [
            ((BEGUN, ENDED), "pass"),
            ((BEGUN,), "pass"),
            ((BEGUN, ENDED, BEGUN, ENDED), "pass"),
            ((BEGUN, BEGUN, ENDED, ENDED), "pass"),
            ((BEGUN, ENDED, node("node_finished", "n-2")), "pass"),
            ((node("node_started", None), node("node_finished", None), node("node_finished", None)), "pass"),
            ((BEGUN, ENDED, ENDED), "fail"),
            ((ENDED, BEGUN), "fail"),
            ((ENDED,), "inconclusive"),
            ((), "inconclusive"),
        ],
        ids=[
            "one after the other", "stopped in its midst", "again in another round", "two at a time",
            "beginning not told", "no ids", "twice", "before it began", "no beginning", "no nodes",
        ],
    )  # fmt: skip
    def test_a_node_ends_once_and_after_its_beginning(self, events: tuple[Event, ...], found: str) -> None:
        assert result(self.ID, run(told("workflow_started"), *events)) == found


@pytest.mark.parametrize(
    ("between", "found"), [((), "fail"), ((told("workflow_paused"),), "pass")], ids=["again", "resumed"]
)
def test_a_run_begins_once_unless_it_waited_for_somebody(between: tuple[Event, ...], found: str) -> None:
    stream = run(told("workflow_started"), *between, told("workflow_started", 100.0))
    assert result("stop.lifecycle.first-event", stream) == found


@pytest.mark.parametrize(("status", "found"), [("stopped", "fail"), ("failed", "pass")])
def test_an_error_event_is_no_second_end_of_a_run_that_failed(status: str, found: str) -> None:
    end = json.dumps({"event": "workflow_finished", **IDS, "data": {"status": status}})
    stream = run(told("workflow_started"), told("error", 100.0), Event.of(200.0, None, end))
    assert result("stop.lifecycle.one-end", stream) == found
