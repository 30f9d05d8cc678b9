"""Who is asked: base URL, keys, inputs, deadlines and limits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from conformance.masking import Secrets

OWNER_KEY = "DIFY_API_KEY"
OTHER_WORKFLOW_KEY = "DIFY_OTHER_WORKFLOW_API_KEY"
MODE_KEYS: Mapping[str, str] = {
    "chat": "DIFY_CHAT_API_KEY",
    "agent-chat": "DIFY_AGENT_CHAT_API_KEY",
    "advanced-chat": "DIFY_ADVANCED_CHAT_API_KEY",
    "completion": "DIFY_COMPLETION_API_KEY",
}
KEYS = (OWNER_KEY, *MODE_KEYS.values(), OTHER_WORKFLOW_KEY)


class UsageError(Exception):
    """A wrong option, setting or file; its text is one paragraph that says what to do."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long the suite waits, in seconds."""

    connect: float = 5.0
    answer: float = 15.0  # a whole answer to one request
    first_event: float = 60.0  # from the start of a run to the event that carries its task_id
    stop: float = 10.0  # from the acknowledgement of a stop to the end of the stream
    grace: float = 1.0  # in which a node may still start after the acknowledgement
    detail: float = 10.0  # from the end of the stream to the run detail saying so
    silence: float = 30.0  # without any byte on an open stream
    run: float = 120.0  # for a run that nobody stops
    session: float = 1800.0  # for everything that is sent

    def beyond(self) -> list[str]:
        """Settings so generous that a verdict reached with them is no conformance verdict."""
        most = {"stop": 60.0, "grace": 5.0, "detail": 60.0}
        return [
            f"{name} deadline {getattr(self, name):g} s (at most {limit:g} s)"
            for name, limit in most.items()
            if getattr(self, name) > limit
        ]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the suite asks of a target at most."""

    max_requests: int = 3000
    rate: float = 0.0  # requests a second, 0 for no limit
    concurrency: int = 4  # streams open at once; a default Dify serves ten connections
    together: int = 8  # stops at the same moment
    body: int = 4 << 20  # bytes of one answer
    # bytes of one stream, or of one event; that of the app in specs/apps has half a million
    stream: int = 16 << 20
    received: int = 48 << 20  # bytes of all answers and streams together, which are kept until the verdict


@dataclass(frozen=True, slots=True)
class Tls:
    """How the target's certificate is verified, and with which certificate the suite presents itself."""

    insecure: bool = False
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Shell:
    """What a person's shell needs for a line that repeats a request.

    ``variables`` are those of the user, by the names in requests; ``options`` make curl reach the target.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """A server to judge and how to speak to it; prints without secrets."""

    base_url: str
    name: str = ""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    inputs: Mapping[str, Any] | None = None
    run_seconds: float | None = None
    proxy: str | None = field(default=None, repr=False)
    tls: Tls = Tls()
    deadlines: Deadlines = Deadlines()
    limits: Limits = Limits()
    embedded: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)  # the user's, by the names in requests
    ordinary: str = field(default="", repr=False)  # words that any answer may have
    unsearched: tuple[str, ...] = ()  # keys that answers are not searched for
    remarks: tuple[str, ...] = ()  # what of the settings is not used, and why

    @property
    def secrets(self) -> Secrets:
        """Everything that must not be shown, by name."""
        headers = {header_name(name): value for name, value in self.headers.items()}
        return Secrets({**self.keys, **headers}, "\n".join((self.ordinary, *KEYS)))

    def among(self, *texts: str) -> "Target":
        """The target whose answers have ordinary words in them: those of these texts, of its URL, and of the suite."""
        target = replace(self, ordinary="\n".join((self.base_url, "dify-conformance", *texts)))
        return replace(target, unsearched=target.secrets.unsearched)

    @property
    def extra_headers(self) -> tuple[tuple[str, str], ...]:
        """The names of extra headers, each with the name that stands for its value."""
        return tuple((name, header_name(name)) for name in self.headers)

    @property
    def shell(self) -> Shell:
        """What repeats one of its requests by hand."""
        tls = self.tls
        files = (("--cacert", tls.ca), ("--cert", tls.certificate), ("--key", tls.key), ("--proxy", self.way))
        options = [word for flag, value in files if value for word in (flag, value)]
        return Shell(self.variables, ("--insecure", *options) if tls.insecure else tuple(options))

    @property
    def way(self) -> str | None:
        """The address of its proxy, without name and password."""
        scheme, separator, rest = (self.proxy or "").partition("://")
        return f"{scheme}{separator}{rest.rpartition('@')[2]}" or None

    @property
    def near(self) -> bool:
        """Whether the target is on this machine, where nobody else is kept waiting."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def missing(self) -> tuple[str, ...]:
        """The variables of keys that were not given."""
        return tuple(name for name in KEYS if name not in self.keys)


def header_name(name: str) -> str:
    """The name under which the value of an extra header is shown."""
    return "HEADER_" + re.sub("[^A-Z0-9_]", "_", name.upper())
