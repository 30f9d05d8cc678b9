"""Stops at every moment of a run's life, and after its end."""

import threading

from conformance.exchange import Event
from conformance.runs import Natural, settled_status
from conformance.scenarios.lanes import in_lanes
from conformance.scenarios.lateness import HALF, Moment, late_moment
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.mistakes import mistake, mistakes
from conformance.scenarios.opening import begins, held_back, in_its_midst, wait_for_work, well_after_start
from conformance.scenarios.stage import Stage
from conformance.trace import Trace

LATE_STRANGER = "late stop of a stranger"
LEFT_AT_ONCE = "owner who leaves with the answer"
REPEATS = 12  # stopped runs in a row; enough for a resource that gives out after ten
# Seconds in which a server may notice that nobody reads a stream any more, by effort.
HUNG_UP = (0.6, 1.2, 1.2)
SOONER = 0.2  # where runs are over by then
NOT_HALF = 0.4  # of the time that a short run lasts is left to it for that
UNDISTURBED = 1.2  # seconds in which a run shows that nothing was left over that ends it
DEEPER = 2.5  # seconds until a workflow comes to another node than its first ones; it may last 5
UNTOLD = 1.0  # seconds after which a run that tells of no nodes is stopped; others are sooner and later
SLOW_NODE = 15.0  # seconds in which a node is expected to have done its work
SEVERAL = "give one with several nodes (--inputs)"
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
    """Stop a run when a node has just finished and the next has not begun, or at a moment of its own.

    That is where streams tell of no nodes at all: any moment may be between two of them.
    """
    untold = _tells_no_nodes(stage.seen("plain"))
    run = stage.start("owner")
    if untold:
        run.wait_over(UNTOLD)
    else:
        _wait_for_the_end_of_a_node(run)
    if run.over:
        raise Unmet(
            held_back(run)
            or f"the first end of a node by which to time a stop was that of the run; {SEVERAL}"
        )
    stage.stop(run, "stop")
    stage.settle(run)


def _wait_for_the_end_of_a_node(run: LiveRun) -> None:
    finished = well_after_start(run, "node_finished")
    if run.wait(finished, SLOW_NODE) or run.wait(lambda event: event.name == "node_finished", 0.01):
        return
    raise Unmet(f"the workflow showed no end of a node within {SLOW_NODE:g} s to time a stop by; {SEVERAL}")


def _tells_no_nodes(trace: Trace) -> bool:
    """Whether a run was seen for a while, and its stream told of no node."""
    seen = [run for run in trace.runs if run.effective]
    return bool(seen) and not any(run.named("node_started", "node_finished") for run in seen)


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
            held_back(run)
            or "the run was over before it could be stopped late; give a workflow that runs at least 5 s (--inputs)"
        )
    stage.stop(run, "stop")
    stage.settle(run)


def reader_left(stage: Stage) -> None:
    """Hang up on the stream of a run, and stop the run then; hang up on that of another as soon as it is stopped."""
    long = stage.deadlines.stop + stage.deadlines.detail
    for seconds in (stage.effort.pick(*HUNG_UP), SOONER):
        run = stage.start("owner")
        in_its_midst(run)
        stage.leave(run)
        stage.pause(seconds)
        if not settled_status(stage.detail(run, "before the stop")):
            break  # else it was over by then
    stage.stop(run, "stop")
    stage.read_details(run, within=long)
    another = stage.start(LEFT_AT_ONCE)
    in_its_midst(another)
    stage.stop(another, "stop before hanging up")
    stage.leave(another)
    stage.read_details(another, within=long)


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
    stranger = stage.stop_request(run.task_id, user=stage.stranger)
    stage.stop(run, LATE_STRANGER, request=stranger)
    _all_mistakes(stage, run)
    stage.pause(stage.later)
    stage.detail(run, "after the late stop")


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


def _all_mistakes(stage: Stage, run: LiveRun) -> None:
    """Send every stop of a run that must be refused, one after another."""
    for case, parts in mistakes(stage):
        mistake(stage, run, case, parts)
