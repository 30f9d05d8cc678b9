"""The recording: one JSON line for the header, each exchange, scenario and result, and the footer.

Every line is written as soon as its content is known, so that nothing observed is lost when the session
breaks off. The schema of a line is ``specs/recording.schema.json``.
"""

import base64
import binascii
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from conformance.trace import Event, Exchange, Fault, Json, Request, Response, Trace
from conformance.verdict import Result, Verdict

FORMAT = 1


class RecordingError(Exception):
    """A recording that cannot be judged; the text says why."""


class Writer:
    """Writes a recording line by line; thread-safe."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("w", encoding="utf-8")
        self._digest = hashlib.sha256()
        self._lock = threading.Lock()
        self._exchanges = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def header(self, values: Mapping[str, Json]) -> None:
        """Write who is judged, by what, and how."""
        self._write({"type": "header", "format": FORMAT, **values})

    def exchange(self, exchange: Exchange) -> None:
        """Write one exchange."""
        with self._lock:
            self._exchanges += 1
        self._write(dump_exchange(exchange))

    def scenario(self, trace: Trace) -> None:
        """Write how a scenario ended."""
        self._write(
            {"type": "scenario", "name": trace.scenario, "unmet": trace.unmet, "missing": list(trace.missing)}
        )

    def result(self, result: Result) -> None:
        """Write what became of a requirement."""
        self._write({"type": "result", **asdict(result)})

    def footer(self, verdict: Verdict) -> None:
        """Write the outcome and the digest of all lines before."""
        digest = self._digest.hexdigest()
        outcome = {"outcome": verdict.outcome, "exit_code": verdict.exit_code, "summary": verdict.summary}
        self._write({"type": "footer", **outcome, "exchanges": self._exchanges, "sha256": digest})

    def _write(self, line: Mapping[str, Json]) -> None:
        text = json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n"
        with self._lock:
            if not self._file.closed:
                self._digest.update(text.encode())
                self._file.write(text)
                self._file.flush()


@dataclass(frozen=True)
class Recording:
    """A recording read back; ``complete`` unless it broke off before its footer."""

    header: Mapping[str, Json]
    traces: Mapping[str, Trace]
    results: tuple[Result, ...] = ()
    footer: Mapping[str, Json] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether it has its footer."""
        return bool(self.footer)

    def trace(self, name: str) -> Trace:
        """The trace of a scenario; one that was not recorded is unmet."""
        return self.traces.get(name) or Trace(name, unmet="the recording has nothing of this scenario")


def read_recording(path: Path) -> Recording:
    """Read a recording; raises RecordingError for what is none, or was changed after it was written."""
    header: Mapping[str, Json] = {}
    footer: Mapping[str, Json] = {}
    exchanges: dict[str, list[Exchange]] = {}
    ends: dict[str, Mapping[str, Json]] = {}
    results: list[Result] = []
    try:
        for number, line in _lines(path):
            match line["type"]:
                case "header" if number == 1:
                    header = line
                case "exchange":
                    exchange = load_exchange(line)
                    exchanges.setdefault(exchange.scenario, []).append(exchange)
                case "scenario":
                    ends[line["name"]] = line
                case "result":
                    results.append(_load_result(line))
                case "footer":
                    footer = line
    except (KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise RecordingError(
            f"{path} is no recording of this suite, or a line of it is broken ({error!r})."
        ) from error
    if header.get("format") != FORMAT:
        raise RecordingError(
            f"{path} is no recording of this suite, or of another version of it. Give a run.jsonl."
        )
    broke_off = None if footer else "the recording breaks off"
    traces = {
        name: _trace(name, exchanges.get(name, []), ends.get(name), broke_off) for name in {*exchanges, *ends}
    }
    return Recording(header, traces, tuple(results), footer)


def _trace(
    name: str, exchanges: list[Exchange], end: Mapping[str, Json] | None, broke_off: str | None
) -> Trace:
    ordered = tuple(exchanges)
    if end is None:
        return Trace(name, ordered, unmet=broke_off or "the recording does not say how this scenario ended")
    return Trace(name, ordered, end["unmet"], tuple(end["missing"]))


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Json]]]:
    """The lines with their numbers; an unfinished last line is left out, a wrong digest refused."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                if not raw.endswith(b"\n"):
                    return
                line = json.loads(raw)
                if line["type"] == "footer" and line["sha256"] != digest.hexdigest():
                    raise RecordingError(
                        f"{path} was changed after it was written: its digest does not match. Record again."
                    )
                digest.update(raw)
                yield number, line
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be read: {error}. Give the run.jsonl of an earlier run."
        ) from error
    except ValueError as error:
        raise RecordingError(
            f"{path} is no recording: line {number} is no JSON ({error}). Give a run.jsonl."
        ) from error


def dump_exchange(exchange: Exchange) -> dict[str, Json]:
    """The exchange as JSON."""
    line = {
        "type": "exchange",
        **{name: getattr(exchange, name) for name in _PLAIN},
        "about": dict(exchange.about),
    }
    line["request"] = _asdict(exchange.request)
    line["response"] = _asdict(exchange.response) if exchange.response else None
    line["fault"] = asdict(exchange.fault) if exchange.fault else None
    line["events"] = [[event.at, event.kind, event.data, event.malformed] for event in exchange.events]
    return line


_PLAIN = ("id", "scenario", "operation", "case", "sent_at", "ended_at", "answered_at", "ending")


def load_exchange(line: Mapping[str, Json]) -> Exchange:
    """The exchange that ``dump_exchange`` wrote."""
    request, response, fault = line["request"], line["response"], line["fault"]
    return Exchange(
        **{name: line[name] for name in _PLAIN},
        about=dict(line["about"]),
        request=Request(**_loaded(request)),
        response=Response(**_loaded(response)) if response else None,
        fault=Fault(**fault) if fault else None,
        events=tuple(Event.of(*event) for event in line["events"]),
    )


def _asdict(record: Request | Response) -> dict[str, Json]:
    values: dict[str, Any] = {name: getattr(record, name) for name in record.__dataclass_fields__}
    values["body"] = _dump_bytes(values["body"])
    values["headers"] = [list(header) for header in values["headers"]]
    return values


def _loaded(values: Mapping[str, Json]) -> dict[str, Any]:
    headers = tuple((name, value) for name, value in values["headers"])
    return {**values, "headers": headers, "body": _load_bytes(values["body"])}


def _dump_bytes(data: bytes) -> Json:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _load_bytes(value: Json) -> bytes:
    return (
        value.encode("utf-8") if isinstance(value, str) else base64.b64decode(value["base64"], validate=True)
    )


def _load_result(line: Mapping[str, Json]) -> Result:
    values = {name: line[name] for name in Result.__dataclass_fields__}
    return Result(
        **{**values, "evidence": tuple(values["evidence"]), "scenarios": tuple(values["scenarios"])}
    )
