"""The verdict as lines of text: results by topic, failures with their evidence, what is missing, the outcome."""

from collections.abc import Iterator
from itertools import groupby

from conformance.exchange import Event, Exchange
from conformance.liveness import liveness
from conformance.report.again import again, options_of
from conformance.report.curl import lacking
from conformance.report.evidence import app_mode
from conformance.scenarios.requests import IDENTITY
from conformance.session import Session, find, uncovered
from conformance.target import MODE_KEYS, OWNER_KEY
from conformance.trace import History
from conformance.verdict import NOTHING, Result, Verdict, number

MARKS = {
    "pass": "pass",
    "fail": "FAIL",
    "warning": "warn",
    "deviation": "known",
    "stale": "STALE",
    "untested": "?",
    "inconclusive": "open",
    "error": "ERROR",
}
TIMELINE = 14  # lines of a timeline
CALM = frozenset({"node_started", "node_finished", "loop_next", "ping", "text_chunk"})


def ending(verdict: Verdict, session: Session, requests: int, seconds: float) -> Iterator[str]:
    """Everything that is told at the end of a session."""
    if verdict.of("pass", "fail", "deviation", "stale", "error"):
        yield from _findings(verdict, session)
    elif verdict.summary == NOTHING:
        yield from _open(verdict)
    yield ""
    yield from _outcome(verdict, session, requests, seconds)


def _findings(verdict: Verdict, session: Session) -> Iterator[str]:
    yield from _results(verdict)
    history = session.history() if verdict.of("fail", "error") else History(())
    for result in verdict.of("fail", "stale", "error"):
        yield ""
        yield from failure(result, session, history)
    yield from _known(verdict)
    yield from _open(verdict)
    yield from _observations(session)
    yield ""
    yield f"how soon: {liveness(session.history().runs).sentence()}"


def _results(verdict: Verdict) -> Iterator[str]:
    for topic, group in groupby(verdict.results, key=lambda result: result.topic):
        yield ""
        yield topic
        for result in group:
            yield f"  {MARKS[result.told]:<5} {result.level:<6} {result.id.removeprefix(f'stop.{topic}.'):<20} {result.title}"


def failure(result: Result, session: Session, history: History) -> Iterator[str]:
    """One failure: requirement, place in the contract, what was seen, what happened, how to repeat it."""
    requirement = session.catalogue[result.id]
    yield f"{MARKS[result.told].upper()}  {result.id}  {result.level}   {result.title}"
    place = (
        f"{session.contract.source}#…{requirement.place}" if requirement.in_document else requirement.place
    )
    yield f"      contract  {place}"
    yield f"      seen      {result.reason}"
    evidence = find(history, result.evidence)
    for line in _timeline(evidence, result.at):
        yield f"      {line}"
    if result.result == "stale":
        return  # nothing of the target is to be seen again
    shell = session.target.shell
    line = again(result, evidence, options_of(session), shell)
    yield f"      again     {line}"
    if more := lacking(line, shell):
        yield f"                ({more})"


