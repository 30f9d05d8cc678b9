"""What comes first and last: is somebody there, does the happy path work, and does it still work."""

import uuid
from collections.abc import Callable

from conformance.exchange import Event
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.stage import Stage
from conformance.trace import LATER, Run

LAST_LOOK = "detail of the first run"
LONG_OVER = "stop long after the end"
AFTER_LONG_OVER = "detail long after the end"
BETWEEN = 0.2  # seconds in which the next node is expected to begin
NODE_PATIENCE = 2.0  # seconds in which a workflow is expected to show its first nodes
FEW = 4  # events of which one may say that they came all at once
LATE = 1.0  # seconds without any event, after which one may
EARLY = 0.2  # seconds after the first event; a stop that comes earlier is a case of its own (at_once)


def reach(stage: Stage) -> None:
    """Ask who is there: the app's mode, its input form, and a stop of a task that does not exist."""
    if not stage.get(stage.contract.info, "info").fault:
        stage.get(stage.contract.parameters, "parameters")
    unknown = str(uuid.uuid4())
    stage.send("stop", "unknown task", stage.stop_request(unknown), about={"task": unknown})


def plain(stage: Stage) -> None:
    """Start a run, stop it while its nodes work, see it end: the happy path, and first of all."""
    run = _readable_run(stage)
    stage.ask_uncompressed()  # what lets this stream through may hold back the next, by how much it says
    stage.detail(run, "before the stop")
    stage.stop(run, "stop")
    stage.settle(run)
    stage.show(stage.trace())
    stage.pause(stage.later)
    stage.detail(run, LATER)


def _readable_run(stage: Stage) -> LiveRun:
    """A run in its midst; where what compresses answers holds its stream back, another, and all that follow, without."""
    run = stage.start("owner")
    try:
        in_its_midst(run)
    except Unmet:
        if not held_back(run):
            raise
        stage.leave(run)
        stage.ask_uncompressed()
        run = stage.start("owner")
        in_its_midst(run)
    return run


def closing(stage: Stage) -> None:
    """See whether the target is still there, and walk the happy path once more, as far as the acknowledgement.

    The detail of its first run is read again: by now whoever writes late has written. A run that ended by itself is
    stopped once more, and its detail read: by now whoever forgets has forgotten, and time has passed that may be
    taken for its own.
    """
    stage.see_whether_still_there()
    stopped = next((run for run in stage.seen("plain").runs if run.effective), None)
    if stopped is not None and stopped.run_id:
        stage.read(stopped.run_id, LAST_LOOK, stopped.stream.id)
    ended = next((run for run in stage.seen("finished").runs if run.terminal and run.task_id), None)
    if ended is not None and ended.task_id:
        about = {"run": ended.stream.id, "task": ended.task_id, "by": "owner"}
        stage.send("stop", LONG_OVER, stage.stop_request(ended.task_id, user=_owner(ended)), about=about)
        if ended.run_id:
            stage.read(ended.run_id, AFTER_LONG_OVER, ended.stream.id)
    run = stage.start("owner")
    stage.stop(run, "stop")
    stage.leave(run)


def _owner(run: Run) -> str | None:
    return run.stream.about.get("user")


def in_its_midst(run: LiveRun) -> None:
    """Wait until the run has begun to work on a node, not its first moments, or a while for one that shows none."""
    run.wait(well_after_start(run, "node_started"), NODE_PATIENCE)
    if run.over:
        raise Unmet(
            held_back(run)
            or "the run was over before it could be stopped; give a workflow that runs at least 5 s (--inputs)"
        )


def wait_for_work(run: LiveRun) -> None:
    """Wait a little where one node is over and the next has not begun: a stop between the two is a case of its own."""
    told = [event for event in run.stream.events if event.name in {"node_started", "node_finished"}]
    if told and not begins(told[-1]):
        run.wait(begins, BETWEEN, sum(map(begins, told)) + 1)


def begins(event: Event) -> bool:
    """Whether a node begins to work."""
    return event.name == "node_started"


def held_back(run: LiveRun) -> str:
    """How a stream came whose events were all kept until the run was over; empty for one that came in time."""
    events = run.stream.events
    waited = events[0].at - run.stream.sent_at
    if len(events) < FEW or waited < LATE * 1000 or events[-1].at - events[0].at > waited / 10:
        return ""
    return (
        f"the {len(events)} events of the run came all at once, {waited / 1000:.1f} s after it was started, so that "
        "nothing could be stopped: something on the way holds the stream back, such as compression or proxy_buffering"
    )


def well_after_start(run: LiveRun, name: str) -> Callable[[Event], bool]:
    """Whether an event is one of that name that came when the first moments of the run were over."""
    began = run.stream.events[0].at
    return lambda event: event.name == name and event.at >= began + EARLY * 1000
