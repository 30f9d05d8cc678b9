"""Bodies that may be taken or refused, but not stumbled over."""

import gzip
from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.properties.known import BOTTOMLESS, CODED, LONG_NUMBER
from conformance.properties.shapes import USER, Shape, object_of
from conformance.scenarios.requests import JSON_HEADERS

DEEP = 400  # levels; PHP, Python and Jackson follow some 500 to 1,000, and say in different ways that they do no more


def listed_odd_bodies() -> list[Shape]:
    """One of each kind."""
    coded = (*JSON_HEADERS, ("Content-Encoding", "gzip"))
    good = object_of()
    return [
        Shape("duplicate user", f'{{"user": "{USER}", "user": "{USER}"}}'.encode()),
        Shape("duplicate user of two types", f'{{"user": 1, "user": "{USER}"}}'.encode()),
        Shape("byte order mark", b"\xef\xbb\xbf" + good),
        Shape("UTF-16", good.decode().encode("utf-16")),
        Shape("UTF-32", good.decode().encode("utf-32")),
        Shape(
            "Latin-1 declared",
            '{"user": "conformance-é"}'.encode("latin-1"),
            (("Content-Type", "application/json; charset=latin-1"),),
        ),
        Shape("gzip", gzip.compress(good, mtime=0), coded),
        Shape(CODED[0], good, coded),
        Shape(CODED[1], good, (*JSON_HEADERS, ("Content-Encoding", "conformance"))),
        Shape("huge number", f'{{"user": "{USER}", "n": 1e400}}'.encode()),
        Shape(LONG_NUMBER, f'{{"user": "{USER}", "n": {"9" * 5000}}}'.encode()),
        Shape("many members", object_of(**{f"m{number}": number for number in range(2000)})),
        Shape("nul in a name", object_of(**{"a\x00b": 1})),
        Shape("prototype", object_of(__proto__={"user": 1}, constructor={"prototype": {}})),
    ]


@cache
def deep_bodies() -> SearchStrategy[Shape]:
    """Bodies that are nested deep: some as deep as any parser follows, some deeper than most do."""
    deep = st.integers(1, DEEP).flatmap(
        lambda depth: _nested(depth, "deep array", "deep object", "deep and open")
    )
    return deep | st.integers(2 * DEEP, 40 * DEEP).flatmap(lambda depth: _nested(depth, *BOTTOMLESS))


def _nested(depth: int, array: str, one: str, unclosed: str) -> SearchStrategy[Shape]:
    inside = b'{"user": "%s", "n": %s%s}' % (USER.encode(), b"[" * depth, b"]" * depth)
    return st.sampled_from(
        [
            Shape(array, inside),
            Shape(one, b'{"n":' * depth + b"1" + b"}" * depth),
            Shape(unclosed, b"[" * depth),
        ]
    )
