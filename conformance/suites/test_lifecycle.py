"""A stop that was acknowledged really stops the run: that one, and no other."""

from contextlib import suppress
from itertools import dropwhile, pairwise

from conformance.contract import Contract
from conformance.effects import Effects, readable, since
from conformance.exchange import Exchange, Response
from conformance.judging import Inconclusive, require, requirement, shown
from conformance.model import contradiction, sequences_of
from conformance.properties.known import gist
from conformance.refusal import OVER, accepted
from conformance.runs import Natural
from conformance.scenarios.aim import BESIDE_BLOCKING
from conformance.scenarios.forms import is_taken
from conformance.scenarios.lifecycle import LEFT_AT_ONCE
from conformance.target import Deadlines
from conformance.trace import ANVIL, FINAL, TERMINAL, History, NotRecorded, Run, Trace

BEGINNINGS = {  # of nodes, and of the rounds of those that hold others
    "node_started",
    *("loop_started", "loop_next", "iteration_started", "iteration_next", "parallel_branch_started"),
    "node_retry",
}
TEXTS = {"text_chunk", "reasoning_chunk", "agent_log"}  # what a workflow says while it works
BESIDE_OTHERS = 2  # times the grace is given where other runs go on beside
IN_PASSING = {
    ANVIL,
    BESIDE_BLOCKING,
}  # labels of runs that are stopped when they have served for something else


@requirement("stop.lifecycle.ends")
def test_the_stream_ends_after_a_stop(plain: Trace, effects: Effects, deadlines: Deadlines) -> None:
    run, stop = effects.stopped(plain)
    after = run.stream.ended_at - stop.ended_at
    held = run.stream.ending not in {"left", "silence"} and after <= deadlines.stop * 1000
    require(held, f"the stream was still open {after:.0f} ms after the acknowledgement", stop, run.stream)


@requirement("stop.lifecycle.terminal-event")
def test_the_stream_ends_by_workflow_finished(plain: Trace, effects: Effects) -> None:
    run, stop = effects.stopped(plain)
    last = run.events[-1].name if run.events else "no event at all"
    require(
        run.terminal,
        f"the stream ended ({run.stream.ending}) without {TERMINAL}; the last was {last}",
        stop,
        run.stream,
    )


@requirement("stop.lifecycle.terminal-status")
def test_the_stream_ends_as_stopped(plain: Trace, effects: Effects) -> None:
    effects.answered_in_time(plain)
    run, stop = effects.stopped(plain)
    if run.terminal is None:
        raise Inconclusive("the stream had no terminal event")
    seen = f"the run ended as {shown(run.final_status)} {since(stop, run.terminal.at)}"
    require(run.final_status == "stopped", seen, stop, run.stream, at=run.terminal.at)


