"""Stops at every moment of a run's life, and stops that must not touch it."""

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from conformance.exchange import Event, Exchange, Request
from conformance.masking import placeholder
from conformance.runs import Natural, is_terminal
from conformance.scenarios.lanes import in_lanes
from conformance.scenarios.lateness import HALF, Moment, late_moment
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.mistakes import grave_mistakes, mistakes
from conformance.scenarios.opening import NODE_PATIENCE, begins, in_its_midst, wait_for_work, well_after_start
from conformance.scenarios.requests import json_bytes
from conformance.scenarios.stage import Stage
from conformance.target import OTHER_WORKFLOW_KEY

REPEATS = 12  # stopped runs in a row; enough for a resource that gives out after ten
HUNG_UP = 0.6  # seconds in which a server may notice that nobody reads a stream any more
NOT_HALF = 0.4  # of the time that a short run lasts is left to it for that
UNDISTURBED = 1.2  # seconds in which a run shows that nothing was left over that ends it
OTHER_METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
DEEPER = 2.5  # seconds until a workflow comes to another node than its first ones; it may last 5
OTHER_APP = "of another app"
SLOW_NODE = 15.0  # seconds in which a node is expected to have done its work
NEXT_NODE = 0.6  # seconds for just any node where it does not


def at_once(stage: Stage) -> None:
    """Stop a run as soon as its first event has come."""
    run = stage.start("owner")
    stage.stop(run, "stop")
    stage.settle(run)


def during_node(stage: Stage) -> None:
    """Stop a run when a node has begun to work that is not the first to do so, or any where there is no other."""
    run = stage.start("owner")
    in_its_midst(run)
    first = {event.node for event in _started(run)}
    if not run.wait(lambda event: begins(event) and event.node not in first, DEEPER):
        run.wait(begins, NEXT_NODE, len(_started(run)) + 1)
    if run.over:
        stage.leave(run)
        run = stage.start("owner")
        in_its_midst(run)
    stage.stop(run, "stop")
    stage.settle(run)


def _started(run: LiveRun) -> list[Event]:
    return list(filter(begins, run.stream.events))


def between_nodes(stage: Stage) -> None:
    """Stop a run when a node has just finished and the next has not begun."""
    run = stage.start("owner")
    finished = well_after_start(run, "node_finished")
    if not run.wait(finished, SLOW_NODE) and not run.wait(lambda event: event.name == "node_finished", 0.01):
        raise Unmet(
            f"the workflow showed no end of a node within {SLOW_NODE:g} s to time a stop by; "
            "give one with several nodes (--inputs)"
        )
    stage.stop(run, "stop")
    stage.settle(run)


def late_in_life(stage: Stage) -> None:
    """Stop a run when most of its work is done, as far as another has shown how much that is, or after a while."""
    known = next(iter(stage.seen("finished").runs), None)
    stopped = next(iter(stage.seen("plain").runs), None)
    inputs, moment = late_moment(stage.inputs, Natural(known), stopped, stage.deadlines)
    for _ in range(2):
        run = stage.start("owner", inputs=inputs)
        began = stage.clock()
        moment.wait_for(run)
        if not run.over:
            break
        moment = Moment(HALF * (stage.clock() - began) / 1000)
    if run.over:
        raise Unmet(
            "the run was over before it could be stopped late; give a workflow that runs at least 5 s (--inputs)"
        )
    stage.stop(run, "stop")
    stage.settle(run)


def reader_left(stage: Stage) -> None:
    """Hang up on the stream of a run, and stop the run then."""
    run = stage.start("owner")
    in_its_midst(run)
    stage.leave(run)
    stage.pause(HUNG_UP)
    stage.stop(run, "stop")
    stage.read_details(run, within=stage.deadlines.stop + stage.deadlines.detail)


def twice(stage: Stage) -> None:
    """Stop a run, and again right after the acknowledgement."""
    run = stage.start("owner")
    in_its_midst(run)
    stage.detail(run, "before the stops")
    stage.stop(run, "first")
    stage.stop(run, "second")
    stage.settle(run)
    stage.stop(run, "third")
    _all_mistakes(stage, run)
    stage.detail(run, "after the third")


def at_the_same_moment(stage: Stage) -> None:
    """Stop one run several times at the same moment."""
    run = stage.start("owner")
    in_its_midst(run)
    stage.together([lambda n=n: stage.stop(run, f"stop {n}") for n in range(1, stage.limits.together + 1)])  # type: ignore[misc]
    stage.settle(run)


def finished(stage: Stage) -> None:
    """Let a run end by itself, stop it then, see that it stays what it was, and send stops that must be refused."""
    run = stage.start("owner", inputs=stage.inputs.short)
    stage.finish(run)
    stage.show(stage.trace())
    stage.read_details(run)
    stage.stop(run, "late stop")
    stage.detail(run, "after the late stop")
    _all_mistakes(stage, run)
    stage.pause(stage.later)
    stage.detail(run, "after the late stop")


def neighbours(stage: Stage) -> None:
    """Start three runs of one user, stop the middle one, and see the others go on to their end."""
    for inputs in stage.inputs.natural:
        older = stage.start("older", inputs=inputs)
        stopped = stage.start(
            "stopped", inputs=stage.inputs.longest if inputs is stage.inputs.natural[-1] else None
        )
        younger = stage.start("younger", inputs=inputs)
        stopped.wait(well_after_start(stopped, "node_started"), NODE_PATIENCE)
        stage.stop(stopped, "stop")
        go_on = [_still_goes_on(stage, run) for run in (older, younger)]
        if all(go_on):
            break
    stage.settle(stopped)
    for run in (older, younger):
        _still_goes_on(stage, run)
    for run in (older, younger):
        stage.finish(run)
        stage.read_details(run)


