"""Strategies for the bodies of stops: what each family of requests draws."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.properties.content import INJECTED, MARKUP
from conformance.properties.shapes import USER, Shape, object_of
from conformance.scenarios.mistakes import MALFORMED
from conformance.scenarios.requests import JSON_HEADERS

LONG_MEMBER = 9_000  # characters; some who look for a member look at the first 4 or 8 KiB
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co", "Z")), min_size=1, max_size=60)
ANY_TEXT = st.text(st.characters(), max_size=60)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=6,
)
FRAGMENTS = (
    "{{7*7}}",
    "${7*7}",
    "' OR '1'='1",
    '"; DROP TABLE end_users; --',
    "%s%n%x",
    "../../etc/passwd",
    MARKUP,
    f"\r\n{INJECTED}: 1",
    "\x00",
    "\ud83d",
    "\ufeff",
    "\u2028",
    "\u202eabc",
    "\U0001f642",
    "ＡＢＣ",
    "e\u0301",
    "\ufdd0\uffff",
    "$where",
    "__proto__",
)


def listed_users() -> list[Shape]:
    """Names that are often not thought of; the first is always sent, as the two escapes that JSON has for it."""
    names = ("\U0001f642", "Jürgen", "测试", "שלום", "o'hara", 'a"b', "a\\b")
    words = (
        "yes",
        "off",
        "true",
        *("undefined", "None", "NaN", "1e5", "-12345", "2026-01-01"),
        "Null",  # in small letters it is a user with runs, whom no other scenario should disturb
    )  # which YAML, and whoever takes texts for other things, reads as such
    return [*(_user("string", name) for name in names), *(Shape("string", object_of(word)) for word in words)]


@cache
def users() -> SearchStrategy[Shape]:
    """Strings that every server must take for a user."""
    return NAMES.map(lambda name: _user("string", name))


def listed_odd_users() -> list[Shape]:
    """Users with a fragment that means something to a database, a template, a terminal or a parser."""
    return [_user("odd string", fragment) for fragment in FRAGMENTS]


@cache
def odd_users() -> SearchStrategy[Shape]:
    """Strings that a server may refuse, but not stumble over."""
    text = st.lists(st.sampled_from(FRAGMENTS) | ANY_TEXT, min_size=1, max_size=3).map("".join)
    return text.map(lambda name: _user("odd string", name))


def _user(kind: str, name: str) -> Shape:
    return Shape(kind, object_of(f"{USER}-{name}"))


LENGTHS = (255, 256, 257, 1_000, 10_000, 100_000, 1_000_000)


def long_user(length: int) -> Shape:
    """A user of so many characters."""
    return Shape(f"{length} characters", object_of(f"{USER}-".ljust(length, "u")))


# What is no stop request: each kind has its example, of which another requirement speaks. ---------------


def no_stop_examples() -> list[Shape]:
    """One request of each kind, the one that the catalogue's own scenarios send."""
    users: Mapping[str, Any] = {
        "null": None,
        "boolean": True,
        "number": 12345,
        "array": [USER],
        "object": {"id": USER},
        "empty": "",
    }
    bodies: Mapping[str, Any] = {"array": [USER], "string": USER, "number": 5, "null": None, "boolean": True}
    return [
        Shape("user missing", b"{}", example=True),
        *(Shape(f"user {kind}", object_of(value), example=True) for kind, value in users.items()),
        *(Shape(f"body {kind}", json.dumps(value).encode(), example=True) for kind, value in bodies.items()),
        Shape("malformed", MALFORMED, example=True),
        Shape("no UTF-8", b'{"user": "\xff\xfe"}', example=True),
        Shape("empty", b"", example=True),
    ]


def kind_of(body: bytes) -> str:
    """Which kind of mistake a body is, ``""`` for none."""
    if not body:
        return "empty"
    try:
        value = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        return "no UTF-8"
    except (ValueError, RecursionError):
        return "malformed"
    if not isinstance(value, dict):
        return f"body {_type(value)}"
    if "user" not in value:
        return "user missing"
    user = value["user"]
    if isinstance(user, str):
        return "" if user else "user empty"
    return f"user {_type(user)}"


def _type(value: object) -> str:
    kinds = {
        type(None): "null",
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "array",
    }
    return kinds.get(type(value), "object")


