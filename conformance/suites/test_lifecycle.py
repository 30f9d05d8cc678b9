"""A stop that was acknowledged really stops the run: that one, and no other."""

from itertools import dropwhile, pairwise

from conformance.contract import Contract
from conformance.effects import Effects, since
from conformance.exchange import Exchange, Json
from conformance.judging import Inconclusive, require, requirement, shown
from conformance.model import contradiction, sequences_of
from conformance.properties.known import gist
from conformance.refusal import OVER, accepted
from conformance.scenarios.opening import LAST_LOOK
from conformance.target import Deadlines
from conformance.trace import FINAL, LATER, TERMINAL, History, Run, Trace, statuses_of

BEGINNINGS = {  # of nodes, and of the rounds of those that hold others
    "node_started",
    *("loop_started", "loop_next", "iteration_started", "iteration_next", "parallel_branch_started"),
}
TEXTS = {"text_chunk", "reasoning_chunk", "agent_log"}  # what a workflow says while it works
SECOND = 1  # by which the clocks of two machines may differ
BESIDE_OTHERS = 2  # times the grace is given where other runs go on beside


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
    run, stop = effects.stopped(plain)
    if run.terminal is None:
        raise Inconclusive("the stream had no terminal event")
    seen = f"the run ended as {shown(run.final_status)} {since(stop, run.terminal.at)}"
    require(run.final_status == "stopped", seen, stop, run.stream, at=run.terminal.at)


