"""Stops in other forms: what they keep, how they are written, and what may refuse them."""

from collections.abc import Iterable

import pytest

from conformance.contract import load_contract
from conformance.exchange import Exchange, Fault, Request, Response
from conformance.judging import Inconclusive, Violation
from conformance.scenarios.disguised import FORMS, QUERY, RIGHT, parted
from conformance.scenarios.forms import is_taken
from conformance.scenarios.guises import BARE, BY_HAND, CHUNKED, GUISES, HOST, HTML, OLD, ORIGIN, SMALL
from conformance.suites.test_forms import test_what_must_be_refused_is_refused_in_every_form as judged
from conformance.trace import NotRecorded, Trace

PLAIN = Request(
    "POST",
    "http://dify.example/v1/workflows/tasks/a/stop?b=c",
    (("Authorization", "Bearer x"), ("User-Agent", "conformance"), ("Accept-Encoding", "gzip")),
    b'{"user": "u"}',
    13,
)
JSON = (("Content-Type", "application/json"),)
PAGE = (("Content-Type", "text/html; charset=utf-8"),)
NOBODY = b'{"code": "invalid_param", "message": "Arg user must be provided.", "status": 400}'
TRANSLATED = NOBODY.replace(b"invalid_param", "ungültig".encode())
KEY = Response(401, "", JSON, b'{"code": "unauthorized", "message": "no", "status": 401}')
SUCCESS = Response(200, "", JSON, b'{"result": "success"}')


def stop(case: str, answer: Response | None, **more: Fault) -> Exchange:
    return Exchange("stop/1", "refused_forms", "stop", case, PLAIN, 0.0, 1.0, answer, **more)


def verdict(*stops: Exchange, unmet: str | None = None) -> str:
    try:
        judged(Trace("refused_forms", stops, unmet), load_contract())
    except Violation as violation:
        return violation.seen
    except (Inconclusive, NotRecorded):
        return "open"
    return "pass"


def names(headers: Iterable[tuple[str, str]]) -> set[str]:
    return {name for name, _ in headers}


def test_headers_of_the_settings_stay_as_they_are() -> None:
    fixed = frozenset({"user-agent", "origin", "host"})
    for form in (BARE, ORIGIN, HOST):
        assert GUISES[form].put_on(PLAIN, fixed) == PLAIN
    assert "User-Agent" not in names(GUISES[BARE].put_on(PLAIN, frozenset()).headers)
    assert ("Host", "localhost") in GUISES[HOST].put_on(PLAIN, frozenset()).headers
    assert names(GUISES[SMALL].put_on(PLAIN, fixed).headers) == {
        "authorization",
        "user-agent",
        "accept-encoding",
    }


def test_what_is_written_by_hand_is_the_same_request() -> None:
    for form, written in BY_HAND.items():
        head, _, body = b"".join(written(PLAIN).pieces).partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        assert first == f"POST /v1/workflows/tasks/a/stop?b=c HTTP/{'1.0' if form == OLD else '1.1'}"
        assert {"Host: dify.example", "Authorization: Bearer x", "User-Agent: conformance"} <= set(lines)
        assert not any(line.startswith("Accept-Encoding") for line in lines)
        assert body == (b'6\r\n{"user\r\n7\r\n": "u"}\r\n0\r\n\r\n' if form == CHUNKED else PLAIN.body)
    named = GUISES[HOST].put_on(PLAIN, frozenset())
    assert b"".join(BY_HAND[OLD](named).pieces).count(b"Host: ") == 1


def test_a_page_of_another_host_takes_no_stop() -> None:
    assert is_taken(stop("a", SUCCESS))
    assert not is_taken(stop("a", Response(200, "", PAGE, b"<h1>Welcome</h1>")))
    assert not is_taken(stop("a", None))


def test_cases_tell_what_is_wrong_and_the_form() -> None:
    assert {parted(f"chat key, {form}") for form in FORMS} == {("chat key", form) for form in FORMS}
    assert parted("unknown key, no user") == parted("no user") == ("", "")


@pytest.mark.parametrize(
    ("form", "answer", "said"),
    [
        (ORIGIN, Response(403, "", PAGE, b"<h1>Forbidden</h1>"), "pass"),
        (HOST, Response(200, "", PAGE, b"<h1>Welcome</h1>"), "pass"),
        (HOST, Response(301, "", PAGE, b""), "pass"),
        (HOST, SUCCESS, "no user, for another host name: answered 200"),
        (OLD, Response(505, "", PAGE, b""), "pass"),
        (OLD, SUCCESS, "no user, in HTTP/1.0: answered 200"),
        (CHUNKED, Response(411, "", PAGE, b""), "pass"),
        (CHUNKED, Response(400, "", PAGE, b"<h1>Bad Request</h1>"), "pass"),
        (HTML, Response(302, "", PAGE, b""), "no user, asking for HTML: answered 302"),
        (HTML, Response(500, "", JSON, b"{}"), "no user, asking for HTML: answered 500"),
        (HTML, Response(400, "", JSON, NOBODY), "pass"),
    ],
)
def test_any_refusal_will_do(form: str, answer: Response, said: str) -> None:
    assert verdict(stop(f"no user, {form}", answer)).startswith(said)


def test_the_code_is_asked_for_where_the_form_was_read() -> None:
    other = stop(f"no user, {HTML}", Response(400, "", JSON, TRANSLATED))
    assert verdict(other) == "pass"
    assert "the code is" in verdict(other, stop(f"no key, {HTML}", KEY))
    assert verdict(other, stop(f"no key, {ORIGIN}", KEY)) == "pass"
    negotiated = stop(f"{RIGHT}, {HTML}", Response(200, "", PAGE, b"<pre>success</pre>"))
    assert verdict(other, stop(f"no key, {HTML}", KEY), negotiated) == "pass"
    assert "the code is" in verdict(other, stop(f"no key, {HTML}", KEY), stop(f"{RIGHT}, {HTML}", SUCCESS))
    page = stop(f"chat key, {OLD}", Response(400, "", PAGE, b"<h1>Bad Request</h1>"))
    assert "is no JSON object" in verdict(page, stop(f"unknown key, {OLD}", KEY))


def test_no_answer_lets_nobody_in_where_a_server_may_not_speak_like_that() -> None:
    silent = Fault("reset", 1.0, "closed")
    assert verdict(stop(f"no key, {OLD}", None, fault=silent)) == "pass"
    assert verdict(stop(f"no key, {HOST}", None, fault=silent)) == "pass"
    assert "reset" in verdict(stop(f"no key, {QUERY}", None, fault=silent))


def test_a_browser_without_a_key_may_be_sent_to_a_login() -> None:
    login = Response(302, "", PAGE, b"")
    assert verdict(stop(f"no key, {HTML}", login)) == "pass"
    assert "answered 302" in verdict(stop(f"chat key, {HTML}", login))
    assert "answered 302" in verdict(stop(f"no key, {QUERY}", login))


def test_a_scenario_that_broke_off_passes_nothing() -> None:
    assert verdict() == "open"
    assert verdict(stop(f"no key, {HTML}", KEY), unmet="the target went away") == "open"
    assert "answered 200" in verdict(stop(f"no key, {HTML}", SUCCESS), unmet="the target went away")