def listed_no_stop() -> list[Shape]:
    """Users that are no strings, each at a border that a coercion may treat as its own."""
    users: tuple[Any, ...] = (
        0,
        -1,
        1.5,
        2**31,
        10**20,
        False,
        [],
        [USER],
        [0],
        {},
        {"user": USER},
        {"name": USER},
    )
    localised = replace(
        _no_stop(b"{}"), headers=(*JSON_HEADERS, ("Accept-Language", "de, fr;q=0.8, zh;q=0.5"))
    )
    return [localised, *(_no_stop(object_of(user)) for user in users)]


@cache
def no_stop() -> SearchStrategy[Shape]:
    """Bodies that are no stop request: cut short, with something after them, no object, no user, no string."""
    whole = VALUES.filter(lambda value: not isinstance(value, str)).map(object_of)
    other = VALUES.filter(lambda value: not isinstance(value, dict)).map(_json)
    unnamed = st.dictionaries(ANY_TEXT.filter(lambda name: name != "user"), VALUES, max_size=3).map(_json)
    cut = st.integers(1, len(object_of()) - 1).map(lambda length: object_of()[:length])
    tail = st.sampled_from([b"}", b"]", b",", b"x", b"{}", b" null", b"\x00", b"\xff"]).map(
        lambda more: object_of() + more
    )
    noise = st.binary(min_size=1, max_size=40)
    words = st.sampled_from(
        [b"user", b"user=conformance", b"<user/>", b"undefined", b'{"user" "x"}', b'{"user":}', b"{"]
    )
    return (
        st.one_of(whole, other, unnamed, cut, tail, noise, words)
        .map(_no_stop)
        .filter(lambda shape: shape.kind)
    )


def _no_stop(body: bytes) -> Shape:
    return Shape(kind_of(body), body)


def _json(value: object) -> bytes:
    return json.dumps(value).encode("ascii")


def nearly_json() -> list[Shape]:
    """Bodies that some parsers take for JSON."""
    user = f'"{USER}"'
    texts = {
        "trailing comma": f'{{"user": {user},}}',
        "single quotes": f"{{'user': '{USER}'}}",
        "bare name": f"{{user: {user}}}",
        "comment": f'{{"user": {user} /* why */}}',
        "line comment": f'{{"user": {user}}} // why',
        "NaN": f'{{"user": {user}, "n": NaN}}',
        "Infinity": f'{{"user": {user}, "n": -Infinity}}',
        "leading zero": f'{{"user": {user}, "n": 012}}',
        "plus sign": f'{{"user": {user}, "n": +1}}',
        "bare line end": f'{{"user": "{USER}\n"}}',
        "two texts": f'{{"user": {user}}}\n{{"user": {user}}}',
        "wrong escape": f'{{"user": "{USER}\\x41"}}',
    }
    return [Shape(kind, text.encode()) for kind, text in texts.items()]


# What changes nothing ------------------------------------------------------------------------------------


@cache
def spelling() -> SearchStrategy[Shape]:
    """The plain body with other whitespace, and other escapes in its strings."""
    space = st.text(st.sampled_from(" \t\r\n"), max_size=4)
    escape = st.sets(st.integers(0, len(USER) - 1), max_size=len(USER))

    def written(spaces: tuple[str, ...], escaped: set[int], name: bool) -> Shape:
        user = "".join(f"\\u{ord(c):04x}" if number in escaped else c for number, c in enumerate(USER))
        key = "\\u0075ser" if name else "user"
        a, b, c, d, e = spaces
        return Shape("spelling", f'{a}{{{b}"{key}"{c}:{d}"{user}"{e}}}{a}'.encode("ascii"))

    return st.builds(written, st.tuples(space, space, space, space, space), escape, st.booleans())


def long_member() -> Shape:
    """The plain body behind a member that is longer than the buffers of most that look into it."""
    return Shape("members", json.dumps({"conformance": "x" * LONG_MEMBER, "user": USER}).encode("ascii"))


@cache
def members() -> SearchStrategy[Shape]:
    """The plain body among members that the document does not know, in any order."""
    names = ANY_TEXT.filter(lambda name: name.strip().lower() not in {"user", "user_id", "userid"})
    plain = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20)
    value = (
        st.none()
        | st.booleans()
        | st.integers(-(2**31), 2**31)
        | plain
        | st.lists(st.integers(0, 9), max_size=3)
    )

    def placed(others: dict[str, Any], at: int) -> Shape:
        pairs = list(others.items())
        pairs.insert(at % (len(pairs) + 1), ("user", USER))
        return Shape("members", json.dumps(dict(pairs)).encode("ascii"))

    safe = names.filter(lambda name: name.isprintable() and not name.startswith(("__", "$")) and name != "")
    return st.builds(placed, st.dictionaries(safe, value, min_size=1, max_size=4), st.integers(0, 4))
