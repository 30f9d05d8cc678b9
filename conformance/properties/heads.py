"""Strategies for the heads of stops, their request lines and header fields: what each family of requests draws."""

from functools import cache
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.exchange import Headers
from conformance.properties.content import INJECTED, MARKUP
from conformance.properties.known import MADE_UP
from conformance.properties.shapes import OWN_KEY, USER, Shape
from conformance.scenarios.mistakes import TEXT
from conformance.scenarios.refusals import FORM
from conformance.scenarios.requests import JSON_HEADERS

VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)


def media_type_examples() -> list[Shape]:
    """What the catalogue's own scenarios send."""
    return [
        Shape("text", headers=TEXT, example=True),
        Shape("form", f"user={USER}".encode(), FORM, example=True),
    ]


def listed_media_types() -> list[Shape]:
    """Bodies that are declared as something else than JSON, or as nothing."""
    named = {
        "text": (
            "text/plain; charset=utf-8",
            "text/html",
            "text/xml",
            "TEXT/PLAIN",
            "text/json",
            "text/plain; a=application/json",
        ),
        "form": (
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "multipart/form-data",
        ),
        "other": (
            "application/xml",
            "application/octet-stream",
            "image/png",
            "application/jsonx",
            "json",
            "*/*",
        ),
    }
    shapes = [_declared(kind, name) for kind, names in named.items() for name in names]
    return [Shape("none", headers=()), *shapes]


@cache
def media_types() -> SearchStrategy[Shape]:
    """Bodies that are declared as something that nobody knows."""
    names = st.text(st.sampled_from("abcxyz0189.-"), min_size=1, max_size=12)
    return names.map(lambda name: _declared("other", f"application/x-{name}"))


def _declared(kind: str, media_type: str) -> Shape:
    return Shape(kind, headers=(("Content-Type", media_type),))


# A token that says who it is for and is signed by nobody (RFC 7519 §6.1).
UNSIGNED = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJjb25mb3JtYW5jZSJ9."


def listed_credentials() -> list[Shape]:
    """Authorization headers that scripts send which lack a key, or look for a way in."""
    values = (
        "Bearer null",
        "Bearer undefined",
        "Bearer",
        "Bearer app-",
        "Bearer {key}",
        "Bearer dataset-" + "a" * 24,
        f"Bearer {UNSIGNED}",
        "Bearer " + "a" * 6000,
        "Bearer ' OR 1=1 --",
        "Basic Og==",
        "Bearer %",
        "Bearer app-%",
        "Bearer admin",
        "Bearer changeme",
    )
    return [Shape("no key", authorization=value) for value in values]


@cache
def credentials() -> SearchStrategy[Shape]:
    """Authorization headers that let nobody in."""
    token = st.text(VISIBLE, min_size=1, max_size=80)
    schemes = st.sampled_from(
        ["Bearer", "bearer", "Basic", "Digest", "Negotiate", "Token", "Bearer:", "Bearer,"]
    )
    pairs = st.tuples(schemes, st.sampled_from([" ", "  ", "\t", ""]), token).map("".join)
    return (
        (pairs | token)
        .filter(lambda value: "$" not in value)
        .map(lambda value: Shape("no key", authorization=value))
    )


# What changes nothing ------------------------------------------------------------------------------------


@cache
def header_case() -> SearchStrategy[Shape]:
    """The plain headers, their names in other letter case."""

    def cased(text: str, capitals: list[bool]) -> str:
        return "".join(c.upper() if capital else c.lower() for c, capital in zip(text, capitals, strict=True))

    def shape(first: list[bool], second: list[bool]) -> Shape:
        headers = (
            (cased("authorization", first), OWN_KEY),
            (cased("content-type", second), "application/json"),
        )
        return Shape("header case", headers=headers, authorization=None)

    flags = [st.lists(st.booleans(), min_size=length, max_size=length) for length in (13, 12)]
    return st.builds(shape, *flags)


@cache
def charsets() -> SearchStrategy[Shape]:
    """The media type with the charset that JSON has anyway, in every way to write it."""
    names = st.sampled_from(["utf-8", "UTF-8", "Utf-8", '"utf-8"'])
    types = st.sampled_from(["application/json", "Application/JSON", "APPLICATION/JSON"])
    spaces = st.sampled_from([";", "; ", " ;", " ; "])
    words = st.sampled_from(["charset", "Charset", "CHARSET"])
    whole = st.tuples(types, spaces, words, st.just("="), names).map("".join)
    return (whole | types).map(lambda value: Shape("charset", headers=(("Content-Type", value),)))