def _timeline(exchanges: list[Exchange], at: float | None) -> Iterator[str]:
    """What happened in the order of time; calm stretches of a stream are left out."""
    if len({exchange.scenario for exchange in exchanges}) > 1:
        exchanges = [x for x in exchanges if x.scenario == exchanges[0].scenario]
    moments: list[tuple[float, str]] = []
    for exchange in exchanges:
        request, answer = exchange.request, exchange.seen
        if exchange.events:
            answer = f"end of the stream: {exchange.ending}"
        moments.append((exchange.sent_at, f"→ {request.method} {request.path} “{exchange.case}”"))
        moments.append((exchange.ended_at, f"← {answer}"))
        moments += [
            (event.at, _event(event)) for event in exchange.events if event.name not in CALM or event.at == at
        ]
    moments.sort(key=lambda moment: moment[0])
    wrong = max((number for number, (moment, _) in enumerate(moments) if moment == at), default=None)
    lines = [
        f"{'✗' if n == wrong else ' '} {moment:7.0f} ms  {text}" for n, (moment, text) in enumerate(moments)
    ]
    yield from (
        lines
        if len(lines) <= TIMELINE
        else (*lines[: TIMELINE // 2], "          …", *lines[-TIMELINE // 2 :])
    )


def _event(event: Event) -> str:
    status = f" {event.status}" if event.status else ""
    node = f" {event.node}" if event.name.startswith("node") else ""
    return f"← {event.name}{node}{status}"


def _known(verdict: Verdict) -> Iterator[str]:
    """What is known not to hold, and why it is accepted."""
    if deviations := verdict.of("deviation"):
        yield ""
        yield "known deviations"
        for result in deviations:
            yield f"  {result.level:<6} {result.id}: {result.reason}"


def _open(verdict: Verdict) -> Iterator[str]:
    """What could not be decided, each reason once."""
    undecided = verdict.of("untested", "inconclusive")
    for reason in dict.fromkeys(_why(result) for result in undecided):
        of = [result for result in undecided if _why(result) == reason]
        yield ""
        yield f"{of[0].result}: {reason}"
        for result in of:
            yield f"  {result.level:<6} {result.id}"


def _why(result: Result) -> str:
    """The reason, without what differs between the consequences of one failure."""
    seen, presumes, root = result.reason.partition("), but presumes ")
    return f"failed, too, but presumes {root}" if presumes else seen


def _observations(session: Session) -> Iterator[str]:
    if session.observations:
        yield ""
        yield "observed, and left to the server"
        for id_, value in session.observations.items():
            yield f"  {id_}: {value}"


def _outcome(verdict: Verdict, session: Session, requests: int, seconds: float) -> Iterator[str]:
    for pointer in uncovered(session):
        yield f"documented, and no requirement is for it: {pointer}"
    for reason in session.options.narrowed:
        yield f"narrowed by {reason}: the verdict speaks of what was judged only"
    if session.choice.why:
        yield f"profile {session.choice.name}, {session.choice.why}"
    if better := session.choice.surpassed(verdict.results):
        yield f"better than the profile: {', '.join(better)}"
    yield from _held_up(session.history())
    counts = ", ".join(_counts(verdict))
    yield f"{session.target.base_url}: {counts}; {requests} requests in {seconds:.1f} s; reports in {session.options.reports}/"
    yield f"{verdict.outcome}: {verdict.summary}{_wrong_key(verdict, session)}"


def _wrong_key(verdict: Verdict, session: Session) -> str:
    """What of the owner's key explains an outcome, empty where nothing does."""
    if OWNER_KEY in session.target.missing:
        return f"; {OWNER_KEY} is not set"
    mode = app_mode(session.history().traces)
    if verdict.outcome == "conformant" or mode not in MODE_KEYS:
        return ""
    return f"; {OWNER_KEY} is the key of an app of mode {mode}, give that of a workflow app"


def _held_up(history: History) -> Iterator[str]:
    """What made the session slower, or another one than it would have been."""
    answers = [exchange.response for exchange in history.exchanges if exchange.response]
    if later := sum(answer.busy for answer in answers):
        yield f"{later} of {len(answers)} answers asked to come again later (429, 503): they were waited for"
    if refused := sum(answer.status == 503 and not answer.busy for answer in answers):
        yield (
            f"{refused} of {len(answers)} answers were 503 without Retry-After: where something limits the requests, "
            "send fewer (--rate, --concurrency)"
        )
    if any(IDENTITY in run.stream.request.headers and run.effective for run in history.runs):
        yield "streams came compressed, which may hold them back: they were asked for without (Accept-Encoding: identity)"


def _counts(verdict: Verdict) -> Iterator[str]:
    """How many there are of each result, as a reader takes it."""
    for kind in MARKS:
        if found := [result for result in verdict.results if result.told == kind]:
            yield number(found, kind) if kind == "warning" else f"{len(found)} {kind}"
