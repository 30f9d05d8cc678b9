"""A second workflow app: its key stops the runs of that app, and none of ours."""

import uuid

from conformance.masking import placeholder
from conformance.scenarios.aim import send_foreign, started_early_enough
from conformance.scenarios.lanes import in_lanes
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.mistakes import NO_USER, NULL_USER, TEXT_PLAIN, mistake, mistakes
from conformance.scenarios.opening import NODE_PATIENCE, well_after_start
from conformance.scenarios.requests import user_of
from conformance.scenarios.stage import Stage
from conformance.target import OTHER_WORKFLOW_KEY

OTHER_APP, AT_ONCE = "of another app", "of another app, at once"
REFUSED_THERE = (NO_USER, NULL_USER, TEXT_PLAIN)
AGAIN, UNKNOWN_THERE = "second stop in another app", "unknown task in another app"


def another_app(stage: Stage) -> None:
    """Stop runs of another workflow app by its key, well and badly, then send a stop with it for one of ours."""
    stage.user = user_of("plain")  # whom the first app knows already, and who is another one in this app
    other = _run_of_another_app(stage, OTHER_APP)
    if other:
        _mistakes(stage, other)

    def send(run: LiveRun) -> None:
        if other and not other.stopped:
            other.wait(well_after_start(other, "node_started"), NODE_PATIENCE)
            stage.stop(other, "stop")
            other.wait_over(stage.deadlines.grace)
        send_foreign(stage, run, user=run.user, key=placeholder(OTHER_WORKFLOW_KEY))

    run = started_early_enough(
        stage, "owner", send, stage.inputs.natural[1:]
    )  # the shortest may be over too soon
    if other:
        other.wait_over(stage.deadlines.stop)
        stage.leave(other)
    stage.finish(run)
    send_foreign(stage, run, user=run.user, key=placeholder(OTHER_WORKFLOW_KEY))
    stage.read_details(run)
    if other:
        _afterwards(stage, other)


def _run_of_another_app(stage: Stage, label: str) -> LiveRun | None:
    """A run of the other app, None where it cannot be started as runs of the first can."""
    try:
        return stage.start(label, key=OTHER_WORKFLOW_KEY)
    except Unmet:
        return None


def _mistakes(stage: Stage, run: LiveRun) -> None:
    """Send stops of a run with its key that must be refused."""
    wrong = [(case, parts | {"key": run.key}) for case, parts in mistakes(stage) if case in REFUSED_THERE]
    in_lanes(lambda one: mistake(stage, run, *one), wrong)


def _afterwards(stage: Stage, run: LiveRun) -> None:
    """Stop a run once more that was stopped, read its detail, stop another at once, and then a task that is made up."""
    stage.stop(run, AGAIN)
    if run.first("workflow_run_id"):
        stage.read_details(run)
    another = _run_of_another_app(stage, AT_ONCE)
    if another:
        stage.stop(another, "stop")
        another.wait_over(stage.deadlines.stop)
        stage.leave(another)
    unknown = str(uuid.uuid4())
    request = stage.stop_request(unknown, user=run.user, key=run.key)
    stage.send("stop", UNKNOWN_THERE, request, about={"task": unknown, "live": "no"})
