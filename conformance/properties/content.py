"""What an answer to a drawn request consists of, and what it must not tell.

Each function that takes what is known gives what is wrong with an exchange, None where nothing is.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from conformance.contract import violations
from conformance.exchange import Exchange, Response
from conformance.properties.known import IDS, WIRE, Known

# What an answer consists of ------------------------------------------------------------------------------


def broken_off(exchange: Exchange, _: Known) -> str | None:
    fault, response = exchange.fault, exchange.response
    if response and {"content-length", "transfer-encoding"} <= {name.lower() for name, _ in response.headers}:
        return f"both Content-Length and Transfer-Encoding frame the body: {exchange.seen}"
    if fault is None or fault.kind == "too large" or exchange.about.get("family") in WIRE:
        return None
    if response and fault.kind == "reset" and _closes_early(response):
        return None
    if response:
        return f"{response.status}, and then {exchange.seen}"
    return exchange.seen if fault.kind == "protocol" else None


def _closes_early(response: Response) -> bool:
    """Whether it is a refusal by closing, which parsers send before they have read the request (RFC 9112 §9.6).

    What comes of the request after that resets the connection, and with it the end of the answer.
    """
    framed = any(response.header(name) is not None for name in ("content-length", "transfer-encoding"))
    return response.status >= 400 and not framed and "close" in response.listed("connection").lower()


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


def no_utf_8(exchange: Exchange, _: Known) -> str | None:
    body = json_body(exchange) or b""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"the byte {body[error.start]:#04x} at {error.start} is no UTF-8: {body[:80]!r}"
    return _called_another_charset(exchange.response, body) if exchange.response and body else None


def _called_another_charset(response: Response, body: bytes) -> str | None:
    """What is wrong with a charset that is declared: a reader who believes it reads another text."""
    declared = re.search(r'charset="?([\w.:-]+)', response.header("content-type") or "", re.IGNORECASE)
    if declared is None:
        return None
    try:
        believed = body.decode(declared[1], "replace")
    except LookupError:
        return None
    same = believed == body.decode("utf-8")
    return None if same else f"the body is UTF-8, and declared as {declared[1]}: {body[:80]!r}"


def marked(exchange: Exchange, _: Known) -> str | None:
    body = json_body(exchange) or b""
    return f"the body begins with a byte order mark: {body[:40]!r}" if body.startswith(_MARKS) else None


_MARKS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")


def no_json(exchange: Exchange, known: Known) -> str | None:
    body = json_body(exchange)
    if body is None or no_utf_8(exchange, known) or marked(exchange, known):
        return None
    try:
        json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return f"the body is not one JSON text ({error}): {exchange.seen}"
    return None


def no_number(exchange: Exchange, _: Known) -> str | None:
    try:
        words = constants((json_body(exchange) or b"").decode("utf-8"))
    except (ValueError, RecursionError):
        return None  # another rule says that
    return f"the body has {words[0]}, which is no JSON: {exchange.seen}" if words else None


def constants(text: str) -> list[str]:
    """The words in a JSON text that Python reads as numbers and JSON does not know; raises as ``json.loads`` does."""
    found: list[str] = []
    if "NaN" in text or "Infinity" in text:
        json.loads(text, parse_constant=found.append)
    return found


def twice(exchange: Exchange, _: Known) -> str | None:
    repeated: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        repeated.extend(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        return dict(pairs)

    try:
        json.loads((json_body(exchange) or b"").decode("utf-8"), object_pairs_hook=note)
    except (ValueError, RecursionError):
        return None  # another rule says that
    return f"the body has the member {repeated[0]} twice: {exchange.seen}" if repeated else None


def schema_broken(exchange: Exchange, known: Known) -> str | None:
    response = exchange.response
    answer = known.stop.answer(response.status) if response else None
    if response is None or answer is None or answer.schema is None or not json_body(exchange):
        return None
    try:
        found = violations(answer.schema, response.json())
    except (ValueError, RecursionError):
        return None
    return f"a {response.status} that breaks its schema, {found[0]}: {exchange.seen}" if found else None


def other_media_type(exchange: Exchange, known: Known) -> str | None:
    response = exchange.response
    answer = known.stop.answer(response.status) if response else None
    if (
        response is None
        or answer is None
        or not answer.media_types
        or exchange.about.get("family") in IDS | WIRE
        or unreached(exchange)
        or page_for_a_browser(exchange)
    ):
        return None
    if answer.declares(response.media_type) or exchange.request.method == "HEAD":
        return None
    return f"a {response.status} of media type {response.media_type!r}, documented is {', '.join(answer.media_types)}"


def unreached(exchange: Exchange) -> bool:
    """Whether it may have been refused before it came as far as the operation: for its path, or as a form."""
    return refused_unread(exchange) or _refused_for_its_path(exchange)


def page_for_a_browser(exchange: Exchange) -> bool:
    """Whether somebody who likes pages best was answered with one, as many a framework tells its errors."""
    media_type = exchange.response.media_type if exchange.response else ""
    return exchange.request.listed("accept").startswith("text/html") and "html" in media_type


def refused_unread(exchange: Exchange) -> bool:
    """Whether a form was refused without a word, by what takes forms apart before anybody else sees them."""
    response = exchange.response
    wordless = response is not None and not response.body and not response.media_type
    form = exchange.request.listed("content-type").lower().startswith("multipart/")
    return form and wordless and exchange.status == 400


def _refused_for_its_path(exchange: Exchange) -> bool:
    """Whether whatever stands in front may have refused it: firewalls and servers take no odd signs in paths."""
    is_odd = re.search(r"%|[^!-~]", urlsplit(exchange.request.url).path) is not None
    return is_odd and 400 <= (exchange.status or 0) < 500


# What an answer must not tell ----------------------------------------------------------------------------

_SECRETS = re.compile(
    r"Traceback \(most recent call last\)"
    r"|File \"[^\"\n]{1,200}\", line \d+"
    r"|\bat [\w$.<>/]+\([\w$]+\.(?:java|kt|scala|js|ts|cs|go):\d+"
    r"|\bgoroutine \d+ \[|\bthread '[^'\n]{1,60}' panicked at\b"
    # Each word is looked at from its beginning only: from each of its letters, a long one would take for ever.
    r"|(?<![\w./-])[\w./-]{1,200}\.(?:rb:\d+:in\b|cs:line \d+|exs?:\d+: )"
    r"|\b(?:[A-Z]{2,20}_)?(?:SECRET_KEY|PASSWORD|DATABASE_URL)\b[\"']?\s*[=:]"
    r"|The debugger caught an exception\b|\bEVALEX = |\bDEBUG = True\b"
    r"|\bSQLSTATE\b|\bpsycopg2?\.|\bsqlalchemy\.|\basyncpg\.|\bpymysql\.|\bjava\.sql\."
    r"|(?i:\bselect\b[^\n;]{1,200}\bfrom\b\s+[\w.\"`]+\s+where\b|\binsert into\b\s+[\w.\"`]+\s*\()"
    r"|(?<![\w.:/-])/(?:usr|home|app|opt|var|srv|root|etc|tmp|lib)/[\w./-]*\.(?:py|pyc|js|ts|rb|php|go|java|so|conf|ya?ml)\b"
    r"|\b[A-Za-z]:\\\\?[\w\\ .-]+\.(?:py|js|cs|dll|php|config)\b"
    r"|\b(?:postgres(?:ql)?|mysql|redis|rediss|mongodb|amqp)(?:\+\w+)?://[^\s\"'/@]*:[^\s\"'/@]+@"
)
_INSIDE = re.compile(  # what a header may name, and a text that is for a client has no reason to
    r"\bat 0x[0-9a-f]{6,16}\b"
    r"|\b[Cc]onnect(?:ing|ion)? to [\w.-]{1,80}:\d{2,5}\b"
    r"|(?<![\d.])(?:(?:10|127)(?:\.\d{1,3}){3}|(?:192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}):\d{2,5}\b"
    r"|(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){0,9}\.svc\.cluster\.local\b"
)


def leak(exchange: Exchange, _: Known) -> str | None:
    return leaked(exchange)


def leaked(exchange: Exchange) -> str | None:
    """What an answer tells of the server that is no client's business."""
    response = exchange.response
    if response is None:
        return None
    sent = unquote_to_bytes(exchange.request.url) + exchange.request.body
    in_headers = (found for _, value in response.headers for found in secrets_in(value))
    # A page that says where else to go is written by frameworks, by the address under which a proxy asked them.
    redirects = 300 <= response.status < 400
    told = (
        text
        for text in (*_told(response.body, inside=not redirects), *in_headers)
        if text.encode() not in sent and not _own(text, exchange.request.url)
    )
    return next((f"the answer tells {text!r}" for text in told), None)


