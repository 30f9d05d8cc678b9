"""What must hold of each single answer to a drawn request: pure functions, for the draw and for the check."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from conformance.contract import Operation, violations
from conformance.judging import shown
from conformance.trace import TOO_MANY, Exchange, Response, Trace

DRAWN = "drawn"  # the operation under which drawn requests are recorded
PLAIN = "plain"
AGAIN = "plain again"
ENOUGH = 20  # repeats of one request that say something
FRONT = frozenset({404, 413, 414, 431})  # answers that whatever stands in front of a server may give, in HTML
UNHEARD = frozenset({"timeout", "reset", "unreachable", "tls"})
LARGE = 65_536  # bytes of a request that a server may refuse by closing the connection

# Families of requests: what is drawn about them.
GENERATED = frozenset({"generated"})
REFUSED = frozenset({"no stop"}) | GENERATED
WIRE = frozenset({"wire"})
IDS = frozenset({"ids"})
METHODS = frozenset({"methods"})
LONG = frozenset({"long users"})


@dataclass(frozen=True)
class Known:
    """What an answer is compared with: that to the plain stop, those to the example of each kind of mistake."""

    plain: Exchange
    examples: Mapping[str, Exchange]
    stop: Operation

    @classmethod
    def of(cls, trace: Trace, stop: Operation) -> "Known":
        """What the trace has; raises NotRecorded where it lacks the plain stop."""
        return cls(trace.case(PLAIN), examples_in(trace), stop)

    def explains(self, rule: "Rule", exchange: Exchange) -> bool:
        """Whether the example of the same kind, or the plain stop, breaks the rule, too: another id says that."""
        example = self.examples.get(exchange.about.get("kind", ""))
        plain = self.plain if rule.families is None else None  # what must be refused elsewhere is right there
        return any(other and rule.wrong(other, self) for other in (plain, example))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: for which families it holds, without those of ``besides``, and what is wrong with an exchange.

    ``each`` rules judge the plain stop and the examples, too: no other requirement does.
    ``check`` is the check of schemathesis that judges the same of what schemathesis generated.
    """

    id: str
    wrong: Callable[[Exchange, Known], str | None]
    families: frozenset[str] | None = None
    besides: frozenset[str] = frozenset()
    each: bool = False
    check: str | None = None

    def concerns(self, exchange: Exchange) -> bool:
        """Whether the rule speaks of that exchange."""
        if exchange.operation != DRAWN or exchange.status == TOO_MANY:
            return False
        if self.each:
            return True
        family = exchange.about.get("family", PLAIN)
        if "example" in exchange.about or family == PLAIN or family in self.besides:
            return False
        return self.families is None or family in self.families

    def broken(self, exchange: Exchange, known: Known) -> str | None:
        """What is wrong with the exchange, unless another requirement says that already."""
        if not self.concerns(exchange):
            return None
        text = self.wrong(exchange, known)
        if text is None:
            return self._borrowed(exchange, known.stop)
        return None if not self.each and known.explains(self, exchange) else text

    def _borrowed(self, exchange: Exchange, stop: Operation) -> str | None:
        if self.check is None or exchange.about.get("family") not in GENERATED:
            return None
        from conformance.properties import borrowed  # noqa: PLC0415 - schemathesis takes its time to import

        return borrowed.finding(self.check, exchange, stop)


def examples_in(trace: Trace) -> dict[str, Exchange]:
    """The examples that were recorded, by kind."""
    return {exchange.about["kind"]: exchange for exchange in trace.exchanges if "example" in exchange.about}


def gist(response: Response) -> tuple[object, ...]:
    """What an answer says, apart from what may differ each time."""
    member = response.member
    return response.status, shown(member.get("result")), shown(member.get("code"))


# Answers at all ------------------------------------------------------------------------------------------


def _no_answer(exchange: Exchange, _: Known) -> str | None:
    fault = exchange.fault
    lost = fault is not None and exchange.response is None and fault.kind in UNHEARD
    return exchange.seen if lost else None


