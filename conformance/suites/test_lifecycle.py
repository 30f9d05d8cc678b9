"""A stop that was acknowledged really stops the run: that one, and no other."""

from itertools import dropwhile, pairwise

from conformance.contract import Contract
from conformance.effects import Effects, alive, end_of, since
from conformance.exchange import Exchange
from conformance.judging import Inconclusive, require, requirement, shown
from conformance.model import contradiction, sequences_of
from conformance.properties.known import gist
from conformance.refusal import OVER, accepted
from conformance.scenarios.lifecycle import OTHER_APP
from conformance.scenarios.opening import LAST_LOOK
from conformance.target import Deadlines
from conformance.trace import CLEAN_UP, FINAL, LATER, TERMINAL, Run, Trace, statuses_of


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
def test_no_node_starts_after_the_stop(plain: Trace, effects: Effects, deadlines: Deadlines) -> None:
    run, stop = effects.stopped(plain)
    late = run.named("node_started", after=stop.ended_at + deadlines.grace * 1000)
    seen = (
        f"node {late[0].node} started {late[0].at - stop.ended_at:.0f} ms after the acknowledgement"
        if late
        else ""
    )
    require(
        not late,
        f"{seen} (grace {deadlines.grace * 1000:.0f} ms)",
        stop,
        run.stream,
        at=late[0].at if late else None,
    )


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
    plain.whole()
    closing.whole()


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
def test_a_second_stop_is_answered_like_the_first(twice: Trace, contract: Contract, effects: Effects) -> None:
    effects.stopped(twice)
    second = twice.case("second")
    if second.status != 404:  # a run that is over may be unknown
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


@requirement("stop.lifecycle.right-run")
def test_a_stop_stops_the_run_it_names(neighbours: Trace, effects: Effects) -> None:
    effects.stops(*effects.taken(neighbours, "stopped"))


@requirement("stop.lifecycle.other-runs")
def test_other_runs_go_on(neighbours: Trace, effects: Effects) -> None:
    _, stop = effects.stopped(neighbours, "stopped")
    others = {label: neighbours.run(label) for label in ("older", "younger")}
    if all((run.over_at or stop.sent_at + 1) <= stop.sent_at for run in others.values()):
        alive(others["younger"], stop)  # says why that tells nothing
    for label, run in others.items():
        if run.over_at is not None and run.over_at <= stop.sent_at:
            continue  # where starts are slow, the first may be over; the other shows the same
        if run.cut_short or (run.terminal is None and run.stream.ending == "left"):
            raise Inconclusive(f"the {label} run did not end while the suite waited")
        seen = f"the {label} run {end_of(run)} though another was stopped"
        require(not effects.lost(run, stop), seen, stop, run.stream, at=run.over_at)
        looks = _looks_that_say_stopped(run)
        seen = f"the detail of the {label} run says stopped, though another was stopped"
        require(not looks, seen, stop, *looks[:1], run.stream)


@requirement("stop.lifecycle.next-run")
def test_the_next_run_is_not_affected(next_run: Trace, effects: Effects) -> None:
    run = next_run.run("next")
    if run.cut_short or (run.terminal is None and run.stream.ending == "left"):
        raise Inconclusive("the next run did not end while the suite waited")
    seen = f"the run after a stopped one {end_of(run)}, though nobody stopped it"
    require(not effects.lost(run), seen, run.stream, at=run.over_at)


@requirement("stop.lifecycle.after-an-end")
def test_a_run_after_one_that_ended_by_itself_is_stopped_when_it_is(
    next_run: Trace, effects: Effects
) -> None:
    run = next_run.run("after an end")
    stop = next(iter(run.stops), None)
    if stop and run.terminal and run.terminal.at <= stop.sent_at and effects.lost(run):
        seen = f"the run ended as {shown(run.final_status)}, which nobody had stopped yet"
        late = next_run.run("next").stops
        require(False, f"{seen}; the last before it ended by itself, and was stopped then", *late, run.stream)
    effects.stops(*effects.taken(next_run, "after an end"))


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


@requirement("stop.lifecycle.refused-stop")
def test_a_refused_stop_stops_nothing(refused: Trace, effects: Effects) -> None:
    accepted_after_all = [stop for stop in refused.run("owner").stops if (stop.status or 0) // 100 == 2]
    if accepted_after_all:
        raise Inconclusive(f"“{accepted_after_all[0].case}” was not refused ({accepted_after_all[0].status})")
    _goes_on(refused, effects)


@requirement("stop.lifecycle.shortened-id")
def test_the_beginning_of_an_id_stops_nothing(shortened_id: Trace, effects: Effects) -> None:
    _goes_on(shortened_id, effects)


@requirement("stop.lifecycle.letter-case")
def test_an_id_in_other_letter_case_stops_nothing(other_letter_case: Trace, effects: Effects) -> None:
    _goes_on(other_letter_case, effects)


@requirement("stop.lifecycle.run-id")
def test_the_run_id_in_place_of_the_task_id_stops_nothing(
    run_id_for_task_id: Trace, effects: Effects
) -> None:
    _goes_on(run_id_for_task_id, effects)


@requirement("stop.lifecycle.id-elsewhere")
def test_a_task_id_elsewhere_than_in_the_path_stops_nothing(id_elsewhere: Trace, effects: Effects) -> None:
    _goes_on(id_elsewhere, effects)


@requirement("stop.lifecycle.other-app")
def test_the_key_of_another_app_stops_nothing(another_app: Trace, effects: Effects) -> None:
    for foreign in another_app.each("foreign stop"):
        broke = (foreign.status or 0) >= 500
        require(not broke, f"“{foreign.case}” was answered {foreign.seen}", foreign, at=foreign.ended_at)
    _goes_on(another_app, effects)


@requirement("stop.lifecycle.second-app")
def test_a_run_of_another_app_is_stopped_by_its_own_key(another_app: Trace, effects: Effects) -> None:
    effects.stops(*effects.taken(another_app, OTHER_APP))


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


def _goes_on(trace: Trace, effects: Effects) -> None:
    """Require that the one run of a scenario was not stopped by what was sent for it."""
    run = trace.run("owner")
    if all(stop.case == CLEAN_UP for stop in run.stops):
        raise Inconclusive(trace.unmet or "nothing was sent")
    alive(run, run.stops[0])
    if run.terminal is None and run.stream.ending == "left":
        raise Inconclusive("the run did not end while the suite waited; give a shorter one (--inputs)")
    if any(stop.about.get("by") == "owner" for stop in run.stops):
        raise Inconclusive("the run had to be stopped before its end")
    others = trace.where(lambda x: x.operation == "other method" and x.about.get("run") == run.stream.id)
    sent = ", ".join(f"“{stop.case}” ({stop.status})" for stop in (*run.stops, *others))
    seen = f"the run {end_of(run)} after {sent}"
    require(
        not effects.lost(run, *run.stops, *others),
        seen,
        *run.stops[-3:],
        *others[-3:],
        run.stream,
        at=run.over_at,
    )
    looks = _looks_that_say_stopped(run)
    require(not looks, f"the run detail says stopped after {sent}", *run.stops[-3:], *others[-3:], *looks[:1])
    trace.whole()


def _looks_that_say_stopped(run: Run) -> list[Exchange]:
    return [look for look in run.details if statuses_of([look]) == ["stopped"]]


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
