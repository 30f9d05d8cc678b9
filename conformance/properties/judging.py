"""How the checks judge traces of drawn requests: each exchange by its rule, many by what most of them say."""

from collections import Counter
from collections.abc import Sequence

from conformance.contract import Contract, Operation
from conformance.exchange import Exchange
from conformance.judging import Inconclusive, NoAnswer, Violation
from conformance.properties.known import Known, gist
from conformance.properties.rules import RULES, size
from conformance.refusal import worst
from conformance.trace import History, Trace

AT_ONCE = 200.0  # milliseconds between the first and the last of several requests that count as simultaneous
# milliseconds; stops at the same moment that take longer than this may have waited for each other
SLOWEST = 800.0


def held(rule: str, stop: Operation, *traces: Trace) -> None:
    """Require that no exchange breaks a rule; the smallest that does is the evidence."""
    judged = sound = 0
    found: list[tuple[Exchange, str]] = []
    for trace in traces:
        known = Known.of(trace, stop)
        concerned = trace.where(RULES[rule].concerns)
        judged += len(concerned)
        found += [(one, text) for one in concerned if (text := RULES[rule].broken(one, known))]
        sound += sum(not RULES[rule].wrong(one, known) for one in concerned)
    if found:
        _fail(found, judged)
    unmet = next((trace.unmet for trace in traces if trace.unmet), None)
    if unmet or not judged:
        raise Inconclusive(unmet or "nothing of the kind was drawn")
    if not sound:
        raise Inconclusive(
            "all that was drawn breaks it as its example does, of which another requirement speaks"
        )


def held_of_every_stop(rule: str, stop: Operation, history: History, drawn: Trace) -> None:
    """Require that no stop at all is answered in a way that breaks a rule, drawn or not."""
    others = (x for x in history.exchanges if x.operation == "stop" and not x.busy)
    worst((exchange, RULES[rule].wrong(exchange, Known(exchange, {}, stop))) for exchange in others)
    held(rule, stop, drawn)


def _fail(found: list[tuple[Exchange, str]], judged: int) -> None:
    number, (smallest, text) = min(enumerate(found), key=lambda one: (size(one[1][0]), -one[0]))
    share = f" ({len(found)} of {judged} drawn)" if judged > 1 else ""
    others = [one for index, (one, _) in enumerate(found) if index != number]
    kind = NoAnswer if all(one.fault and not one.response for one, _ in found) else Violation
    raise kind(f"{smallest.case}: {text}{share}", (smallest, *others[:5]), at=smallest.ended_at)


def read_soundly(trace: Trace, contract: Contract) -> None:
    """Require that no reading operation answers with a server error, by the rule and by schemathesis' check."""
    reads = trace.where(lambda exchange: exchange.operation == "supporting")
    broken = [(exchange, text) for exchange in reads if (text := _server_error(exchange, contract))]
    if broken:
        first, text = broken[0]
        raise Violation(f"{first.case}: {text}", [exchange for exchange, _ in broken[:3]], at=first.ended_at)
    if not reads:
        raise Inconclusive(trace.unmet or "nothing was read")


def _server_error(exchange: Exchange, contract: Contract) -> str | None:
    if (exchange.status or 0) >= 500:
        return f"answered {exchange.seen}"
    from conformance.properties import borrowed  # noqa: PLC0415 - schemathesis takes its time to import

    read = next((one for one in contract.reading if one.path == exchange.about.get("path")), None)
    return borrowed.finding("not_a_server_error", exchange, read) if read else None


def same_as_most(trace: Trace, *cases: str, fewest: int = 1) -> None:
    """Require that all exchanges of some cases are answered as most repeats are."""
    chosen = trace.where(lambda exchange: exchange.case in cases and not exchange.busy)
    usual = _usual(trace)
    other = [exchange for exchange in chosen if not exchange.response or gist(exchange.response) != usual]
    if not other and len(chosen) < fewest:
        raise Inconclusive(trace.unmet or f"only {len(chosen)} requests were sent before the time was over")
    if not other:
        trace.whole()
        return
    number = chosen.index(other[0]) + 1
    seen = f"{len(other)} of {len(chosen)} were answered otherwise; first number {number}: {other[0].seen}"
    kind = NoAnswer if all(one.fault and not one.response for one in other) else Violation
    raise kind(seen, (*other[:3], *[one for one in chosen if one not in other][:1]), at=other[0].ended_at)


def _usual(trace: Trace) -> tuple[object, ...]:
    """What most of the plain stops are answered, those before anything else was sent first of all."""
    plain = [exchange for exchange in trace.exchanges if exchange.case in {"plain", "alone", "repeat"}]
    heard = [exchange.response for exchange in plain if exchange.response and not exchange.busy]
    counted = Counter(map(gist, heard))
    if not counted and any(exchange.response is None for exchange in plain):
        raise NoAnswer(f"none of {len(plain)} plain stops was answered: {plain[0].seen}", plain[:3])
    if not counted:
        raise Inconclusive(trace.unmet or "no plain stop was answered")
    return counted.most_common(1)[0][0]


def side_by_side(trace: Trace) -> None:
    """Require that stops at the same moment take less than half of what they would take one after another."""
    alone = trace.where(lambda exchange: exchange.case == "alone" and exchange.response is not None)
    rounds: dict[str, list[Exchange]] = {}
    for exchange in trace.where(lambda exchange: exchange.case == "together"):
        rounds.setdefault(exchange.about.get("round", ""), []).append(exchange)
    if not alone or not rounds:
        raise Inconclusive(trace.unmet or "no stops were sent at the same moment")
    prompt = [stops for stops in rounds.values() if _spread(stops) <= AT_ONCE]
    if not prompt:
        raise Inconclusive(
            "the stops could not be sent at the same moment: the machine is busy, or the rate limited"
        )
    single = max(exchange.ended_at - exchange.sent_at for exchange in alone)
    best = min(prompt, key=_lasted)
    lasted, in_turn = _lasted(best), single * len(best)
    if lasted > SLOWEST and lasted > in_turn / 2:
        last = max(best, key=lambda exchange: exchange.ended_at)
        seen = f"{len(best)} stops at the same moment took {lasted:.0f} ms, one alone {single:.0f} ms: they waited for each other"
        raise Violation(seen, (last, alone[-1]), at=last.ended_at)


def _spread(exchanges: Sequence[Exchange]) -> float:
    return max(exchange.sent_at for exchange in exchanges) - min(exchange.sent_at for exchange in exchanges)


def _lasted(exchanges: Sequence[Exchange]) -> float:
    return max(exchange.ended_at for exchange in exchanges) - min(exchange.sent_at for exchange in exchanges)
