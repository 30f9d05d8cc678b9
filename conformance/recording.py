"""The recording: one JSON line for the header, each exchange, scenario and result, and the footer.

Every line is written as soon as its content is known, so that nothing observed is lost when the session
breaks off. The schema of a line is ``specs/recording.schema.json``.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TextIO

from conformance.exchange import Exchange, Json
from conformance.recorded import dump_exchange, load_exchange
from conformance.resources import specs_dir
from conformance.trace import Trace
from conformance.verdict import Result, Verdict

FORMAT = 1
BROKE_OFF = "the recording breaks off"


class RecordingError(Exception):
    """A recording that cannot be judged; the text says why."""


class Writer:
    """Writes a recording line by line; thread-safe.

    Where no more can be written, it breaks off, and ``failed`` says why: what is judged is in memory, too.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("w", encoding="ascii", newline="\n")
        self._digest = hashlib.sha256()
        self._lock = threading.Lock()
        self._exchanges = 0
        self.failed: OSError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def header(self, values: Mapping[str, Json]) -> None:
        """Write who is judged, by what, and how."""
        self._write({"type": "header", "format": FORMAT, **values})

    def exchange(self, exchange: Exchange) -> None:
        """Write one exchange."""
        line = dump_exchange(exchange)
        with self._lock:
            self._exchanges += not self._file.closed
            self._put(line)

    def scenario(self, trace: Trace) -> None:
        """Write how a scenario ended."""
        self._write(
            {"type": "scenario", "name": trace.scenario, "unmet": trace.unmet, "missing": list(trace.missing)}
        )

    def result(self, result: Result) -> None:
        """Write what became of a requirement."""
        self._write({"type": "result", **asdict(result)})

    def observation(self, id_: str, value: str) -> None:
        """Write what was seen of a requirement that is observed and not judged."""
        self._write({"type": "observation", "id": id_, "value": value})

    def footer(
        self, verdict: Verdict, *, requests: int = 0, seconds: float = 0.0, interrupted: str = ""
    ) -> None:
        """Write the outcome and the digest of all lines before; nothing can be written after it."""
        line = {
            "type": "footer",
            "outcome": verdict.outcome,
            "exit_code": verdict.exit_code,
            "summary": verdict.summary,
            "requests": requests,
            "seconds": round(seconds, 3),
            "interrupted": interrupted,
        }
        with self._lock:
            counted = {**line, "exchanges": self._exchanges}
            self._put({**counted, "sha256": _digest_with(self._digest, counted)})
            self._close()

    def _write(self, line: Mapping[str, Json]) -> None:
        with self._lock:
            self._put(line)

    def _put(self, line: Mapping[str, Json]) -> None:
        if self._file.closed:
            return  # a scenario that outlives the session has nobody left to tell
        text = _text(line) + "\n"
        self._digest.update(text.encode("ascii"))
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            self.failed = error
            self._close()

    def _close(self) -> None:
        try:
            self._file.close()
        except OSError as error:  # of what could not be written before
            self.failed = self.failed or error


@dataclass(frozen=True)
class Recording:
    """A recording read back; ``complete`` unless it broke off before its footer."""

    header: Mapping[str, Json]
    traces: Mapping[str, Trace]
    results: tuple[Result, ...] = ()
    observations: Mapping[str, str] = field(default_factory=dict)
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
    return _read(path).recording()


def read_header(path: Path) -> Mapping[str, Json]:
    """Read the first line only: who was judged, by what, and how; raises RecordingError for what has none."""
    return _read(path, most=1).header


def _read(path: Path, most: int | None = None) -> "_Parts":
    """What the lines give, of the first ones where not all are wanted; raises RecordingError."""
    parts = _Parts()
    try:
        for line in islice(_lines(path), most):
            parts.take(line)
        parts.check(path)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RecordingError(
            f"{path} is no recording of this suite, or a line of it is broken ({error!r}). Give a run.jsonl."
        ) from error
    return parts


class _End(NamedTuple):
    """How a scenario ended."""

    unmet: str | None
    missing: tuple[str, ...] = ()


