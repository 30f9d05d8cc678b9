"""What the details of runs say, above all of one that was stopped."""

import math
from collections.abc import Mapping
from itertools import pairwise, product

from conformance.effects import Effects, readable, said
from conformance.exchange import Exchange, Json
from conformance.judging import Inconclusive, require, requirement
from conformance.scenarios.opening import LAST_LOOK
from conformance.suites.test_streams import STARTED
from conformance.target import Deadlines
from conformance.trace import FINAL, LATER, TERMINAL, History, Run, Trace, statuses_of

MINUTE = 60  # no clocks that anybody looks after differ by more
SECOND = 1  # by which the clocks of two machines may differ, and what they say be rounded


@requirement("stop.lifecycle.detail-stopped")
def test_the_run_detail_says_stopped(plain: Trace, effects: Effects, deadlines: Deadlines) -> None:
    run, stop = effects.stopped(plain)
    statuses = readable(run, stop, effects.natural.example, in_time=True)
    effects.waited_for_detail(run)
    seen = ", then ".join(dict.fromkeys(statuses))
    waited = f" for {deadlines.detail:g} s" if statuses[-1] not in FINAL else ""
    require("stopped" in statuses, f"the run detail said {seen}{waited}", stop, *run.details[-1:])


@requirement("stop.lifecycle.detail-stays")
def test_the_run_detail_goes_on_saying_stopped(plain: Trace, closing: Trace, effects: Effects) -> None:
    run, stop = effects.stopped(plain)
    statuses = readable(run, stop)
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
    _moves_no_more(run, last)
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
        counted = [(look, count) for look in looks if isinstance(count := said(look, name), int)]
        more = [look for (_, before), (look, count) in pairwise(counted) if count > before]
        seen = f"{name} of the stopped run was {', then '.join(str(count) for _, count in counted)}"
        require(len(more) <= allowed, seen, stop, *more)


def _moves_no_more(run: Run, last: list[Exchange]) -> None:
    """Require that the end of a stopped run stays where it was when its detail had had its time."""
    settled = [look for look in run.looks("stopped") if look.case == LATER]
    for name, look in product(("finished_at", "elapsed_time"), last if settled else []):
        before, now = said(settled[-1], name), said(look, name)
        if isinstance(before, int | float) and isinstance(now, int | float):
            seen = f"{name} of the stopped run was {before}, and at the end of the session {now}"
            require(abs(now - before) <= SECOND, seen, settled[-1], look)


@requirement("stop.lifecycle.detail-id")
def test_a_detail_is_that_of_the_run_asked_for(history: History) -> None:
    told = [(run, look, said(look, "id")) for run in history.runs for look in run.details]
    known = [(run, look, id_) for run, look, id_ in told if run.run_id and isinstance(id_, str)]
    for run, look, id_ in known:
        seen = f"the detail of the run {run.run_id} has the id {id_}"
        require(id_.lower() == (run.run_id or "").lower(), seen, run.stream, look)
    for run in history.runs:
        _one_workflow(run)
    if not known:  # as where Dify answers for runs that it does not know, with nulls
        raise Inconclusive("no run detail with an id was read")


def _one_workflow(run: Run) -> None:
    """Require that the stream of a run, at both its ends, and its details name the same workflow."""
    told = [(run.stream, event.member("data", "workflow_id")) for event in run.named(STARTED, TERMINAL)]
    told += [(look, said(look, "workflow_id")) for look in run.details]
    named = {id_.lower(): where for where, id_ in told if isinstance(id_, str) and id_}
    seen = f"run “{run.label}” ({run.stream.scenario}) is told to be of several workflows: {', '.join(named)}"
    require(len(named) <= 1, seen, run.stream, *named.values())


@requirement("stop.lifecycle.detail-end")
def test_the_detail_of_a_stopped_run_says_when_it_ended(plain: Trace, effects: Effects) -> None:
    run, _ = effects.stopped(plain)
    looks = run.looks("stopped")
    if not looks:
        raise Inconclusive("the run detail never said stopped")
    detail = looks[-1].response.member if looks[-1].response else {}
    if "finished_at" not in detail:
        raise Inconclusive("the run detail has no finished_at")
    require(detail["finished_at"] is not None, "finished_at of the stopped run is null", looks[-1])
    _times(detail, run, looks[-1])
    last = run.terminal.member("data") if run.terminal else None
    _times(last if isinstance(last, dict) else {}, run, run.stream)
    plain.whole()


def _times(told: Mapping[str, Json], run: Run, where: Exchange) -> None:
    """Require that a run did not end before it began, and took no longer than it was watched."""
    watched = (where.ended_at - run.stream.sent_at) / 1000
    ended, began, took = (_number(told.get(name)) for name in ("finished_at", "created_at", "elapsed_time"))
    if ended is not None and began is not None:
        seen = f"finished_at of the stopped run is {ended}, and it was created at {began}"
        require(began - SECOND <= ended <= began + watched + MINUTE, seen, where)
    if took is not None:
        seen = f"elapsed_time of the stopped run is {took}, and it was watched for {watched:.1f} s"
        require(-SECOND <= took <= watched + MINUTE, seen, where)


def _number(value: Json) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else None