@requirement("stop.lifecycle.no-late-node")
def test_no_node_starts_after_the_stop(
    plain: Trace, history: History, effects: Effects, deadlines: Deadlines
) -> None:
    with suppress(Inconclusive, NotRecorded):  # said below, when the others have told what they can
        _no_late_node(*effects.stopped(plain), deadlines.grace)
    for run in history.runs:
        owner = (x for x in run.stops if x.about.get("by") == "owner" and (x.status or 0) // 100 == 2)
        stop = next(owner, None)
        if stop and run.final_status == "stopped":  # of one that ended otherwise another requirement speaks
            _no_late_node(run, stop, BESIDE_OTHERS * deadlines.grace)
            _left_something_undone(run, stop, effects.natural, BESIDE_OTHERS * deadlines.grace)
    effects.stopped(plain)


def _no_late_node(run: Run, stop: Exchange, grace: float) -> None:
    """Require that no work of a run began when so many seconds had passed since its stop was acknowledged."""
    late = next(iter(run.named(*BEGINNINGS, after=stop.ended_at + grace * 1000)), None)
    if late:
        after = f"{late.at - stop.ended_at:.0f} ms after the acknowledgement (grace {grace * 1000:.0f} ms)"
        what = "started" if late.name == "node_started" else f"went on ({late.name})"
        seen = f"node {late.node} of run “{run.label}” ({run.stream.scenario}) {what} {after}"
        require(False, seen, stop, run.stream, at=late.at)


def _left_something_undone(run: Run, stop: Exchange, natural: Natural, grace: float) -> None:
    """Require that a run did not come to its last node though a stop was sent for it in its first half.

    One whose stop is acknowledged when all is done has no late node, and may well call itself stopped.
    """
    whole, last = natural.seconds(run), natural.last_node
    if whole is None or last is None or stop.sent_at - run.events[0].at > whole * 1000 / 2:
        return
    begun = [
        event for event in run.named("node_started", after=stop.sent_at + grace * 1000) if event.node == last
    ]
    done = [
        event for event in run.named("node_finished") if event.node == last and event.status == "succeeded"
    ]
    if begun and done:
        after = f"{done[0].at - stop.sent_at:.0f} ms after the stop was sent"
        seen = f"run “{run.label}” ({run.stream.scenario}) did all its work, its last node {last} {after}"
        require(False, seen, stop, run.stream, at=done[0].at)


@requirement("stop.lifecycle.no-late-text")
def test_no_text_comes_after_the_stop(
    plain: Trace, history: History, effects: Effects, deadlines: Deadlines
) -> None:
    run, stop = effects.stopped(plain)
    late = next(iter(run.named(*TEXTS, after=stop.ended_at + deadlines.grace * 1000)), None)
    if late:
        after = f"{late.at - stop.ended_at:.0f} ms after the acknowledgement"
        require(False, f"{late.name} came {after}", stop, run.stream, at=late.at)
    if not any(one.named(*TEXTS) for one in history.runs):
        raise Inconclusive("the workflow puts out no text while it runs")


@requirement("stop.lifecycle.at-once")
def test_a_stop_at_once_is_not_lost(at_once: Trace, effects: Effects) -> None:
    effects.stops(*effects.taken(at_once))


@requirement("stop.lifecycle.during-node")
def test_a_stop_during_a_node_stops_the_run(during_node: Trace, effects: Effects) -> None:
    effects.stops(*effects.taken(during_node))


@requirement("stop.lifecycle.between-nodes")
def test_a_stop_between_nodes_stops_the_run(between_nodes: Trace, effects: Effects) -> None:
    effects.stops(*effects.taken(between_nodes))


@requirement("stop.lifecycle.late-in-life")
def test_a_stop_late_in_its_life_stops_the_run(late_in_life: Trace, effects: Effects) -> None:
    effects.stops(*effects.taken(late_in_life))


@requirement("stop.lifecycle.reader-left")
def test_a_stop_is_not_lost_when_the_reader_has_left(reader_left: Trace, effects: Effects) -> None:
    stop = reader_left.case("stop")
    if (stop.status or 0) // 100 != 2 and stop.status not in OVER:  # as a run may be that nobody reads
        raise Inconclusive(f"the stop of the run was not acknowledged: {stop.seen}")
    _stopped_unread(reader_left.run("owner"), stop, effects, "nobody read the stream any more")
    another = reader_left.run(LEFT_AT_ONCE)
    effects.not_refused(another)
    if another.effective is None:
        raise Inconclusive("no stop of the run that its reader left was acknowledged")
    _stopped_unread(another, another.effective, effects, "the reader left with the acknowledgement")
    reader_left.whole()


def _stopped_unread(run: Run, stop: Exchange, effects: Effects, who: str) -> None:
    """Require that the detail of a run whose end nobody reads says that it was stopped."""
    told = readable(run, stop, effects.natural.example)
    effects.waited_for_detail(run, stop)
    if told[-1] == "succeeded" and effects.ends_unread(run, stop):
        raise Inconclusive("the run may have ended by itself; give a workflow that runs longer (--inputs)")
    seen = f"{who}, and after the stop the run detail says {shown(told[-1])}"
    require(told[-1] in FINAL - {"succeeded"}, seen, run.stream, stop, *run.details[-1:])


@requirement("stop.lifecycle.second-stop")
def test_a_second_stop_changes_nothing(twice: Trace, contract: Contract, effects: Effects) -> None:
    run, stop = effects.taken(twice)
    second = twice.case("second")
    for other in (second, *twice.where(lambda exchange: exchange.case == "third")):
        if other.status not in OVER:
            accepted(other, contract.stop.success)
            _like_the_first(other, stop)
    told = list(dropwhile(lambda status: status not in FINAL, run.statuses))
    revived = [status for status in told if status not in FINAL]
    seen = f"after two stops the run detail says {revived[0]}, having said {told[0]}" if revived else ""
    require(not revived, seen, stop, second, *run.details[-2:])
    effects.stops(run, stop)
    read = [detail for detail in run.details if detail.response]
    lost = [b for a, b in pairwise(read) if a.status == 200 != b.status]
    require(not lost, f"after two stops the run detail answers {lost[0].seen}" if lost else "", second, *lost)
    final = [status for status in run.statuses if status in FINAL]
    seen = f"after two stops the run detail says {shown(final[-1] if final else None)}"
    require(set(final) <= {"stopped"}, seen, stop, second, *run.details[-1:])
    twice.whole()


@requirement("stop.lifecycle.second-answer")
def test_a_second_stop_is_answered_like_the_first(
    twice: Trace, reach: Trace, contract: Contract, effects: Effects
) -> None:
    effects.stopped(twice)
    second = twice.case("second")
    asked = (x.response for x in reach.exchanges if x.operation == "stop" and not x.busy)
    unknown = [gist(response) for response in asked if response and 400 <= response.status < 500]
    # A run that is over may be unknown.
    if second.status != 404 and not (second.response and gist(second.response) in unknown):
        accepted(second, contract.stop.success)


def _of_all_requests(limit: Response) -> bool:
    """Whether a limit is an honest one on requests of any kind: it says when to come again, or is a page of a gateway."""
    return limit.retry_after is not None or "json" not in limit.media_type


@requirement("stop.lifecycle.same-moment")
def test_stops_at_the_same_moment_stop_once(
    at_the_same_moment: Trace, contract: Contract, effects: Effects
) -> None:
    run, first = effects.stopped(at_the_same_moment)
    for stop in run.stops:
        if stop.busy and stop.response and _of_all_requests(stop.response):
            continue
        require(not stop.busy, f"{stop.case}: answered {stop.seen}", stop)
        if stop.status not in OVER:  # as it may be by then
            accepted(stop, contract.stop.success)
            _like_the_first(stop, first)
    effects.stops(run, first)
    at_the_same_moment.whole()


@requirement("stop.lifecycle.repeated")
def test_a_stop_works_again_and_again(repeated: Trace, effects: Effects) -> None:
    for run in repeated.runs:
        effects.not_refused(run)
    effects.each_stops(repeated, [(run, run.effective) for run in repeated.runs if run.effective])


@requirement("stop.lifecycle.in-passing")
def test_a_stop_works_after_refusals_and_beside_others(history: History, effects: Effects) -> None:
    told, undecided = False, ""
    for run in history.runs:
        stop = run.effective
        if run.label not in IN_PASSING or stop is None or stop.about.get("by") != "owner":
            continue
        try:
            effects.stops(effects.stoppable(run, stop), stop)
        except Inconclusive as reason:
            undecided = str(reason)
        else:
            told = True
    if not told:
        raise Inconclusive(undecided or "no run was stopped after stops that were refused")


@requirement("stop.lifecycle.any-user")
def test_a_stop_works_for_every_user(user_strings: Trace, effects: Effects) -> None:
    effects.each_stops(user_strings, [(run, run.effective) for run in user_strings.runs if run.effective])


@requirement("stop.lifecycle.any-form")
def test_a_stop_works_in_every_form_that_is_accepted(other_forms: Trace, effects: Effects) -> None:
    first = [(run, run.stops[0]) for run in other_forms.runs if run.stops]
    effects.each_stops(
        other_forms, [(run, stop) for run, stop in first if run.effective is stop and is_taken(stop)]
    )


@requirement("stop.lifecycle.any-sequence")
def test_every_sequence_of_actions_ends_as_it_must(sequences: Trace, effects: Effects) -> None:
    drawn = sequences_of(sequences)
    if not drawn:
        raise Inconclusive(sequences.unmet or "there was no time for a sequence")
    for runs in reversed(drawn.values()):  # the last that fails is the shortest
        wrong = [text for run in runs if (text := contradiction(run, effects))]
        told = [x for run in runs for x in (run.stream, *run.stops, *run.details)]
        require(not wrong, wrong[0] if wrong else "", *sorted(told, key=lambda x: x.sent_at))
    sequences.whole()


def _like_the_first(stop: Exchange, first: Exchange) -> None:
    """Require that a stop says what the first stop of the run was told."""
    assert stop.response is not None
    assert first.response is not None
    seen = f"“{stop.case}” is answered {stop.seen}, the first stop of the run {first.seen}"
    require(gist(stop.response) == gist(first.response), seen, first, stop)