@lru_cache(maxsize=256)  # most answers of a session are the same
def _told(body: bytes, *, inside: bool) -> tuple[str, ...]:
    texts = tuple(_texts_in(body))
    of_inside = (found.group() for text in texts if inside for found in _INSIDE.finditer(text))
    return (*(found for text in texts for found in secrets_in(text)), *of_inside)


@lru_cache(maxsize=256)
def secrets_in(text: str) -> tuple[str, ...]:
    """What a text tells of the server that is no client's business."""
    return tuple(found.group() for found in _SECRETS.finditer(text))


def _own(text: str, url: str) -> bool:
    """Whether the text is the address of the target itself, reached as ``localhost``."""
    host, _, port = text.rpartition(":")
    return host.startswith("127.") and port == str(urlsplit(url).port)


def _texts_in(body: bytes) -> Iterator[str]:
    """The body, and every text in it where it is JSON: there a line end is written as an escape."""
    yield body.decode("utf-8", "replace")
    try:
        waiting = [json.loads(body.decode("utf-8"))]
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


def echo(exchange: Exchange, _: Known) -> str | None:
    response = exchange.response
    if response is None:
        return None
    if response.header(INJECTED) is not None:
        return f"a line end in the request became one in the answer: it has the header {INJECTED}"
    raw = response.media_type == "text/html" and MARKUP in response.text
    return f"the answer is HTML and repeats the markup of the request: {exchange.seen}" if raw else None
