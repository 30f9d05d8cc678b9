"""One request and what came back for it: frozen records, the only thing a check may look at.

Times are milliseconds since the scenario began. Keys never reach a record: the probe writes
``$DIFY_API_KEY`` (a shell placeholder) where a key was sent or echoed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = Any
Headers = tuple[tuple[str, str], ...]

FaultKind = Literal["unreachable", "tls", "timeout", "reset", "protocol", "too large"]
Ending = Literal["clean", "broken tail", "reset", "silence", "too large", "left"]

TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it went out, keys replaced by their names; ``size`` is the whole body in bytes."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    size: int = 0
    raw: bool = False

    def listed(self, name: str) -> str:
        """What all headers of that name list."""
        return _listed(self.headers, name)

    @property
    def path(self) -> str:
        """Path and query as in the request line; of bytes that are no HTTP, whatever stands in that place."""
        if self.raw and len(words := self.body.partition(b"\n")[0].split()) > 1:
            return words[1].decode("latin-1").encode("unicode_escape").decode("ascii")
        return "/" + "".join(self.url.split("/", 3)[3:])  # a base URL need not have a path

    @property
    def cut(self) -> bool:
        """Whether only the beginning of the body was kept."""
        return self.size > len(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with its body decoded as ``Content-Encoding`` says; ``complete`` unless cut at the limit."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    complete: bool = True

    def header(self, name: str) -> str | None:
        """The first header of that name, in any letter case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def listed(self, name: str) -> str:
        """What all headers of that name list, which may come in several lines (RFC 9110 §5.3)."""
        return _listed(self.headers, name)

    @property
    def media_type(self) -> str:
        """The media type in lower case without parameters, ``""`` where there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def busy(self) -> bool:
        """Whether it asks to come again later: 429, or 503 that says when (RFC 9110 §15.6.4)."""
        return self.status == TOO_MANY or (self.status == 503 and self.header("retry-after") is not None)

    @property
    def limits(self) -> bool:
        """Whether it says that too much was asked for at once: it is busy, or 400 in these words, as Dify has it."""
        return self.busy or (self.status == 400 and "too many requests" in self.text.lower())

    @property
    def retry_after(self) -> float | None:
        """The seconds after which to ask again, None where it does not say so in seconds."""
        value = (self.header("retry-after") or "").strip()
        return float(value) if value.isascii() and value.isdigit() and len(value) < 9 else None

    @property
    def text(self) -> str:
        """The body as UTF-8, for people."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Json:
        """The body as JSON; raises ValueError where it is none."""
        return json.loads(self.body.decode("utf-8"))

    @property
    def json_object(self) -> Mapping[str, Json] | None:
        """The body, where it is a JSON object; one without members is one, too."""
        try:
            value = self.json()
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def member(self) -> Mapping[str, Json]:
        """The members of a body that is a JSON object, else none."""
        return self.json_object or {}


def _listed(headers: Headers, name: str) -> str:
    return ", ".join(value for key, value in headers if key.lower() == name.lower())


@dataclass(frozen=True, slots=True)
class Fault:
    """A transport error: what kind, when, and in which words."""

    kind: FaultKind
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Event:
    """One frame of an event stream with the time of its arrival.

    ``name`` is the ``event`` member of its data, else the SSE field, else ``message``.
    """

    at: float
    kind: str | None  # the SSE field ``event:``
    data: str | None
    malformed: bool = False
    payload: Json = field(default=None, compare=False, repr=False)
    name: str = field(
        init=False, compare=False, repr=False
    )  # kept, for checks ask each event again and again

    def __post_init__(self) -> None:
        named = self.member("event")
        object.__setattr__(self, "name", named if isinstance(named, str) else self.kind or "message")

    @classmethod
    def of(cls, at: float, kind: str | None, data: str | None, malformed: bool = False) -> "Event":
        """An event whose payload is its data read as JSON (None where it is no JSON)."""
        try:
            payload = json.loads(data) if data else None
        except (ValueError, RecursionError):
            payload = None
        return cls(at, kind, data, malformed, payload)

    def member(self, *path: str) -> Json:
        """The value at a path of member names in the payload, None where there is none."""
        value = self.payload
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    @property
    def node(self) -> str:
        """The node that a node event speaks of."""
        return str(self.member("data", "node_id") or self.member("data", "id") or "?")

    @property
    def status(self) -> str | None:
        """The status in the data of the event."""
        status = self.member("data", "status")
        return status if isinstance(status, str) else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and all that came back for it.

    ``case`` is what the scenario meant by it; ``about`` holds the facts a check needs: ``run`` (the id of
    the exchange that started the run), ``task``, ``user``, ``key`` (name of the variable), ``live``.
    """

    id: str
    scenario: str
    operation: str
    case: str
    request: Request
    sent_at: float
    ended_at: float
    response: Response | None = None
    answered_at: float | None = None
    fault: Fault | None = None
    events: tuple[Event, ...] = ()
    ending: Ending | None = None
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int | None:
        """The HTTP status, None where no answer came."""
        return self.response.status if self.response else None

    @property
    def busy(self) -> bool:
        """Whether it was answered that it is to be sent again later."""
        return self.response is not None and self.response.busy

    @property
    def acknowledged_at(self) -> float | None:
        """When the whole answer was in, None where the exchange failed."""
        return self.ended_at if self.response and not self.fault else None

    @property
    def seen(self) -> str:
        """The answer in a few words."""
        if self.fault:
            return f"{self.fault.kind}: {self.fault.text}"
        if not self.response:
            return "no answer"
        text = " ".join(self.response.text.split())
        return f"{self.response.status} {text[:160]}{'…' if len(text) > 160 else ''}".rstrip()