def _server_error(exchange: Exchange, _: Known) -> str | None:
    status = exchange.status or 0
    unknown_method = status == 501 and exchange.about.get("family") in METHODS
    return f"answered {exchange.seen}" if status >= 500 and not unknown_method else None


def _long_user(exchange: Exchange, known: Known) -> str | None:
    refused_early = exchange.request.size > LARGE and exchange.fault and exchange.fault.kind == "reset"
    return _server_error(exchange, known) or (None if refused_early else _no_answer(exchange, known))


def _undocumented(exchange: Exchange, known: Known) -> str | None:
    status = exchange.status
    if status is None or status >= 400 or known.stop.answer(status):
        return None
    return f"answered {exchange.seen}, which is neither documented nor a client error"


# What is refused, and how --------------------------------------------------------------------------------


def _accepted(exchange: Exchange, _: Known) -> str | None:
    return f"was accepted: {exchange.seen}" if (exchange.status or 0) // 100 == 2 else None


def _accepted_mistake(exchange: Exchange, known: Known) -> str | None:
    return _accepted(exchange, known) if exchange.about.get("kind") else None


def _accepted_broken(exchange: Exchange, known: Known) -> str | None:
    return _accepted(exchange, known) if exchange.about.get("kind") == "broken" else None


def _no_envelope(exchange: Exchange, _: Known) -> str | None:
    response = exchange.response
    if response is None or not 400 <= response.status < 500 or response.status in FRONT:
        return None
    if exchange.fault or exchange.request.method == "HEAD":
        return None
    if response.status == 400 and exchange.about.get("family") in METHODS:
        return None  # a method that it does not know is broken HTTP to many a parser, below the application
    member = response.member
    if not member:
        return f"a {response.status} whose body is no JSON object: {exchange.seen}"
    lacking = [name for name in ("code", "message") if not isinstance(member.get(name), str)]
    if lacking:
        return f"a {response.status} without {' and '.join(lacking)}: {exchange.seen}"
    if member.get("status") != response.status:
        return f"status is {member.get('status')!r} in an answer with {response.status}"
    return None


def _carried_out(exchange: Exchange, _: Known) -> str | None:
    status = exchange.status or 400
    return f"{exchange.request.method} was answered {exchange.seen}" if status < 400 else None


def _not_405(exchange: Exchange, _: Known) -> str | None:
    allowed = exchange.status in {405, 501} or not 400 <= (exchange.status or 0) < 500
    return None if allowed else f"{exchange.request.method} was answered {exchange.seen}"


def _no_allow(exchange: Exchange, known: Known) -> str | None:
    if exchange.response is None or exchange.status != 405:
        return None
    allow = exchange.response.listed("allow")
    methods = [method.strip() for method in allow.split(",")]
    return None if known.stop.method in methods else f"a 405 whose Allow is {allow!r}"


# The same answer -----------------------------------------------------------------------------------------


def _differs(exchange: Exchange, known: Known) -> str | None:
    if exchange.response is None or known.plain.response is None or exchange.status in FRONT - {404}:
        return None
    if exchange.response.status >= 500 or gist(exchange.response) == gist(known.plain.response):
        return None
    return f"answered {exchange.seen}, where the plain stop is answered {known.plain.seen}"


def _differs_by_kind(kind: str, *also: int) -> Callable[[Exchange, Known], str | None]:
    def wrong(exchange: Exchange, known: Known) -> str | None:
        if exchange.about.get("kind") != kind or exchange.status in also:
            return None
        return _no_answer(exchange, known) or _server_error(exchange, known) or _differs(exchange, known)

    return wrong


# What an answer consists of ------------------------------------------------------------------------------


def _broken_off(exchange: Exchange, _: Known) -> str | None:
    fault, response = exchange.fault, exchange.response
    if response and {"content-length", "transfer-encoding"} <= {name.lower() for name, _ in response.headers}:
        return f"both Content-Length and Transfer-Encoding frame the body: {exchange.seen}"
    if fault is None or fault.kind == "too large" or exchange.about.get("family") in WIRE:
        return None
    return f"{fault.kind}: {fault.text}" if response or fault.kind == "protocol" else None