def next_run(stage: Stage) -> None:
    """Stop a run; let the next of the same user end by itself, and stop it too late; stop the one after that."""
    first = stage.start("stopped")
    in_its_midst(first)
    stage.stop(first, "stop")
    stage.settle(first)
    second = stage.start("next", inputs=stage.inputs.short)
    stage.stop(first, "once more")
    lasts = Natural(stage.finish(second)).lasts(stage.inputs.long)
    stage.read_details(second)
    stage.stop(second, "late stop")
    third = stage.start("after an end")
    third.wait_over(UNDISTURBED if lasts is None else min(UNDISTURBED, lasts * NOT_HALF))
    wait_for_work(third)
    stage.stop(third, "stop")
    third.wait_over(stage.deadlines.stop)
    stage.leave(third)


def repeated(stage: Stage) -> None:
    """Stop one run after another, a dozen of them in a few lanes, until one is not stopped."""
    failed = threading.Event()

    def stop_one(number: int) -> None:
        if failed.is_set():
            return
        run = stage.start(f"run {number}")
        in_its_midst(run)
        stage.stop(run, f"stop {number}")
        run.wait_over(stage.deadlines.stop)
        stage.leave(run)
        if stage.trace().run(run.label).final_status != "stopped":
            failed.set()

    in_lanes(stop_one, range(1, REPEATS + 1))


def refused(stage: Stage) -> None:
    """Send stops that must be refused, and see the run go on to its end."""

    def send(run: LiveRun) -> None:
        in_lanes(lambda one: _mistake(stage, run, *one), grave_mistakes(stage))
        in_lanes(
            lambda one: stage.send("other method", one.method, one, about={"run": run.id}),
            _other_methods(stage, run),
        )

    _leave_alone(stage, send, stage.inputs.natural[1:])  # the shortest may be over before a late effect


def _all_mistakes(stage: Stage, run: LiveRun) -> None:
    """Send every stop of a run that must be refused, one after another."""
    for case, parts in mistakes(stage):
        _mistake(stage, run, case, parts)


def _mistake(stage: Stage, run: LiveRun, case: str, parts: Mapping[str, Any]) -> Exchange:
    """Send a stop of a run that must be refused."""
    return stage.stop(run, case, request=stage.stop_request(run.task_id, **{"user": run.user, **parts}))


def _other_methods(stage: Stage, run: LiveRun) -> list[Request]:
    """The stop of a run, its user in the query, too: where a GET has what else stands in a body."""
    asked = stage.stop_request(run.task_id, user=run.user, query=f"?user={quote(run.user, safe='')}")
    return [replace(asked, method=method) for method in OTHER_METHODS if method != stage.contract.stop.method]


def shortened_id(stage: Stage) -> None:
    """Send a stop with the beginning of the task id."""
    _leave_alone(
        stage, lambda run: _stop_as(stage, run, run.task_id[:8] if len(run.task_id) > 8 else run.task_id[:-1])
    )


def other_letter_case(stage: Stage) -> None:
    """Send a stop with the task id in the other letter case."""
    _leave_alone(stage, lambda run: _stop_as(stage, run, run.task_id.swapcase()))


def run_id_for_task_id(stage: Stage) -> None:
    """Send a stop with the workflow_run_id in the place of the task id."""
    _leave_alone(stage, lambda run: _stop_as(stage, run, run.first("workflow_run_id") or ""))


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
    user = f"{stage.user}-stranger"
    _leave_alone(stage, lambda run: _send_foreign(stage, run, user=user))


def another_app(stage: Stage) -> None:
    """Send a stop with the key of another workflow app; beside it goes a run of that app, which its own key stops."""
    other = _run_of_another_app(stage)
    key = placeholder(OTHER_WORKFLOW_KEY)
    run = started_early_enough(stage, "owner", lambda run: _send_foreign(stage, run, user=run.user, key=key))
    if other is not None:
        other.wait(well_after_start(other, "node_started"), NODE_PATIENCE)
        stage.stop(other, "stop")
        other.wait_over(stage.deadlines.stop)
        stage.leave(other)
    stage.finish(run)
    stage.read_details(run)


def _run_of_another_app(stage: Stage) -> LiveRun | None:
    """A run of the other app, None where it cannot be started as runs of the first can."""
    try:
        return stage.start(OTHER_APP, key=OTHER_WORKFLOW_KEY)
    except Unmet:
        return None


def blocking(stage: Stage) -> None:
    """Start a run in blocking mode and let it answer."""
    request = stage.run_request(stage.inputs.short, stage.user, "blocking")
    stage.send("run", "blocking", request)


def _send_foreign(stage: Stage, run: LiveRun, **stranger: str) -> Exchange:
    return stage.stop(run, "foreign stop", request=stage.stop_request(run.task_id, **stranger))  # type: ignore[arg-type]


def _stop_as(stage: Stage, run: LiveRun, task: str) -> Exchange:
    if not task or task == run.task_id:
        raise Unmet("the id of the run offers no such variation, so that nothing can be told")
    return stage.stop(run, "foreign stop", request=stage.stop_request(task, user=run.user), task=task)


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
