"""Requests that are drawn rather than listed, for tasks that were made up and runs of our own: none does any harm.

What draws them is imported by `prepare`, or when it is played: Hypothesis and schemathesis take their time.
"""

import time
import uuid
from collections.abc import Callable
from urllib.parse import quote, unquote

from conformance.contract import Operation
from conformance.effort import Effort
from conformance.exchange import Exchange, Request
from conformance.properties.amounts import AMOUNTS, READS
from conformance.properties.known import AGAIN, BESIDE, DRAWN, ENOUGH, NOBODY_BESIDE, PLAIN, WIRE
from conformance.properties.shapes import Shape, object_of
from conformance.scenarios.aim import started_early_enough
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.mistakes import MALFORMED
from conformance.scenarios.stage import Stage

ZERO = b'{"user": 0}'
UNHURRIED = 0.1  # seconds for an answer; where it takes longer, repeats are sent several at a time
SLOW = 0.8  # seconds; stops at the same moment that take longer are tried once more
ROUNDS = 2
WILDCARDS = ("%25", "_", "*", "%3F", ".")  # of SQL, file names and patterns; the first is a percent sign
NOTHING = ("null", "undefined", "0")  # what clients send that have no id
# What some servers take for all there are, or for the last: sent only where nobody else has runs.
STAND_INS = ("-1", "all", "latest", "current", "%25", "*", "", quote("' OR '1'='1"))
WIDE = str.maketrans(
    {chr(code): chr(code + 0xFEE0) for code in range(0x30, 0x7B)}
)  # NFKC makes it plain again
PADDINGS = (
    ("space after", "", "%20"),
    ("space before", "%20", ""),
    ("nul after", "", "%00"),
    ("parameters after", "", ";a=1"),
    ("a suffix after", "", ".json"),
    ("a colon after", "", ":1"),
    ("another id after", "", ",1"),
    ("a member after", "", "%26a=1"),
    ("a backslash before", "%5C", ""),
)


def prepare(effort: Effort) -> None:
    """Import what draws, for which there is time while the first runs come to the point where they are stopped."""
    from conformance.properties import bodies, drawing, heads, odd, wire  # noqa: F401, PLC0415

    if effort.reaches("standard"):
        from conformance.properties import generated, phases  # noqa: F401, PLC0415


def drawn_requests(stage: Stage) -> None:
    """Send stops with drawn users, bodies, headers, keys, ids and methods, and see that all is as before."""
    from conformance.properties import bodies, heads, odd  # noqa: PLC0415
    from conformance.properties.drawing import Drawing  # noqa: PLC0415

    drawing = Drawing(stage, turns=21)
    drawing.examples("no stop", bodies.no_stop_examples())
    drawing.examples("media types", heads.media_type_examples())
    drawing.all("methods", heads.methods(stage.contract.stop.method))
    drawing.all("preflight", heads.preflight(stage.contract.stop.method))
    drawing.all("two keys", heads.two_keys())
    drawing.listed("users", bodies.listed_users())
    drawing.shapes("users", bodies.users())
    drawing.each("long users", [bodies.long_user(length) for length in bodies.LENGTHS])
    drawing.listed("odd users", bodies.listed_odd_users())
    drawing.shapes("odd users", bodies.odd_users())
    drawing.listed("no stop", bodies.listed_no_stop())
    drawing.shapes("no stop", bodies.no_stop())
    drawing.listed("nearly JSON", bodies.nearly_json())
    drawing.listed("odd bodies", odd.listed_odd_bodies())
    drawing.shapes("odd bodies", odd.deep_bodies())
    drawing.listed("media types", heads.listed_media_types())
    drawing.shapes("media types", heads.media_types())
    drawing.listed("credentials", heads.listed_credentials())
    drawing.shapes("credentials", heads.credentials())
    drawing.shapes("spelling", bodies.spelling())
    drawing.all("members", [bodies.long_member()])
    drawing.shapes("members", bodies.members())
    drawing.shapes("header case", heads.header_case())
    drawing.shapes("charset", heads.charsets())
    drawing.all("noise", heads.listed_noise())
    drawing.shapes("noise", heads.noise())
    drawing.listed("ids", heads.listed_ids())
    drawing.shapes("ids", heads.ids())
    drawing.closing()


def raw_requests(stage: Stage) -> None:
    """Send stops byte by byte: in pieces, in chunks, and broken in ways that HTTP says to refuse."""
    from conformance.properties import wire  # noqa: PLC0415
    from conformance.properties.drawing import Drawing  # noqa: PLC0415

    if stage.target.proxy:
        raise Unmet("requests that are written byte by byte are not sent through a proxy")
    drawing = Drawing(stage, turns=8)
    lines = wire.Lines(stage, drawing.task)

    def send(family: str, drawn: "wire.Wire") -> Exchange:
        kind, request, what = drawn
        about = {"family": family, "kind": kind, **({"what": what} if what else {})}
        return stage.send_raw(DRAWN, f"wire: {kind}", request, seconds=wire.seconds(stage, kind), about=about)

    (family,) = WIRE
    drawing.family(family, wire.in_pieces(lines), send)
    drawing.family(family, wire.in_chunks(lines), send)
    drawing.every(family, wire.slowly(lines), send)
    drawing.every(family, wire.asking_first(lines), send)
    drawing.every(family, wire.old_client(lines), send)
    drawing.every(family, wire.listed_broken(lines), send)
    drawing.family(family, wire.broken(lines), send)
    drawing.family(family, wire.unclear(lines), send)
    drawing.closing()


