"""A stop is for one run, and leaves all others alone."""

from contextlib import suppress

from conformance.beside import ended_alone, harmed, unlike
from conformance.effects import Effects, alive, end_of
from conformance.exchange import Exchange
from conformance.judging import Inconclusive, require, requirement, shown
from conformance.properties.known import gist
from conformance.scenarios.aim import BLOCKING, BLOCKING_AGAIN, BLOCKING_ALONE, FAILED, OK
from conformance.scenarios.other_app import OTHER_APP
from conformance.trace import CLEAN_UP, FOREIGN, History, NotRecorded, Run, Trace

TWICE = 2  # a single failure may be one of any day


@requirement("stop.lifecycle.right-run")
def test_a_stop_stops_the_run_it_names(neighbours: Trace, effects: Effects) -> None:
    effects.stops(*effects.taken(neighbours, "stopped"))


@requirement("stop.lifecycle.other-runs")
def test_other_runs_go_on(neighbours: Trace, blocking: Trace, history: History, effects: Effects) -> None:
    _blocking_goes_on(blocking)
    for trace in history:
        _other_apps_go_on(trace)
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
        looks = run.looks("stopped")
        seen = f"the detail of the {label} run says stopped, though another was stopped"
        require(not looks, seen, stop, *looks[:1], run.stream)
    _end_as_by_themselves(neighbours, history, effects)


def _end_as_by_themselves(neighbours: Trace, history: History, effects: Effects) -> None:
    """Require that what outlived the stop of another ended as runs do that nobody stops, as far as that is known."""
    stopped, stop = effects.stopped(neighbours, "stopped")
    named = map(neighbours.run, ("older", "younger"))
    beside = [run for run in named if run.terminal and run.terminal.at > stop.sent_at]
    for run in beside:
        why = harmed(run, stopped, stop, effects)
        require(not why, f"the {run.label} run {why}", stop, run.stream, at=run.over_at)
    alone = [run for run in history.runs if run.stream.scenario != neighbours.scenario and ended_alone(run)]
    if why := unlike(beside, alone):
        require(False, why, stop, *(run.stream for run in (*beside, alone[0])))


def _blocking_goes_on(trace: Trace) -> None:
    """Require that a run in blocking mode was not stopped along with one beside it."""
    answers = trace.where(lambda exchange: exchange.case in {BLOCKING, BLOCKING_AGAIN})
    broken = [answer for answer in answers if answer.status == FAILED and _stopped_meanwhile(trace, answer)]
    for answer in answers:  # how it is answered else is an observation
        beside = _stopped_meanwhile(trace, answer)
        data = answer.response.member.get("data") if answer.response else None
        lost = beside and isinstance(data, dict) and data.get("status") == "stopped"
        seen = "the run in blocking mode ended as stopped, though another was stopped"
        require(not lost, seen, *beside, answer)
    alone = trace.where(lambda exchange: exchange.case == BLOCKING_ALONE and exchange.status == OK)
    seen = f"the run in blocking mode was answered {FAILED} each time when another was stopped, and alone it was not"
    each = [x for answer in broken for x in (*_stopped_meanwhile(trace, answer), answer)]
    require(not alone or len(broken) < TWICE, seen, *each, *alone)


def _stopped_meanwhile(trace: Trace, answer: Exchange) -> list[Exchange]:
    """The stops of other runs that were sent while a run in blocking mode went on."""
    return [x for run in trace.runs for x in run.stops if answer.sent_at < x.sent_at < answer.ended_at]


def _other_apps_go_on(trace: Trace) -> None:
    """Require that no run was stopped along with one of another app, before anything was sent for it."""
    ours = [run for run in trace.runs if any(stop.case == FOREIGN for stop in run.stops)]
    for stop in (stop for run in trace.runs if run.label == OTHER_APP for stop in run.stops):
        for run in ours:
            at, seen = run.over_at, "the run ended as stopped, though one of another app was stopped"
            lost = (
                at is not None and run.final_status == "stopped" and stop.sent_at < at < run.stops[0].sent_at
            )
            require(not lost, seen, stop, run.stream, at=at)


@requirement("stop.lifecycle.next-run")
def test_the_next_run_is_not_affected(
    next_run: Trace, closing: Trace, history: History, effects: Effects
) -> None:
    _let_start(next_run, closing, history)
    run = next_run.run("next")
    if run.cut_short or (run.terminal is None and run.stream.ending == "left"):
        raise Inconclusive("the next run did not end while the suite waited")
    seen = f"the run after a stopped one {end_of(run)}, though nobody stopped it"
    require(not effects.lost(run), seen, run.stream, at=run.over_at)


def _let_start(next_run: Trace, closing: Trace, history: History) -> None:
    """Require that the run after a stopped one was not refused, unless for what every later one is refused for, too.

    What was said of a run beside others, before any was stopped, may be said of this one for the runs of others.
    """
    beside = set().union(*(_said_of_one_too_many(trace) for trace in history))
    asked = next_run.where(lambda exchange: exchange.operation == "run" and exchange.case == "next")
    refused = [
        x
        for x in asked
        if x.response
        and not x.response.limits
        and 400 <= x.response.status < 500
        and gist(x.response) not in beside
    ]
    if not refused:
        return
    if not any(exchange.operation == "run" and exchange.status == 200 for exchange in closing.exchanges):
        raise Inconclusive("from the run after a stopped one on, none could be started: is a quota used up?")
    seen = f"the run after a stopped one could not be started: {refused[0].seen}"
    require(False, seen, next_run.case("stop"), refused[0], at=refused[0].ended_at)


def _said_of_one_too_many(trace: Trace) -> set[tuple[object, ...]]:
    """What was said of runs that were refused beside another, and let in later, before anything was stopped."""
    first = min((stop.sent_at for run in trace.runs for stop in run.stops), default=0.0)
    let_in = {run.label for run in trace.runs if run.task_id}
    return {
        gist(x.response)
        for x in trace.exchanges
        if x.operation == "run" and x.response and x.status != OK and x.ended_at < first and x.case in let_in
    }


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


@requirement("stop.lifecycle.refused-stop")
def test_a_refused_stop_stops_nothing(refused: Trace, history: History, effects: Effects) -> None:
    for trace in history:
        with suppress(Inconclusive, NotRecorded):  # of that the requirement of the scenario speaks
            if _refused_a_stranger(trace.run("owner")):
                _goes_on(trace, effects)
    accepted_after_all = [stop for stop in refused.run("owner").stops if (stop.status or 0) // 100 == 2]
    if accepted_after_all:
        raise Inconclusive(f"“{accepted_after_all[0].case}” was not refused ({accepted_after_all[0].status})")
    _goes_on(refused, effects)


def _refused_a_stranger(run: Run) -> bool:
    """Whether stops of the run that were foreign to it were all refused, which may as well be accepted."""
    foreign = [stop for stop in run.stops if stop.case == FOREIGN]
    return bool(foreign) and all(400 <= (stop.status or 0) < 500 and not stop.busy for stop in foreign)


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
    for foreign in another_app.each(FOREIGN):
        broke = (foreign.status or 0) >= 500
        require(not broke, f"“{foreign.case}” was answered {foreign.seen}", foreign, at=foreign.ended_at)
    _goes_on(another_app, effects)


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
    looks = run.looks("stopped")
    require(not looks, f"the run detail says stopped after {sent}", *run.stops[-3:], *others[-3:], *looks[:1])
    trace.whole()