@requirement("stop.lifecycle.no-late-node")
def test_no_node_starts_after_the_stop(
    plain: Trace, history: History, effects: Effects, deadlines: Deadlines
) -> None:
    for run in history.runs:
        owner = (x for x in run.stops if x.about.get("by") == "owner" and (x.status or 0) // 100 == 2)
        stop = next(owner, None)
        if stop and run.final_status == "stopped":  # of one that ended otherwise another requirement speaks
            _no_late_node(run, stop, BESIDE_OTHERS * deadlines.grace)
    _no_late_node(*effects.stopped(plain), deadlines.grace)


def _no_late_node(run: Run, stop: Exchange, grace: float) -> None:
    """Require that no work of a run began when so many seconds had passed since its stop was acknowledged."""
    late = next(iter(run.named(*BEGINNINGS, after=stop.ended_at + grace * 1000)), None)
    if late:
        after = f"{late.at - stop.ended_at:.0f} ms after the acknowledgement (grace {grace * 1000:.0f} ms)"
        what = "started" if late.name == "node_started" else f"went on ({late.name})"
        seen = f"node {late.node} of run “{run.label}” ({run.stream.scenario}) {what} {after}"
        require(False, seen, stop, run.stream, at=late.at)


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


@requirement("stop.lifecycle.detail-stopped")
def test_the_run_detail_says_stopped(plain: Trace, effects: Effects, deadlines: Deadlines) -> None:
    run, stop = effects.stopped(plain)
    statuses = _readable(run, stop, effects.natural.example, in_time=True)
    effects.waited_for_detail(run)
    seen = ", then ".join(dict.fromkeys(statuses))
    waited = f" for {deadlines.detail:g} s" if statuses[-1] not in FINAL else ""
    require("stopped" in statuses, f"the run detail said {seen}{waited}", stop, *run.details[-1:])


@requirement("stop.lifecycle.detail-stays")
def test_the_run_detail_goes_on_saying_stopped(plain: Trace, closing: Trace, effects: Effects) -> None:
    run, stop = effects.stopped(plain)
    statuses = _readable(run, stop)
    if "stopped" not in statuses:
        raise Inconclusive("the run detail never said stopped")
    last = closing.where(lambda exchange: exchange.case == LAST_LOOK)  # at the end of the session
    after = [*statuses[statuses.index("stopped") :], *statuses_of(last)]
    require(
        set(after) == {"stopped"},
        f"the run detail said {', then '.join(dict.fromkeys(after))}",
        stop,
        *run.details[-2:],
        *last,
    )
    _counts_no_more(run, stop, last)
    plain.whole()
    closing.whole()


def _counts_no_more(run: Run, stop: Exchange, last: list[Exchange]) -> None:
    """Require that the detail of a stopped run does not count ever more steps or tokens.

    As often as nodes were in flight, and once for whoever writes late, the counts may grow.
    """
    soon, settled = (
        [x for x in run.looks("stopped") if (x.case == LATER) is wanted] for wanted in (False, True)
    )
    names = [event.name for event in run.events if event.at <= stop.ended_at]
    allowed = max(1, names.count("node_started") - names.count("node_finished"))
    for name in ("total_steps", "total_tokens"):
        looks = [*soon[-1:], *settled, *last]  # seconds apart
        counted = [(look, count) for look in looks if isinstance(count := _said(look, name), int)]
        more = [look for (_, before), (look, count) in pairwise(counted) if count > before]
        seen = f"{name} of the stopped run was {', then '.join(str(count) for _, count in counted)}"
        require(len(more) <= allowed, seen, stop, *more)


@requirement("stop.lifecycle.detail-id")
def test_a_detail_is_that_of_the_run_asked_for(history: History) -> None:
    told = [(run, look, _said(look, "id")) for run in history.runs for look in run.details]
    known = [(run, look, id_) for run, look, id_ in told if run.run_id and isinstance(id_, str)]
    for run, look, id_ in known:
        seen = f"the detail of the run {run.run_id} has the id {id_}"
        require(id_.lower() == (run.run_id or "").lower(), seen, run.stream, look)
    if not known:  # as where Dify answers for runs that it does not know, with nulls
        raise Inconclusive("no run detail with an id was read")


@requirement("stop.lifecycle.detail-end")
def test_the_detail_of_a_stopped_run_says_when_it_ended(plain: Trace, effects: Effects) -> None:
    run, _ = effects.stopped(plain)
    looks = run.looks("stopped")
    if not looks:
        raise Inconclusive("the run detail never said stopped")
    detail = looks[-1].response.member if looks[-1].response else {}
    if "finished_at" not in detail:
        raise Inconclusive("the run detail has no finished_at")
    ended, began = detail["finished_at"], detail.get("created_at")
    require(ended is not None, "finished_at of the stopped run is null", looks[-1])
    if isinstance(ended, int | float) and isinstance(began, int | float):
        seen = f"finished_at of the stopped run is {ended:g}, and it was created at {began:g}"
        require(ended >= began - SECOND, seen, looks[-1])
    plain.whole()


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
    run, stop = reader_left.run("owner"), reader_left.case("stop")
    if (stop.status or 0) // 100 != 2 and stop.status not in OVER:  # as a run may be that nobody reads
        raise Inconclusive(f"the stop of the run was not acknowledged: {stop.seen}")
    told = _readable(run, stop, effects.natural.example)
    effects.waited_for_detail(run, stop)
    if told[-1] == "succeeded" and effects.ends_unread(run, stop):
        raise Inconclusive("the run may have ended by itself; give a workflow that runs longer (--inputs)")
    seen = f"nobody read the stream any more, and after the stop the run detail says {shown(told[-1])}"
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


@requirement("stop.lifecycle.same-moment")
def test_stops_at_the_same_moment_stop_once(
    at_the_same_moment: Trace, contract: Contract, effects: Effects
) -> None:
    run, first = effects.stopped(at_the_same_moment)
    for stop in run.stops:
        if stop.busy and stop.response and stop.response.retry_after is not None:
            continue  # an honest limit, which speaks of all requests
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


@requirement("stop.lifecycle.any-user")
def test_a_stop_works_for_every_user(user_strings: Trace, effects: Effects) -> None:
    effects.each_stops(user_strings, [(run, run.effective) for run in user_strings.runs if run.effective])


@requirement("stop.lifecycle.any-form")
def test_a_stop_works_in_every_form_that_is_accepted(other_forms: Trace, effects: Effects) -> None:
    first = [(run, run.stops[0]) for run in other_forms.runs if run.stops]
    effects.each_stops(other_forms, [(run, stop) for run, stop in first if run.effective is stop])


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


def _readable(run: Run, stop: Exchange, other: Run | None = None, *, in_time: bool = False) -> list[str]:
    """The statuses that the run detail gave after the stop, perhaps only those within its deadline.

    Raises Inconclusive where no detail could ever be read, Violation where only this one could not: before the stop
    it could, or that of the ``other`` run, which nobody stopped.
    """
    after = [x for x in run.details if x.sent_at >= stop.sent_at and not (in_time and x.case == LATER)]
    told = statuses_of(after)
    if not told:
        seen = after[-1].seen if after else "it was not read"
        before = [x for x in run.details if x.sent_at < stop.sent_at and x.status == 200]
        if after and (before or (other is not None and other.statuses)):
            where = "before the stop" if before else "of a run that nobody stopped"
            require(False, f"the run detail could be read {where}, and now: {seen}", stop, after[-1])
        raise Inconclusive(f"the run detail could not be read: {seen}")
    return told


def _said(look: Exchange, name: str) -> Json:
    """A member of a detail, None where it could not be read."""
    return look.response.member.get(name) if look.response and look.status == 200 else None