def generated_requests(stage: Stage) -> None:
    """Send what schemathesis makes of the document: stops that it allows, stops that it does not, and reads."""
    if not stage.effort.reaches("standard"):
        raise Unmet("schemathesis draws from standard effort on")
    from conformance.properties import bodies, generated, phases  # noqa: PLC0415
    from conformance.properties.drawing import Drawing  # noqa: PLC0415

    stop = stage.contract.stop
    reading = stage.contract.reading
    drawing = Drawing(stage, turns=1 + len(phases.MODES) + 2 * len(reading))

    def read(operation: Operation) -> Callable[[str, Request], Exchange]:
        about = {"family": "supporting", "path": operation.path}
        return lambda family, request: stage.send(family, f"generated: {family}", request, about=about)

    drawing.examples("generated", bodies.no_stop_examples())
    drawing.listed("generated", generated.listed_stops(stop, drawing.amount.listed))
    for operation in reading:
        drawing.every("supporting", generated.listed_reads(operation, stage, READS), read(operation))
    for mode in phases.MODES:
        drawing.shapes("generated", generated.stops(stop, mode))
    for operation in reading:
        drawing.family("supporting", generated.reads(operation, stage), read(operation), most=READS)
    drawing.closing()


def same_answers(stage: Stage) -> None:
    """Send one stop again and again, after malformed ones, and several at once."""
    amount = AMOUNTS[stage.effort.level]
    task = str(uuid.uuid4())
    until = time.monotonic() + amount.seconds

    def send(case: str, shape: Shape = Shape(), turn: int = 0) -> Exchange:
        about = {"family": PLAIN, "round": str(turn)}
        return stage.send(DRAWN, case, shape.request(stage, task), about=about)

    def at_once(case: str, number: int, turn: int = 0, shape: Shape = Shape()) -> list[Exchange]:
        return stage.together([lambda: send(case, shape, turn) for _ in range(number)], drawn=True)

    alone = [send(PLAIN), *(send("alone") for _ in range(3))]
    slowest = max(exchange.ended_at - exchange.sent_at for exchange in alone) / 1000
    width = 1 if slowest < UNHURRIED else stage.limits.together
    left = amount.repeats
    while left > 0 and (time.monotonic() < until or amount.repeats - left < ENOUGH):
        at_once("repeat", min(width, left)) if width > 1 else send("repeat")
        left -= width
    for body in (MALFORMED, b"", b"[]", b"\xff", object_of()[:-1], ZERO):
        send("malformed", Shape(body=body))
        send(AGAIN)
    for number in range(ROUNDS):  # by a user whom the server meets here, and may have to write down first
        body = object_of(f"{stage.user}-together-{number}")
        together = at_once("together", stage.limits.together, number + 1, Shape(body=body))
        if max(exchange.ended_at for exchange in together) - min(x.sent_at for x in together) < SLOW * 1000:
            break
    mixed = [(BESIDE, Shape()), (NOBODY_BESIDE, Shape(body=b"{}"))] * (stage.limits.together // 2)
    stage.together([lambda one=one: send(*one) for one in mixed], drawn=True)  # type: ignore[misc]


def unusual_ids(stage: Stage) -> None:
    """Send stops whose ids only resemble that of a run, and one that is it, but written in another way."""

    def pad(run: LiveRun) -> None:
        for case, prefix, suffix in PADDINGS:
            _resembling(stage, run, prefix + quote(run.task_id, safe="") + suffix, case)
        wide = run.task_id[:-1] + run.task_id[-1].translate(WIDE)
        if wide != run.task_id:
            _resembling(stage, run, quote(wide, safe=""), "full width at the end")
        for at in _within_and_last(run.task_id):
            other = _with_another_sign(run.task_id, at)
            _resembling(stage, run, quote(other, safe=""), f"another sign at {at}")

    def stand_in(run: LiveRun) -> None:
        for wildcard in WILDCARDS:
            _resembling(stage, run, quote(run.task_id[:-1], safe="") + wildcard, f"{wildcard} at the end")
        for word in (*NOTHING, *(STAND_INS if stage.target.near else ())):
            _resembling(stage, run, word, word)

    once = stage.start("encoded once")
    request = Shape(task=_encoded(once.task_id), body=object_of(once.user)).request(stage, "")
    stage.stop(once, "encoded once", request=request, by="owner")
    once.wait_over(stage.deadlines.stop)
    stage.leave(once)
    double = started_early_enough(
        stage,
        "encoded twice",
        lambda run: _resembling(stage, run, _encoded(run.task_id).replace("%", "%25"), "encoded twice"),
    )
    padded = started_early_enough(stage, "padded", pad)
    standing_in = started_early_enough(stage, "stood in for", stand_in)
    for run in (double, padded, standing_in):
        stage.finish(run)


def _resembling(stage: Stage, run: LiveRun, task: str, case: str) -> None:
    """A stop for another id; it is none of this run, so that it is not recorded as one.

    What happens to be the id of a run is left out.
    """
    meant = unquote(task)
    if meant == run.task_id or stage.is_of_another(meant, run):
        return
    request = Shape(task=task, body=object_of(run.user)).request(stage, "")
    stage.send(DRAWN, case, request, about={"family": "unusual ids", "run": run.id})


def _within_and_last(task: str) -> set[int]:
    """Where a letter or digit of an id is changed: the first from the middle on, and the last."""
    places = [at for at in range(len(task) // 2, len(task)) if task[at].isalnum() and task[at].isascii()]
    return {places[0], places[-1]} if places else set()


def _with_another_sign(task: str, at: int) -> str:
    """An id of the same shape that differs in one place."""
    return f"{task[:at]}{'1' if task[at] == '0' else '0'}{task[at + 1 :]}"


def _encoded(task: str) -> str:
    """The id with its first character percent-encoded, which means the same (RFC 3986 §6.2.2.2)."""
    return "".join(f"%{byte:02X}" for byte in task[0].encode()) + quote(task[1:], safe="")
