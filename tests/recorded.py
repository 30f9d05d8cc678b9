"""Traces made of what real Dify servers were recorded to answer, and the suite's own checks over them.

The recordings keep what was answered, the bytes of some streams, and the times of the events of others. What
they do not keep is made up in the plainest way: an event that is only known by its name and time has the
members of the same event in the recorded stream, a stop without a time came right before the last event, and
a run of which only the last events were kept began with workflow_started.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from conformance import suites
from conformance.contract import load_contract
from conformance.effects import Effects
from conformance.exchange import Event, Exchange, Request, Response
from conformance.judging import Inconclusive, NoAnswer, Untested, Violation
from conformance.requirements import Requirement, load_catalogue
from conformance.runs import Natural
from conformance.scenarios import SCENARIOS
from conformance.sse import SseParser
from conformance.target import Deadlines
from conformance.trace import History, NotRecorded, Run, Trace
from conformance.verdict import Circumstances, Result, ResultKind, decide

DATA = Path(__file__).parent / "data" / "recorded-versions.jsonl"
CATALOGUE = load_catalogue()
JSON = (("Content-Type", "application/json"),)
STREAM = (("Content-Type", "text/event-stream; charset=utf-8"),)

Traces = Mapping[str, Trace]
Line = dict[str, Any]


def lines(kind: str, version: str) -> list[Line]:
    """The recorded lines of that kind for one version."""
    found = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    return [
        line
        for line in found
        if line["kind"] == kind and (line.get("version") == version or version in line.get("answers", ()))
    ]


def traces_of(version: str) -> dict[str, Trace]:
    """A trace for each scenario of which anything was recorded."""
    exchanges: dict[str, list[Exchange]] = {}
    for number, line in enumerate(lines("answer", version)):
        answer = line["answers"][version]
        response = Response(
            answer["status"], "", tuple(map(tuple, answer["headers"])), answer["body"].encode()
        )
        operation = line.get("operation", "stop")
        exchange = replace(
            _exchange(f"answer/{number}", line["scenario"], operation, line["case"], response),
            request=Request(line.get("method", "POST"), "http://recorded.invalid/v1"),
            about=line.get("about", {}),
        )
        exchanges.setdefault(line["scenario"], []).append(exchange)
    traces = {name: Trace(name, tuple(found)) for name, found in exchanges.items()}
    runs = [_from_stream(line) for line in lines("stream", version)]
    runs += [_from_times(line, version) for line in lines("run", version)]
    for trace in runs:
        if trace.scenario not in traces:
            traces[trace.scenario] = trace
    return traces


def variants_of(version: str) -> Iterator[Traces]:
    """What the version did once, and then each other run that its owner stopped in the place of the plain one."""
    traces = traces_of(version)
    yield traces
    for line in lines("run", version):
        if line["by_owner"]:
            stopped = _from_times(line | {"scenario": "plain", "cases": ["stop"]}, version)
            yield traces | {"plain": stopped}


@dataclass(frozen=True)
class Check:
    """A check of the suites as a function of traces."""

    requirement: Requirement
    function: Callable[..., None]

    def judge(self, traces: Traces) -> Result:
        """What the check says of them."""
        one = self.requirement
        kind, reason = self._ended(traces)
        return Result(one.id, one.level, one.title, kind, reason)

    def _ended(self, traces: Traces) -> tuple[ResultKind, str]:
        names = inspect.signature(self.function).parameters
        try:
            self.function(**{name: _fixture(name, traces) for name in names})
        except (NoAnswer, Violation) as violation:
            return "fail", str(violation)
        except (Inconclusive, NotRecorded, Untested) as reason:
            return "inconclusive", str(reason)
        return "pass", ""


@cache
def checks() -> tuple[Check, ...]:
    """Every check of the suites, that draws nothing itself."""
    found = []
    for module in iter_modules(suites.__path__):
        for function in vars(import_module(f"{suites.__name__}.{module.name}")).values():
            for mark in getattr(function, "pytestmark", ()):
                if mark.name == "requirement":
                    found.append(Check(CATALOGUE[mark.args[0]], function))
    return tuple(found)


def judge(traces: Traces) -> dict[str, Result]:
    """The results of all checks by id, consequences told from causes."""
    results = [check.judge(traces) for check in checks()]
    return {result.id: result for result in decide(results, CATALOGUE, Circumstances()).results}


def _fixture(name: str, traces: Traces) -> Any:
    match name:
        case "contract":
            return _contract()
        case "deadlines":
            return Deadlines()
        case "effects":
            return Effects(Deadlines(), Natural(None))
        case "history":
            return History(tuple(traces.values()))
        case "observe":
            return lambda _: None
    if name not in SCENARIOS:
        raise Inconclusive(f"{name} cannot be had from a recording")
    return traces.get(name) or Trace(name, unmet="it was not recorded")


@cache
def _contract() -> Any:
    return load_contract()


def _from_stream(line: Line) -> Trace:
    """A run whose bytes were recorded; stopped right before its last event."""
    parser = SseParser()
    frames = parser.feed(line["sse"].encode())
    events = tuple(Event.of(100.0 * n, frame.event, frame.data) for n, frame in enumerate(frames, 1))
    stopped = line["scenario"] == "plain"
    stop_at = events[-1].at - 50.0
    answer = Response(200, "OK", JSON, b'{"result": "success"}\n')
    stops = [("stop", answer, stop_at, stop_at + 10.0)] if stopped else []
    return _run(line["scenario"], events, stops, [line["detail"]], by_owner=True)


def _from_times(line: Line, version: str) -> Trace:
    """A run of whose events names and times were recorded."""
    known = _known_events(version)
    end = line["timeline_s"][-1][0]
    ids = {"task_id": line["scenario"], "workflow_run_id": line["scenario"]}
    events = []
    for at, name in line["timeline_s"]:
        if name == "event: ping":
            events.append(Event.of(at * 1000, "ping", None))
            continue
        payload = known.get(name, {"event": name}) | ids
        if name == "workflow_finished":
            payload = payload | {"data": payload["data"] | line["final"]}
        events.append(Event.of(at * 1000, None, json.dumps(payload)))
    stop_at = (end - line["after_s"]) * 1000
    stops = [
        (case, Response(status, "", JSON, body.encode()), stop_at, stop_at + milliseconds)
        for case, (status, body, milliseconds) in zip(line["cases"], line["stop_results"], strict=False)
    ]
    details = [{"status": status} for status in line["statuses"]]
    return _run(line["scenario"], tuple(events), stops, details, by_owner=line["by_owner"])


@cache
def _known_events(version: str) -> dict[str, Any]:
    payloads = [
        event.payload
        for line in lines("stream", version)
        for event in _from_stream(line).runs[0].events
        if event.payload
    ]
    first = payloads[0]
    ids = {name: first[name] for name in ("task_id", "workflow_run_id")}
    return {payload["event"]: payload | ids for payload in payloads}


def _run(
    scenario: str,
    events: tuple[Event, ...],
    stops: list[tuple[str, Response, float, float]],
    details: list[Mapping[str, Any]],
    *,
    by_owner: bool,
) -> Trace:
    id_ = f"{scenario}/run"
    end = events[-1].at
    stream = replace(
        _exchange(id_, scenario, "run", "owner", Response(200, "OK", STREAM, b"")),
        ended_at=end,
        events=events,
        ending="clean",
        about={"run": id_},
    )
    about = {"run": id_} | ({"by": "owner"} if by_owner else {})
    sent = [
        replace(_exchange(f"{id_}/{case}", scenario, "stop", case, response), sent_at=at, ended_at=done)
        for case, response, at, done in stops
    ]
    read = [
        replace(
            _exchange(f"{id_}/detail {n}", scenario, "detail", "detail", _as_json(detail)),
            sent_at=end + 10_000 * (n + 1),
        )
        for n, detail in enumerate(details)
    ]
    told = [replace(exchange, about=about) for exchange in (*sent, *read)]
    return Trace(scenario, (stream, *told))


def _exchange(id_: str, scenario: str, operation: str, case: str, response: Response) -> Exchange:
    request = Request("POST", "http://recorded.invalid/v1")
    return Exchange(id_, scenario, operation, case, request, 0.0, 1.0, response)


def _as_json(value: Mapping[str, Any]) -> Response:
    return Response(200, "OK", JSON, json.dumps(value).encode())


def plain_run(traces: Traces) -> Run:
    """The run of the plain scenario."""
    return traces["plain"].runs[0]
