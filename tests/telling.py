"""A piece of evidence in a few lines, without what differs from run to run; for the examples of the catalogue."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from conformance.exchange import Event, Exchange
from conformance.report.evidence import Evidence
from conformance.report.text import CALM
from conformance.trace import CLEAN_UP, Run
from conformance.verdict import Result

WIDTH = 150  # characters of a line
SAID = 300  # of what a check says
PAIRS = 2  # requests that stand for a requirement that is told without a stream
LINES = 9  # of a stream
REST = r"-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
UUID = rf"[0-9a-fA-F]{{8}}{REST}"
ENCODED = rf"%(25)?[0-9a-f]{{2}}[0-9a-f]{{7}}{REST}"  # its first character is percent-encoded, once or twice
USUAL = {
    "authorization": "Bearer $DIFY_API_KEY",
    "content-type": "application/json",
    "accept": "",
    "accept-encoding": "",
    "user-agent": "",
    "content-length": "",
    "host": "",
    "connection": "",
}
TOLD = ("www-authenticate", "allow", "location")  # headers of an answer that requirements speak of
ORDINARY_LINES = (
    r"⏎(Host|Authorization: Bearer \$DIFY_API_KEY|Content-Type: application/json|User-Agent|Accept)[^⏎]*(?=⏎)"
)
NOTHING = "(no body)"
ORDINARY = ("plain", "alone")  # cases that others are compared with


def told(result: Result, evidence: Evidence) -> tuple[str, ...]:
    """The lines in which a result shows."""
    shown = _chosen(result, evidence)
    known = _ids(evidence)
    if any(x.id in evidence.runs for x in shown):
        lines = _shortened(list(_stream(shown, result.at)))
    else:
        lines = [line for x in shown[:PAIRS] for line in _pair(x)]
    return tuple(_cut(_visible(placed(line, known))) for line in lines)


def said(text: str, evidence: Evidence) -> str:
    """What a check said, shortened."""
    text = placed(" ".join(text.split()), _ids(evidence))
    return text if len(text) <= SAID else f"{text[: SAID - 1]}…"


def _ids(evidence: Evidence) -> dict[str, str]:
    """The ids of the runs, also as the suite changes them, with what stands for each."""
    known: dict[str, str] = {}
    for run in evidence.runs.values():
        if run.task_id:
            known |= {run.task_id: "TASK", run.task_id.upper(): "TASK-IN-CAPITALS"}
        if run.run_id:
            known[run.run_id] = "RUN"
    return known


def placed(text: str, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """The text with placeholders for ids, users and addresses."""
    text = re.sub(ENCODED, lambda found: f"%{found[1] or ''}54ASK", text)
    text = re.sub(UUID, lambda found: known.get(found[0], found[0]), text)
    text = re.sub(r"https?://127\.0\.0\.1:\d+", "", text)
    text = re.sub(rf"(/tasks/|task ){UUID}", r"\1TASK", text)
    text = re.sub(rf"(/run/|run ){UUID}", r"\1RUN", text)
    text = re.sub(UUID, "ID", text)
    text = re.sub(r"/tasks/[0-9a-fA-F-]{6,36}(?=[/_%*])", "/tasks/PART-OF-TASK", text)
    text = re.sub(r"app-[0-9a-f]{10,}", "app-UNKNOWN", text)
    text = re.sub(r"(?<!dify-)(?<!name\":\")\bconformance-[0-9a-z-]+", "USER", text)
    return re.sub(r"127\.0\.0\.1(:\d+)?", lambda found: "HOST" if found[1] else "LOOPBACK", text)


def _chosen(result: Result, evidence: Evidence) -> list[Exchange]:
    """What shows the result: its evidence, the telling cases first; else a run or a sample of its scenarios."""
    found = evidence.of(result)
    if evidence.is_sample(result):
        return _sample(result, evidence)
    if not _flat(found, evidence):
        return found
    rule = result.id.rpartition(".")[2].replace("-", " ")
    telling = [x for x in found if x.case not in ORDINARY] or found
    return sorted(telling, key=lambda x: rule not in x.case)


def _flat(found: Iterable[Exchange], evidence: Evidence) -> bool:
    return not any(x.id in evidence.runs for x in found)


def _sample(result: Result, evidence: Evidence) -> list[Exchange]:
    """A run, or a refusal of each status, of the scenarios that the check looks at; of all where it names none."""
    played = [trace for name in result.scenarios for trace in evidence.traces if trace.scenario == name]
    played = played or list(evidence.traces)
    runs = [run for trace in played for run in trace.runs if any(s.case != CLEAN_UP for s in run.stops)]
    if runs and (result.topic == "lifecycle" or result.id.endswith(".no-effect")):
        return _of_run(runs[0])
    sent = [x for trace in played for x in trace.exchanges if x.operation in {"stop", "drawn"}]
    refused = {x.status: x for x in reversed(sent) if x.operation == "stop" and (x.status or 0) >= 400}
    return list(refused.values())[::-1] or sent


def _of_run(run: Run) -> list[Exchange]:
    return [run.stream, *(stop for stop in run.stops if stop.case != CLEAN_UP), *run.details[-1:]]


def _pair(x: Exchange) -> Iterator[str]:
    yield f"→ {_request(x)}"
    yield f"← {_answer(x)}"


def _request(x: Exchange) -> str:
    body = x.request.body.decode("utf-8", "backslashreplace")
    if x.request.raw:
        return re.sub(ORDINARY_LINES, "", body.replace("\r\n", "⏎"))
    unusual = [
        f"[{name}: {value}]" if value else f"[{name}: ]"
        for name, value in x.request.headers
        if USUAL.get(name.lower(), "?") not in ("", value)
    ]
    missing = [] if _has(x, "authorization") else ["[no Authorization]"]
    sent = [] if x.request.method == "GET" and not body else [body or NOTHING]
    return " ".join([x.request.method, _path(x), *missing, *unusual, *sent])


def _has(x: Exchange, name: str) -> bool:
    return any(key.lower() == name for key, _ in x.request.headers)


def _path(x: Exchange) -> str:
    parts = urlsplit(x.request.url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _answer(x: Exchange) -> str:
    response = x.response
    if x.fault or response is None:
        return x.seen
    if x.operation == "detail" and "status" in response.member:
        return f'{response.status} {{… "status": {json.dumps(response.member["status"])} …}}'
    kind = (
        []
        if response.media_type == "application/json"
        else [f"[{response.header('content-type') or 'no Content-Type'}]"]
    )
    others = [f"[{name}: {value}]" for name, value in response.headers if name.lower() in TOLD]
    text = " ".join(response.text.split())
    return " ".join([str(response.status), *kind, *others, text or NOTHING])


def _stream(shown: Sequence[Exchange], at: float | None) -> Iterator[str]:
    """What happened in the order of time; calm stretches are left out."""
    first = next(x for x in shown if x.events or x.operation == "run")
    moments: list[tuple[float, str]] = []
    for x in (x for x in shown if x.scenario == first.scenario):
        moments.append(
            (x.sent_at, f"→ {x.request.method} {_path(x)} “{x.case}”" if x.events else f"→ {_request(x)}")
        )
        if not x.events:
            moments.append((x.ended_at, f"← {_answer(x)}"))
            continue
        moments += [(e.at, f"← {_event(e)}") for e in x.events if e.name not in CALM or e.at == at]
        moments.append((x.ended_at, f"  the stream of “{x.case}” ends: {x.ending}"))
    moments.sort(key=lambda moment: moment[0])
    wrong = max((n for n, (moment, _) in enumerate(moments) if moment == at), default=None)
    yield from (f"✗ {text}" if n == wrong else text for n, (_, text) in enumerate(moments))


def _event(event: Event) -> str:
    about = [event.node] if event.name.startswith("node") else []
    return " ".join([event.name, *about, *([event.status] if event.status else [])])


def _shortened(lines: list[str]) -> list[str]:
    """The beginning and the end, and what went wrong between them."""
    if len(lines) <= LINES:
        return lines
    half = LINES // 2
    wrong = [line for line in lines[half:-half] if line.startswith("✗")]
    return [*lines[:half], "  …", *wrong, *lines[-half:]]


def _visible(text: str) -> str:
    """The text with whatever does not print as its escape."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
