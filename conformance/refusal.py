"""What checks of refusals share: was it refused, as documented, and did it leave the run alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NoReturn

from conformance.contract import Answer, DocumentedError
from conformance.effects import Effects
from conformance.exchange import Exchange
from conformance.judging import Inconclusive, NoAnswer, Violation, require, shown, unlimited
from conformance.trace import NotRecorded, Run, Trace

UNAUTHORIZED = 401
MOST = 6  # of what is wrong in one way is shown
OVER = frozenset({400, 404, 409, 410, 422})  # what a stop of a run that is over may be refused with


def refused_as(exchange: Exchange, error: DocumentedError) -> None:
    """Require the documented status and code; raises Violation, NoAnswer or Inconclusive."""
    response = unlimited(exchange)
    not_for_being_unknown(exchange)
    expected = f"{error.status or 'a client error (4xx)'} {error.code or ''}".rstrip()
    held = response.status == error.status if error.status else 400 <= response.status < 500
    holds(held, exchange, f"answered {exchange.seen}; documented is {expected}")
    code = response.member.get("code")
    is_documented = error.code is None or code == error.code
    holds(is_documented, exchange, f"the code is {shown(code)}; documented is {shown(error.code)}")


def refused_with(exchange: Exchange, *statuses: int) -> None:
    """Require one of these statuses, or any client error if none is given."""
    response = unlimited(exchange)
    if UNAUTHORIZED not in statuses:
        not_for_being_unknown(exchange)
    held = response.status in statuses if statuses else 400 <= response.status < 500
    expected = " or ".join(map(str, statuses)) or "a client error (4xx)"
    holds(held, exchange, f"answered {exchange.seen}; expected is {expected}")


def accepted(exchange: Exchange, success: Answer) -> None:
    """Require the documented success."""
    response = unlimited(exchange)
    held = success.matches(response.status)
    holds(held, exchange, f"answered {exchange.seen}; expected is {success.status}")


def holds(held: object, exchange: Exchange, seen: str) -> None:
    """Require something of one answer, and say what was ``seen`` under the name of its case."""
    require(held, f"{exchange.case}: {seen}", exchange, at=exchange.ended_at)


def each(exchanges: Iterable[Exchange], judge: Callable[[Exchange], object]) -> None:
    """Judge each exchange: raise one Violation for all that break it, else the first reason why one is left open."""
    wrong: list[tuple[Exchange, Violation]] = []
    open_: list[Exception] = []
    try:
        for exchange in exchanges:
            try:
                judge(exchange)
            except Violation as violation:
                wrong.append((exchange, violation))
            except Inconclusive as reason:
                open_.append(reason)
    except NotRecorded as reason:  # of exchanges that were to come
        open_.append(reason)
    if wrong:
        _raise([x for x, _ in wrong], wrong[0][1].seen, all(isinstance(one, NoAnswer) for _, one in wrong))
    if open_:
        raise open_[0]


def recorded(trace: Trace, *cases: str) -> Iterator[Exchange]:
    """The exchanges of these cases; raises NotRecorded where one is missing, unlike those of ``Trace.each``."""
    return map(trace.case, cases)


def worst(judge: Iterable[tuple[Exchange, str | None]]) -> None:
    """Raise one Violation for all exchanges that come with what is wrong with them."""
    wrong = [(exchange, text) for exchange, text in judge if text]
    if wrong:
        first, text = wrong[0]
        _raise([x for x, _ in wrong], f"{first.case}: {text}", all(x.fault for x, _ in wrong))


def _raise(wrong: Sequence[Exchange], seen: str, is_unanswered: bool) -> NoReturn:
    """One failure for all of these, the first of which was ``seen``."""
    names = list(dict.fromkeys(exchange.case for exchange in wrong[1:]))
    named = ", ".join(names[:MOST]) + (", …" if len(names) > MOST else "")
    more = f" (and {len(wrong) - 1} more: {named})" if names else ""
    kind = NoAnswer if is_unanswered else Violation
    raise kind(f"{seen}{more}", wrong[:MOST], at=wrong[0].ended_at, broken=wrong)


def untouched(trace: Trace, effects: Effects) -> None:
    """Require that no run was ended by stops before one was accepted."""
    if not trace.runs:
        raise Inconclusive(trace.unmet or "no run could be started to see what the refused stops do to it")
    for run in trace.runs:
        spared(run, effects)


def spared(run: Run, effects: Effects | None = None) -> None:
    """Require that the run did not end as stopped before its owner, or an accepted stop, asked for it.

    Judged by its ``effects``, it is a stop as well that made it fail.
    """
    terminal = run.terminal
    if terminal is None or terminal.status not in {"stopped", "failed"}:
        return
    before = [stop for stop in run.stops if stop.sent_at < terminal.at]
    if any(stop.about.get("by") == "owner" or (stop.status or 0) // 100 == 2 for stop in before):
        return
    if terminal.status == "failed" and not (effects and effects.lost(run, *before)):
        return
    asked = ", ".join(f"“{stop.case}” ({stop.status})" for stop in before[-3:]) or "nobody asked"
    raise Violation(
        f"the run ended as {terminal.status} {terminal.at:.0f} ms after the scenario began, though no stop was accepted: {asked}",
        (*before[-3:], run.stream),
        at=terminal.at,
    )


def not_for_being_unknown(exchange: Exchange) -> None:
    """Raise Inconclusive where a made-up task was refused for being unknown, before anything else was looked at."""
    if exchange.about.get("live") == "no" and exchange.status == 404:
        raise Inconclusive(
            "no run could be started, and the made-up task is refused as unknown (404) before the rest"
        )