class _Parts:
    """What the lines read so far have given."""

    def __init__(self) -> None:
        self.header: Mapping[str, Json] = {}
        self.footer: Mapping[str, Json] = {}
        self.exchanges: dict[str, list[Exchange]] = {}
        self.ends: dict[str, _End] = {}
        self.results: list[Result] = []
        self.observations: dict[str, str] = {}

    def take(self, line: dict[str, Json]) -> None:
        """Take one line; raises ValueError for one of an unknown type."""
        match line["type"]:
            case "header":
                self.header = self.header or line
            case "exchange":
                exchange = load_exchange(line)
                self.exchanges.setdefault(exchange.scenario, []).append(exchange)
            case "scenario":
                self.ends[line["name"]] = _End(line["unmet"], tuple(line["missing"]))
            case "result":
                self.results.append(_load_result(line))
            case "observation":
                self.observations[line["id"]] = line["value"]
            case "footer":
                self.footer = line
            case unknown:
                raise ValueError(f"a line of the unknown type {unknown!r}")

    def check(self, path: Path) -> None:
        """Raise RecordingError where there is nothing that could be judged."""
        if self.header.get("format") != FORMAT:
            raise RecordingError(
                f"{path} is no recording of this suite, or of another version of it. Give a run.jsonl."
            )
        if wrong := _wrong(self.header):
            raise RecordingError(
                f"{path} is no recording of this suite: its first line does not say who was judged, and how ({wrong}). "
                "Give a run.jsonl."
            )
        written, found = self.footer.get("exchanges"), sum(map(len, self.exchanges.values()))
        if written is not None and written != found:
            raise RecordingError(
                f"{path} has {found} exchanges where its footer says {written}. Record again."
            )

    def recording(self) -> Recording:
        """The recording, its traces in the order in which their first lines were written."""
        untold = _End("the recording does not say how this scenario ended" if self.footer else BROKE_OFF)
        names = dict.fromkeys([*self.exchanges, *self.ends])
        traces = {
            name: Trace(name, tuple(self.exchanges.get(name, ())), *self.ends.get(name, untold))
            for name in names
        }
        return Recording(self.header, traces, tuple(self.results), self.observations, self.footer)


def _lines(path: Path) -> Iterator[dict[str, Json]]:
    """The lines; an unfinished last line is left out, a wrong digest or anything after the footer refused."""
    digest = hashlib.sha256()
    ended = False
    number = 0
    try:
        with path.open("rb") as file:
            for raw in file:
                number += 1
                if ended:
                    raise _changed(path, "something follows its footer")
                if not raw.endswith(b"\n"):
                    return
                line = json.loads(raw)
                ended = line["type"] == "footer"
                if ended and line.pop("sha256") != _digest_with(digest, line):
                    raise _changed(path, "its digest does not match")
                digest.update(raw)
                yield line
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be read: {error}. Give the run.jsonl of an earlier run."
        ) from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordingError(
            f"{path} is no recording: line {number} is no JSON ({error}). Give a run.jsonl."
        ) from error


def _wrong(header: Mapping[str, Json]) -> str:
    """What is wrong with a header, empty where nothing is."""
    import jsonschema_rs  # noqa: PLC0415 - who writes a recording needs none

    schema = json.loads((specs_dir() / "recording.schema.json").read_text("utf-8"))
    of_header = {**schema, "$ref": "#/$defs/header"}
    del of_header["oneOf"]
    for error in jsonschema_rs.validator_for(of_header).iter_errors(header):
        return ": ".join(filter(None, (".".join(map(str, error.instance_path)), error.message)))
    return ""


def _text(line: Mapping[str, Json]) -> str:
    return json.dumps(line, ensure_ascii=True, separators=(",", ":"))


def _digest_with(lines: "hashlib._Hash", footer: Mapping[str, Json]) -> str:
    """The digest of all lines and of what the footer says."""
    digest = lines.copy()
    digest.update(_text(footer).encode("ascii"))
    return digest.hexdigest()


def _changed(path: Path, how: str) -> RecordingError:
    return RecordingError(f"{path} was changed after it was written: {how}. Record again.")


def _load_result(line: Mapping[str, Json]) -> Result:
    told = {"strict": False, "cases": (), **line}  # earlier editions did not say
    values = {name: told[name] for name in Result.__dataclass_fields__}
    lists = {name: tuple(values[name]) for name in ("evidence", "scenarios", "cases")}
    return Result(**{**values, **lists})