NOISE: tuple[tuple[str, str], ...] = (
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("X-Request-Id", "conformance"),
    ("Cookie", f"conformance=1; theme=dark; flag; long={'x' * 1500}"),
    ("Accept-Language", "zh-Hans,en;q=0.5"),
    ("Cache-Control", "no-cache"),
    ("Pragma", "no-cache"),
    ("DNT", "1"),
    ("Priority", "u=1, i"),
    ("X-Conformance", ""),
    ("Accept-Charset", "utf-8"),
    ("TE", "trailers"),
    ("Range", "bytes=0-3"),  # RFC 9110 §14.2: for GET only
    ("If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT"),  # RFC 9110 §13.1.3: for GET and HEAD only
    ("X-Forwarded-For", "203.0.113.7, 2001:db8::7, unknown"),
    ("Referer", "https://conformance.example/"),
    ("Accept", "application/json, text/plain, */*"),
    ("X-Original-URL", "/conformance"),
    ("X-Rewrite-URL", "/conformance"),
)
AT_ONCE = 6  # of them in one request
CLIENTS = ("curl/8.14.1", "python-requests/2.32.5")  # who write the requests of scripts
BROWSER = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"  # what it takes, and what it likes best
)


def listed_noise() -> list[Shape]:
    """Headers that say nothing to this operation, several at a time, so that none is left out.

    Those that there are by themselves may be others, or missing.
    """
    some = [list(NOISE[first : first + AT_ONCE]) for first in range(0, len(NOISE), AT_ONCE)]
    for headers, client in zip(some, CLIENTS, strict=False):
        headers.append(("User-Agent", client))
    named = [Shape("noise", headers=_with(headers)) for headers in (*some[:-1], [("Accept", BROWSER)])]
    return [*named, Shape("noise", headers=_with(some[-1]), without="user-agent")]


@cache
def noise() -> SearchStrategy[Shape]:
    """The same, and headers that nobody knows, in all combinations."""
    names = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-"), min_size=1, max_size=20)
    values = st.text(VISIBLE, max_size=40).filter(lambda text: "$" not in text)
    drawn = st.tuples(names.map(lambda name: f"X-Conformance-{name}"), values)
    headers = st.lists(
        st.sampled_from(NOISE) | drawn, min_size=1, max_size=5, unique_by=lambda header: header[0].lower()
    )
    return headers.map(lambda some: Shape("noise", headers=_with(some)))


def _with(some: list[tuple[str, str]]) -> Headers:
    return (*JSON_HEADERS, *some)


# Task ids ------------------------------------------------------------------------------------------------


def listed_ids() -> list[Shape]:
    """Path segments in the place of the task id, as they stand in the request line."""
    segments = [
        "..", ".", "...", "%2e%2e", "%2E", "..%2f", "%2F", "a%2Fb", "a/b", "%5C", "%00", "a%00b", "%0a", "%20", "%zz", "%",
        "%ff", "%c3%28", "%25", "%2541", "%252e%252e", "a;b=c", "a,b", "a:b", "*", "null", "undefined", "true", "0", "-1",
        "{task_id}", "%7Btask_id%7D", "%F0%9F%99%82", "%E2%80%AE", "%EF%BB%BF", "%C0%AF", "a?b", "a%3Fb", "a%23b",
        f"a%0d%0a{INJECTED}:%201", f"%E5%98%8A%E5%98%8D{INJECTED}:%201", quote(MARKUP, safe=""), f"a/{quote(MARKUP, safe='')}",
        "%27%20OR%201%3D1%20--",
        "%7B%7B7*7%7D%7D", "a" * 1000, "a" * 4000, "%41" * 1300,
    ]  # fmt: skip
    return [Shape("id", task=task) for task in segments]


@cache
def ids() -> SearchStrategy[Shape]:
    """Any text in the place of the task id."""
    text = st.text(st.characters(exclude_categories=("Cs", "Cn")), min_size=1, max_size=40)
    return text.map(lambda task: Shape("id", task=_segment(task)))


def _segment(text: str) -> str:
    """The text as one segment; a dot segment would lead to another path."""
    return quote(text, safe="") if text.strip(".") else "%20"


def preflight(stop: str) -> list[Shape]:
    """What a browser asks before it sends a stop from another site (Fetch §4.8)."""
    headers = (
        ("Origin", "https://conformance.example"),
        ("Access-Control-Request-Method", stop),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    )
    return [Shape("preflight", b"", headers, authorization=None, method="OPTIONS")]


def two_keys() -> list[Shape]:
    """Stops that come with two keys, of which one is right: whichever a server takes, or whether it takes none."""
    other = "Bearer conformance"
    pairs = ((OWN_KEY, other), (other, OWN_KEY))
    return [
        Shape("two keys", headers=(("Authorization", second), *JSON_HEADERS), authorization=first)
        for first, second in pairs
    ]


def methods(stop: str) -> list[Shape]:
    """The other methods, for the task that does not exist; those without a body where bodies mean nothing."""
    bare = [Shape(name, b"", (), method=name) for name in ("GET", "HEAD")]
    full = [Shape(name, method=name) for name in ("PUT", "PATCH", "DELETE", MADE_UP)]
    return [shape for shape in (*bare, *full) if shape.method != stop]