def json_body(exchange: Exchange) -> bytes | None:
    """The body of a whole answer that is declared as JSON."""
    response = exchange.response
    if (
        response is None
        or exchange.fault
        or exchange.request.method == "HEAD"
        or response.status in {204, 304}
    ):
        return None
    declared = response.media_type == "application/json" or response.media_type.endswith("+json")
    return response.body if declared else None


def _no_utf_8(exchange: Exchange, _: Known) -> str | None:
    body = json_body(exchange) or b""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"the byte {body[error.start]:#04x} at {error.start} is no UTF-8: {body[:80]!r}"
    return None


def _marked(exchange: Exchange, _: Known) -> str | None:
    body = json_body(exchange) or b""
    return f"the body begins with a byte order mark: {body[:40]!r}" if body.startswith(_MARKS) else None


_MARKS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")


def _no_json(exchange: Exchange, known: Known) -> str | None:
    body = json_body(exchange)
    if body is None or _no_utf_8(exchange, known) or _marked(exchange, known):
        return None
    try:
        _strictly(body, parse_constant=None)
    except (ValueError, RecursionError) as error:
        return f"the body is not one JSON text ({error}): {exchange.seen}"
    return None


class _NoNumber(Exception):
    """A literal such as NaN."""


class _Twice(Exception):
    """A name that an object has twice."""


def _no_number(exchange: Exchange, _: Known) -> str | None:
    def refuse(name: str) -> NoReturn:
        raise _NoNumber(name)

    return _told(json_body(exchange), exchange, _NoNumber, "has {}, which is no JSON", parse_constant=refuse)


def _twice(exchange: Exchange, _: Known) -> str | None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        for name in names:
            if names.count(name) > 1:
                raise _Twice(name)
        return dict(pairs)

    return _told(json_body(exchange), exchange, _Twice, "has the member {} twice", object_pairs_hook=unique)


def _told(
    body: bytes | None, exchange: Exchange, kind: type[Exception], text: str, **hooks: Any
) -> str | None:
    try:
        _strictly(body or b"", **hooks)
    except kind as found:
        return f"the body {text.format(found)}: {exchange.seen}"
    except (ValueError, RecursionError):
        return None  # another rule says that
    return None


def _strictly(body: bytes, **hooks: Any) -> object:
    return json.loads(body.decode("utf-8"), **hooks)


def _schema_broken(exchange: Exchange, known: Known) -> str | None:
    response = exchange.response
    answer = known.stop.answer(response.status) if response else None
    if response is None or answer is None or answer.schema is None or not json_body(exchange):
        return None
    try:
        found = violations(answer.schema, response.json())
    except (ValueError, RecursionError):
        return None
    return f"a {response.status} that breaks its schema, {found[0]}: {exchange.seen}" if found else None


def _other_media_type(exchange: Exchange, known: Known) -> str | None:
    response = exchange.response
    answer = known.stop.answer(response.status) if response else None
    if (
        response is None
        or answer is None
        or not answer.media_types
        or exchange.about.get("family") in IDS | WIRE
    ):
        return None
    if answer.declares(response.media_type) or exchange.request.method == "HEAD":
        return None
    return f"a {response.status} of media type {response.media_type!r}, documented is {', '.join(answer.media_types)}"


# What an answer must not tell ----------------------------------------------------------------------------

_SECRETS = re.compile(
    r"Traceback \(most recent call last\)"
    r"|File \"[^\"\n]{1,200}\", line \d+"
    r"|\bat [\w$.<>/]+\([\w$]+\.(?:java|kt|scala|js|ts|cs|go):\d+"
    r"|\bgoroutine \d+ \["
    r"|\bSQLSTATE\b|\bpsycopg2?\.|\bsqlalchemy\.|\basyncpg\.|\bpymysql\.|\bjava\.sql\."
    r"|(?i:\bselect\b[^\n;]{1,200}\bfrom\b\s+[\w.\"`]+\s+where\b|\binsert into\b\s+[\w.\"`]+\s*\()"
    r"|(?<![\w.:/-])/(?:usr|home|app|opt|var|srv|root|etc|tmp|lib)/[\w./-]*\.(?:py|pyc|js|ts|rb|php|go|java|so|conf|ya?ml)\b"
    r"|\b[A-Za-z]:\\\\?[\w\\ .-]+\.(?:py|js|cs|dll|php|config)\b"
    r"|\b(?:postgres(?:ql)?|mysql|redis|rediss|mongodb|amqp)(?:\+\w+)?://[^\s\"'/@]*:[^\s\"'/@]+@"
)


