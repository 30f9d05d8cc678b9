"""Stops of tasks that are over or unknown: they change nothing, and no success hides what is wrong with them."""

import json
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain

from conformance.contract import Contract, property_values
from conformance.effects import said
from conformance.exchange import Exchange, Json
from conformance.judging import Inconclusive, require, requirement, shown, unlimited
from conformance.refusal import OVER, UNAUTHORIZED, each, holds, recorded, refused_as, refused_with
from conformance.runs import settled_status
from conformance.scenarios.aim import BLOCKING_DETAIL, LATE_BLOCKING
from conformance.scenarios.lifecycle import LATE_STRANGER
from conformance.scenarios.mistakes import (
    MALFORMED_JSON,
    NO_KEY,
    NO_USER,
    NULL_USER,
    TEXT_PLAIN,
    UNKNOWN_KEY,
)
from conformance.scenarios.opening import AFTER_LONG_OVER, LONG_OVER
from conformance.target import MODE_KEYS
from conformance.trace import FOREIGN, NotRecorded, Trace

SECOND = 1  # by which the time that a run took may be rounded, or set right when it was first told
# By the record of a run that is over.
KEPT = ("finished_at", "error", "outputs", "total_steps", "elapsed_time", "inputs", "created_at")
FORGOTTEN = 404  # what a detail is answered with in the end where few runs are kept


@requirement("stop.lifecycle.finished-stays")
def test_a_stop_leaves_a_finished_run_as_it_is(finished: Trace, blocking: Trace, closing: Trace) -> None:
    with suppress(NotRecorded):  # whether it runs, and tells its ids, in blocking mode is left to the server
        late = blocking.case(LATE_BLOCKING)
        _stays(late, blocking.where(lambda exchange: exchange.case == BLOCKING_DETAIL))
    run = finished.run("owner")
    late = finished.case("late stop")
    before = [x for x in run.details if x.sent_at < late.sent_at and x.response]
    if run.final_status is None or not any(x.sent_at > late.ended_at and x.response for x in run.details):
        raise Inconclusive(finished.unmet or "the run did not come to its end while the suite waited")
    if not before or not settled_status(before[-1]):
        told = before[-1].seen if before else "it was not read"
        raise Inconclusive(f"the run ended, but its detail did not say so: {told}")
    last = closing.where(lambda exchange: exchange.case == AFTER_LONG_OVER)
    _stays(late, run.details, last)
    for trace in (finished, blocking, closing):
        trace.whole()


def _stays(late: Exchange, looks: Sequence[Exchange], last: Sequence[Exchange] = ()) -> None:
    """Require that the detail of a run that was over is after a late stop, and at the ``last``, what it was before."""
    earlier = [x for x in looks if x.sent_at < late.sent_at and x.response]
    after = [x for x in (*(x for x in looks if x.sent_at > late.ended_at), *last) if x.response]
    if not after or not earlier or not settled_status(earlier[-1]):
        return
    before = earlier[-1]
    after = [after[0], *(x for x in after[1:] if x.status != FORGOTTEN)]
    was = settled_status(before)
    changed = next((look for look in after if settled_status(look) != was), None)
    seen = f"the run had ended as {shown(was)}; after stops that came too late its detail answers {changed and changed.seen}"
    require(changed is None, seen, late, changed or after[-1])
    for name in KEPT:
        kept, now = said(before, name), [(look, said(look, name)) for look in after]
        if name != "error" and not kept:  # it may be added for a moment
            continue
        other = next(((look, value) for look, value in now if not _same(name, kept, value)), None)
        seen = f"{name} of a finished run was {shown(kept)}, and is {shown(other and other[1])} after stops that came too late"
        require(other is None, seen, before, late, other[0] if other else after[-1])


def _same(name: str, kept: Json, value: Json) -> bool:
    """Whether a member of a record says what it said before, in whatever order its JSON was written."""
    if name == "elapsed_time" and isinstance(kept, int | float) and isinstance(value, int | float):
        return abs(kept - value) <= SECOND
    return (_read(value) or None) == (_read(kept) or None)


def _read(value: Json) -> Json:
    """What a text is read as that is JSON, as Dify has it for inputs and outputs."""
    with suppress(ValueError, RecursionError):
        return json.loads(value) if isinstance(value, str) else value
    return value


@requirement("stop.lifecycle.late-answer")
def test_a_stop_of_a_finished_run_is_answered_as_documented(
    finished: Trace, blocking: Trace, closing: Trace, contract: Contract
) -> None:
    late = chain(
        recorded(finished, "late stop"),
        finished.each(LATE_STRANGER),
        blocking.each(LATE_BLOCKING),
        closing.each(LONG_OVER),
    )
    each(late, lambda stop: done_or_refused(stop, contract))


@requirement("stop.lifecycle.other-answer")
def test_a_stop_in_the_name_of_another_user_is_answered_as_documented(
    another_user: Trace, contract: Contract
) -> None:
    another_user.case(FOREIGN)
    each(another_user.each(FOREIGN), lambda stop: done_or_refused(stop, contract))
    another_user.whole()  # where the first run was over, another is sent one


@requirement("stop.lifecycle.unknown-answer")
def test_a_stop_of_an_unknown_task_is_answered_as_documented(reach: Trace, contract: Contract) -> None:
    done_or_refused(reach.case("unknown task"), contract)


@requirement("stop.lifecycle.refused-when-over")
def test_what_must_be_refused_is_refused_when_the_run_is_over(
    finished: Trace, twice: Trace, contract: Contract
) -> None:
    def refused(exchange: Exchange) -> None:
        if exchange.case in {UNKNOWN_KEY, NO_KEY}:
            refused_with(exchange, UNAUTHORIZED)
        elif exchange.case not in {NO_USER, NULL_USER}:
            refused_with(exchange)
        elif exchange.status not in OVER - {400}:
            refused_as(exchange, contract.stop.error("invalid_param"))

    modes = (f"{mode} key" for mode in MODE_KEYS)
    mistakes = (UNKNOWN_KEY, NO_KEY, NO_USER, NULL_USER, MALFORMED_JSON, TEXT_PLAIN, *modes)
    finished.case(UNKNOWN_KEY)
    each(chain.from_iterable(over.each(*mistakes) for over in (finished, twice)), refused)


@requirement("stop.lifecycle.refused-when-unknown")
def test_what_must_be_refused_is_refused_when_the_task_is_unknown(unknown_tasks: Trace) -> None:
    def refused(exchange: Exchange) -> None:
        is_refused = unlimited(exchange).status // 100 == 4
        holds(is_refused, exchange, f"answered {exchange.seen}; expected is a client error (4xx)")

    each(unknown_tasks.exchanges, refused)
    unknown_tasks.case(UNKNOWN_KEY)  # the last of them: says where the scenario broke off before


def done_or_refused(stop: Exchange, contract: Contract) -> None:
    """Require the documented success, with its media type and result, or a client error."""
    response, success = unlimited(stop), contract.stop.success
    if response.status // 100 == 4:
        return
    wanted = property_values(success, "result")
    result = response.member.get("result")
    is_declared = not success.media_types or success.declares(response.media_type)
    is_documented = success.matches(response.status) and is_declared
    seen = f"“{stop.case}” was answered {stop.seen} as {response.media_type or 'no media type'}"
    documented = f"{success.status} as {' or '.join(success.media_types) or 'anything'}"
    if wanted:
        documented += f" with the result {' or '.join(map(shown, wanted))}"
    require(is_documented and (not wanted or result in wanted), f"{seen}; documented is {documented}", stop)
