"""One stop gets one answer, again and side by side, and its id names its own task alone."""

from conformance.effects import Effects, end_of
from conformance.exchange import Exchange
from conformance.judging import Inconclusive, require, requirement, shown
from conformance.properties.judging import same_as_most, side_by_side
from conformance.properties.known import AGAIN, BESIDE, ENOUGH, NOBODY_BESIDE
from conformance.refusal import each, refused_with
from conformance.trace import Run, Trace


@requirement("stop.robust.repeat")
def test_the_same_request_gets_the_same_answer(same_answers: Trace) -> None:
    same_as_most(same_answers, "plain", "alone", "repeat", fewest=ENOUGH)


@requirement("stop.robust.after-malformed")
def test_a_malformed_request_changes_no_later_answer(same_answers: Trace) -> None:
    same_as_most(same_answers, AGAIN)


@requirement("stop.robust.together")
def test_stops_at_the_same_moment_get_what_one_gets(same_answers: Trace) -> None:
    same_as_most(same_answers, "together", BESIDE)
    unlimited = (nobody for nobody in same_answers.each(NOBODY_BESIDE) if not nobody.busy)  # an honest limit
    each(unlimited, refused_with)


@requirement("stop.robust.side-by-side")
def test_stops_at_the_same_moment_do_not_wait_for_each_other(same_answers: Trace) -> None:
    side_by_side(same_answers)


@requirement("stop.robust.decoded-once")
def test_a_task_id_is_decoded_once(unusual_ids: Trace, effects: Effects) -> None:
    _left_alone(unusual_ids, "encoded twice", effects)


@requirement("stop.robust.exact-id")
def test_a_task_id_is_compared_whole(unusual_ids: Trace, effects: Effects) -> None:
    _left_alone(unusual_ids, "padded", effects)


@requirement("stop.robust.stand-in")
def test_nothing_stands_in_for_a_task_id(unusual_ids: Trace, effects: Effects) -> None:
    _left_alone(unusual_ids, "stood in for", effects)


@requirement("stop.robust.encoded-id")
def test_a_percent_encoded_id_is_the_same_id(unusual_ids: Trace, effects: Effects) -> None:
    effects.stops(*effects.stopped(unusual_ids, "encoded once"))


def _left_alone(trace: Trace, label: str, effects: Effects) -> None:
    """Require that stops for other ids did not end the run."""
    run = trace.run(label)
    stops = trace.where(lambda x: x.operation == "drawn" and x.about.get("run") == run.stream.id)
    in_time = [stop for stop in stops if not _over(run, stop)]
    if not in_time or run.terminal is None or run.cut_short:
        raise Inconclusive(
            trace.unmet
            or f"the run did not last, or not end, so that its stops tell nothing: it {end_of(run)}"
        )
    seen = f"the run ended as {shown(run.final_status)}, though the stops were for other ids"
    require(not effects.lost(run, *in_time), seen, *in_time, run.stream, at=run.terminal.at)


def _over(run: Run, stop: Exchange) -> bool:
    return run.over_at is not None and run.over_at <= stop.sent_at