def _leak(exchange: Exchange, _: Known) -> str | None:
    response = exchange.response
    if response is None:
        return None
    sent = unquote_to_bytes(exchange.request.url) + exchange.request.body
    texts = (*_texts_in(response), *(value for _, value in response.headers))
    found = (match.group() for text in texts for match in _SECRETS.finditer(text))
    return next((f"the answer tells {leak!r}" for leak in found if leak.encode() not in sent), None)


def _texts_in(response: Response) -> Iterator[str]:
    """The body, and every text in it where it is JSON: there a line end is written as an escape."""
    yield response.text
    try:
        waiting = [response.json()]
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (dict, list)):
            waiting += value.values() if isinstance(value, dict) else value


INJECTED = "x-conformance-injected"
MARKUP = "<conformance-markup>"


def _echo(exchange: Exchange, _: Known) -> str | None:
    response = exchange.response
    if response is None:
        return None
    if response.header(INJECTED) is not None:
        return f"a line end in the request became one in the answer: it has the header {INJECTED}"
    raw = response.media_type == "text/html" and MARKUP in response.text
    return f"the answer is HTML and repeats the markup of the request: {exchange.seen}" if raw else None


ALL: tuple[Rule, ...] = (
    Rule("no-server-error", _server_error, besides=LONG | WIRE, check="not_a_server_error"),
    Rule("long-user", _long_user, LONG),
    Rule("answers", _no_answer, besides=LONG | WIRE),
    Rule("status", _undocumented, besides=IDS | WIRE | METHODS, check="status_code_conformance"),
    Rule("rejects", _accepted_mistake, REFUSED, check="negative_data_rejection"),
    Rule("lenient", _accepted, frozenset({"nearly JSON"})),
    Rule("media-types", _accepted, frozenset({"media types"})),
    Rule("credentials", _accepted, frozenset({"credentials"})),
    Rule("framing", _accepted_broken, WIRE),
    Rule("envelope", _no_envelope, besides=IDS | WIRE),
    Rule("methods", _carried_out, METHODS),
    Rule("method-status", _not_405, METHODS),
    Rule("allow", _no_allow, METHODS),
    Rule("users", _differs, frozenset({"users"})),
    Rule("spelling", _differs, frozenset({"spelling"})),
    Rule("members", _differs, frozenset({"members"})),
    Rule("header-case", _differs, frozenset({"header case"})),
    Rule("charset", _differs, frozenset({"charset"})),
    Rule("noise", _differs, frozenset({"noise"})),
    Rule("pieces", _differs_by_kind("pieces"), WIRE),
    Rule("expect", _differs_by_kind("asking first", 417), WIRE),
    Rule("chunked", _differs_by_kind("chunked", 411, 501), WIRE),
    Rule("schema", _schema_broken, check="response_schema_conformance"),
    Rule("content-type", _other_media_type, besides=METHODS, check="content_type_conformance"),
    Rule("length", _broken_off, each=True),
    Rule("utf-8", _no_utf_8, each=True),
    Rule("no-mark", _marked, each=True),
    Rule("one-text", _no_json, each=True),
    Rule("no-nan", _no_number, each=True),
    Rule("unique-names", _twice, each=True),
    Rule("no-leaks", _leak, each=True),
    Rule("no-echo", _echo, each=True),
)
RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in ALL})


def size(exchange: Exchange) -> int:
    """How much there is of a request, in bytes: the smallest shows a fault best."""
    request = exchange.request
    return request.size + len(request.url) + sum(len(name) + len(value) for name, value in request.headers)
