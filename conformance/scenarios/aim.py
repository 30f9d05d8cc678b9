"""Stops that are for another run than the one that is looked at: it must go on to its end."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from conformance.exchange import Exchange, Request
from conformance.runs import is_terminal, settled_status
from conformance.scenarios.lanes import in_lanes
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.mistakes import grave_mistakes, mistake
from conformance.scenarios.opening import NODE_PATIENCE, begins, in_its_midst, well_after_start
from conformance.scenarios.requests import json_bytes
from conformance.scenarios.stage import Stage
from conformance.trace import FOREIGN

OTHER_METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
OK = 200
FAILED = 500  # by its own fault; a gateway that waits no longer says 504
BLOCKING, BESIDE_BLOCKING, BLOCKING_ALONE = "blocking", "beside blocking", "blocking alone"
BLOCKING_AGAIN = "blocking again"
FIRST_EVENTS = 4  # among which is that of the workflow's start, which has its id
QUEUED = 2.5  # seconds after which a run that has not begun may be waiting for others to end
LATE_BLOCKING = "late stop of a run in blocking mode"
BLOCKING_DETAIL = "detail of a run in blocking mode"
LOOKS_AT_BLOCKING = 3  # at the detail of such a run until it says its end
BETWEEN_LOOKS = 0.5  # seconds
MEANWHILE = 0.1  # seconds in which a run in blocking mode is expected to begin


def neighbours(stage: Stage) -> None:
    """Start three runs of one user, stop the middle one, and see the others go on to their end."""
    for inputs in stage.inputs.natural:
        older = stage.start("older", inputs=inputs)
        stopped = stage.start(
            "stopped", inputs=stage.inputs.longest if inputs is stage.inputs.natural[-1] else None
        )
        with ThreadPoolExecutor(1) as beside:
            begun = beside.submit(stage.start, "younger", inputs=inputs)
            wait([begun], QUEUED)
            stopped.wait(well_after_start(stopped, "node_started"), NODE_PATIENCE)
            stage.stop(stopped, "stop")
        younger = begun.result()
        go_on = [_still_goes_on(stage, run) for run in (older, younger)]
        if all(go_on):
            break
    stage.settle(stopped)
    for run in (older, younger):
        _still_goes_on(stage, run)
    for run in (older, younger):
        stage.finish(run)
        stage.read_details(run)


def refused(stage: Stage) -> None:
    """Send stops that must be refused, and see the run go on to its end."""

    def send(run: LiveRun) -> None:
        in_lanes(lambda one: mistake(stage, run, *one), grave_mistakes(stage))
        in_lanes(
            lambda one: stage.send("other method", one.method, one, about={"run": run.id}),
            _other_methods(stage, run),
        )

    _leave_alone(stage, send, stage.inputs.natural[1:])  # the shortest may be over before a late effect


def _other_methods(stage: Stage, run: LiveRun) -> list[Request]:
    """The stop of a run by other methods, its user in the query, too: where a GET has what else stands in a body."""
    plain = stage.stop_request(run.task_id, user=run.user)
    asked = stage.stop_request(run.task_id, user=run.user, query=f"?user={quote(run.user, safe='')}")
    methods = [method for method in OTHER_METHODS if method != stage.contract.stop.method]
    return [*(replace(asked, method=method) for method in methods), replace(plain, method="HEAD")]


def shortened_id(stage: Stage) -> None:
    """Send a stop with the beginning of the task id."""
    _leave_alone(
        stage, lambda run: _stop_as(stage, run, run.task_id[:8] if len(run.task_id) > 8 else run.task_id[:-1])
    )


def other_letter_case(stage: Stage) -> None:
    """Send a stop with the task id in the other letter case."""
    _leave_alone(stage, lambda run: _stop_as(stage, run, run.task_id.swapcase()))


def run_id_for_task_id(stage: Stage) -> None:
    """Send stops with the workflow_run_id in the place of the task id, and with the ids of workflow and node."""

    def send(run: LiveRun) -> None:
        run_id = run.first("workflow_run_id") or ""
        _stop_as(stage, run, run_id)
        for other in _ids_of_parts(run) - {run_id, run.task_id}:
            _stop_as(stage, run, other)

    _leave_alone(stage, send)


def _ids_of_parts(run: LiveRun) -> set[str]:
    """The id of the workflow, and that of what the first node does in this run."""
    events = run.stream.events
    workflows = [event.member("data", "workflow_id") for event in events]
    nodes = [event.member("data", "id") for event in events if begins(event)]
    return {id_ for id_ in (*workflows[:FIRST_EVENTS], *nodes[:1]) if isinstance(id_, str) and id_}


def id_elsewhere(stage: Stage) -> None:
    """Send stops of a made-up task that name the run in the body, and in the query string."""

    def send(run: LiveRun) -> None:
        other = str(uuid.uuid4())
        body = json_bytes({"user": run.user, "task_id": run.task_id})
        stage.stop(run, "task id in the body", request=stage.stop_request(other, body=body), task=other)
        query = f"?task_id={quote(run.task_id, safe='')}"
        asked = stage.stop_request(other, user=run.user, query=query)
        stage.stop(run, "task id in the query", request=asked, task=other)

    stage.finish(started_early_enough(stage, "owner", send))


def another_user(stage: Stage) -> None:
    """Send a stop in the name of another user of the same app."""
    _leave_alone(stage, lambda run: send_foreign(stage, run, user=stage.stranger))


def blocking(stage: Stage) -> None:
    """Start a run in blocking mode and let it answer; meanwhile ask who is there, and stop another of the same user.

    Where the former fails, it is started once more, with nothing beside it, and then beside another again. One that
    was answered is over, and is stopped too late.
    """
    request = stage.run_request(stage.inputs.short, stage.user, "blocking")
    answer = _beside_a_stop(stage, BLOCKING, request)
    if answer.status != FAILED:
        _stop_too_late(stage, answer)
        return
    if stage.send("run", BLOCKING_ALONE, request).status == OK:
        _beside_a_stop(stage, BLOCKING_AGAIN, request)


def _beside_a_stop(stage: Stage, case: str, request: Request) -> Exchange:
    """Start a run in blocking mode, and stop another of the same user while it goes on."""
    with ThreadPoolExecutor(1) as beside:
        try:
            run = stage.start(BESIDE_BLOCKING)
            in_its_midst(run)
        except Unmet:
            run = None
        answer = beside.submit(stage.send, "run", case, request)
        if run is not None:
            stage.pause(MEANWHILE)
            stage.get(stage.contract.info, "info")
            stage.get(stage.contract.parameters, "parameters")
            stage.stop(run, "stop")
            run.wait_over(stage.deadlines.stop)
            stage.leave(run)
    return answer.result()


def _stop_too_late(stage: Stage, answer: Exchange) -> None:
    """Stop a run that was answered in blocking mode, and look at its detail before and after; nothing without its ids."""
    told = answer.response.member if answer.response and answer.status == OK else {}
    task, run_id = told.get("task_id"), told.get("workflow_run_id")
    if not (isinstance(task, str) and isinstance(run_id, str) and task and run_id):
        return
    for _ in range(LOOKS_AT_BLOCKING):
        if settled_status(stage.read(run_id, BLOCKING_DETAIL, answer.id)):
            break
        stage.pause(BETWEEN_LOOKS)
    else:
        return
    about = {"run": answer.id, "task": task, "by": "owner"}
    stage.send("stop", LATE_BLOCKING, stage.stop_request(task), about=about)
    stage.read(run_id, BLOCKING_DETAIL, answer.id)


def send_foreign(stage: Stage, run: LiveRun, **stranger: str) -> Exchange:
    """Send a stop of a run for which it must do nothing, by another user or with another key."""
    return stage.stop(run, FOREIGN, request=stage.stop_request(run.task_id, **stranger))  # type: ignore[arg-type]


def _stop_as(stage: Stage, run: LiveRun, task: str) -> Exchange:
    if not task or task == run.task_id or stage.is_of_another(task, run):
        raise Unmet("the id of the run offers no such variation, so that nothing can be told")
    return stage.stop(run, FOREIGN, request=stage.stop_request(task, user=run.user), task=task)


def _leave_alone(
    stage: Stage, send: Callable[[LiveRun], object], natural: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Do something to a run that must not stop it, early enough to see, and let it end."""
    run = started_early_enough(stage, "owner", send, natural)
    stage.finish(run)
    stage.read_details(run)


def started_early_enough(
    stage: Stage, label: str, send: Callable[[LiveRun], object], natural: Sequence[Mapping[str, Any]] = ()
) -> LiveRun:
    """A run that nobody stops, that was not over when something was sent for it and when it was looked at then.

    Where the first was, the run is a longer one.
    """
    for inputs in natural or stage.inputs.natural:
        run = stage.start(label, inputs=inputs)
        send(run)
        if _still_goes_on(stage, run):
            break
    return run


def _still_goes_on(stage: Stage, run: LiveRun) -> bool:
    """Look at a run that is not over, and tell whether it has not even then come to its natural end.

    One that has was too short to show what else could have ended it.
    """
    if run.first("workflow_run_id") and not run.over:
        stage.detail(run)
    return not any(is_terminal(event) and event.status == "succeeded" for event in run.stream.events)
