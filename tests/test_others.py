"""What answers tell of the runs of others: only what is a whole id or name, and not what is the asker's own."""

from dataclasses import replace

import pytest

from conformance.exchange import Event, Exchange, Request, Response
from conformance.properties.others import told_for_its_own, told_of_others
from conformance.trace import History, Trace

REQUEST = Request("POST", "http://here/v1/workflows/tasks/task-0001/stop", (), b'{"user": "conformance-one"}')

PUBLIC = "user: {example: user_workflow_123}"


def started(number: str, user: str) -> Exchange:
    ids = f'{{"event": "workflow_started", "task_id": "task-{number}", "workflow_run_id": "run-{number}-of-it"}}'
    return Exchange(
        *(f"s/{number}", "s", "run", number, Request("POST", "/"), 0.0, 9.0),
        Response(200, "", (), b""),
        events=(Event.of(1.0, None, ids),),
        ending="clean",
        about={"run": f"s/{number}", "user": user},
    )


def stop(told: str, by: str = "owner", request: Request = REQUEST) -> Exchange:
    about = {"run": "s/0001", "task": "task-0001", "by": by}
    answer = Response(400, "", (), told.encode())
    return Exchange("s/stop", "s", "stop", "stop", request, 2.0, 3.0, answer, about=about)


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (stop("nothing"), ""),
        (stop("task-0001 is over"), ""),
        (stop("run-0001-of-it of conformance-one is over"), ""),
        (stop("task-0002 goes on"), "the run task-0002"),
        (stop("task-00022 is none"), ""),
        (stop("x-task-0002 is none"), ""),
        (stop("run-0002-of-it"), "the run run-0002-of-it"),
        (stop("ask conformance-two"), "the user conformance-two"),
        (stop("ask conformance-one", "stranger", replace(REQUEST, body=b"{}")), "the user conformance-one"),
        (stop("ask conformance-one", "stranger"), ""),
        (stop("run-0001-of-it is not yours", "stranger"), ""),
    ],
)
def test_it(sent: Exchange, seen: str) -> None:
    runs = (started("0001", "conformance-one"), started("0002", "conformance-two"))
    ((_, told),) = told_of_others(History((Trace("s", (*runs, sent)),)), PUBLIC)
    assert (told or "").startswith(f"the answer names {seen}, of which" if seen else ""), told
    assert bool(told) is bool(seen)


def test_ids_that_each_app_counts_by_itself_are_nobody_elses() -> None:
    ours, theirs = started("0001", "conformance-one"), replace(started("0001", "conformance-two"), id="t/1")
    history = History((Trace("s", (ours, theirs, stop("run-0001-of-it is over"))),))
    assert [told for _, told in told_of_others(history, PUBLIC)] == [None]


def test_headers_are_looked_through_too() -> None:
    runs = (started("0001", "conformance-one"), started("0002", "conformance-two"))
    sent = replace(stop("{}"), response=Response(200, "", (("X-Owner", "conformance-two"),), b"{}"))
    ((_, told),) = told_of_others(History((Trace("s", (*runs, sent)),)), PUBLIC)
    assert told is not None
    assert told.startswith("the answer names the user conformance-two")


@pytest.mark.parametrize(
    ("detail", "wrong"),
    [
        ('{"inputs": "{\\"sys.user_id\\": \\"conformance-one\\"}"}', False),
        ('{"inputs": "{\\"sys.user_id\\": \\"conformance-two\\"}"}', True),
        ('{"inputs": {"sys.workflow_run_id": "run-0002-of-it"}}', True),
        ('{"inputs": {"sys.workflow_run_id": "run-0003-of-it"}}', False),  # of the same user
        ('{"outputs": {"last": "conformance-two"}}', False),  # what a workflow makes is its own affair
        ('{"error": "not as conformance-two had it"}', False),  # no name that stands for another
        ('{"inputs": "{no JSON"}', False),
        ("no JSON", False),
    ],
)
def test_what_a_run_tells_of_itself_is_not_anothers(detail: str, wrong: bool) -> None:
    runs = (
        started("0001", "conformance-one"),
        started("0002", "conformance-two"),
        started("0003", "conformance-one"),
    )
    answer = Response(200, "", (), detail.encode())
    about = {"run": "s/0001"}
    look = Exchange("s/look", "s", "detail", "detail", Request("GET", "/"), 2.0, 3.0, answer, about=about)
    found = [text for _, text in told_for_its_own(History((Trace("s", (*runs, look)),)), PUBLIC) if text]
    assert bool(found) is wrong, found


def test_the_examples_of_the_document_are_nobodys_names() -> None:
    runs = started("0001", "conformance-one"), started("0002", "user_workflow_123")
    detail = Response(200, "", (), b'{"inputs": {"sys.user_id": "user_workflow_123"}}')
    look = replace(stop(""), operation="detail", response=detail)
    history = History((Trace("s", (*runs, look, stop("ask user_workflow_123"))),))
    assert [told for _, told in told_of_others(history, PUBLIC)] == [None]
    assert {told for _, told in told_for_its_own(history, PUBLIC)} == {None}
    assert any(told for _, told in told_of_others(history, ""))
    assert any(told for _, told in told_for_its_own(history, ""))
