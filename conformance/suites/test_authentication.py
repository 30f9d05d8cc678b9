"""Only a valid key in the Authorization header is let in, and nobody learns it."""

from conformance.contract import Contract
from conformance.judging import Inconclusive, requirement
from conformance.refusal import UNAUTHORIZED, accepted, refused_with, untouched, worst
from conformance.scenarios.refusals import DECORATED
from conformance.target import KEYS
from conformance.trace import Exchange, History, Trace


def _refused(credentials: Trace, case: str) -> None:
    refused_with(credentials.case(case), UNAUTHORIZED)


@requirement("stop.auth.no-header")
def test_a_stop_without_a_key_is_refused(credentials: Trace) -> None:
    _refused(credentials, "no header")


@requirement("stop.auth.empty-header")
def test_an_empty_header_is_refused(credentials: Trace) -> None:
    _refused(credentials, "empty header")


@requirement("stop.auth.scheme-only")
def test_a_scheme_without_a_key_is_refused(credentials: Trace) -> None:
    _refused(credentials, "scheme only")


@requirement("stop.auth.other-scheme")
def test_another_scheme_is_refused(credentials: Trace) -> None:
    for case in ("other scheme", "scheme Token"):
        _refused(credentials, case)


@requirement("stop.auth.no-scheme")
def test_a_key_without_scheme_is_refused(credentials: Trace) -> None:
    _refused(credentials, "key without scheme")


@requirement("stop.auth.unknown-key")
def test_a_key_that_no_app_has_is_refused(credentials: Trace) -> None:
    for again in credentials.where(lambda exchange: exchange.case in {"unknown key", "unknown key again"}):
        refused_with(again, UNAUTHORIZED)
    _refused(credentials, "unknown key")


@requirement("stop.auth.shortened-key")
def test_the_beginning_of_a_key_is_refused(credentials: Trace) -> None:
    _refused(credentials, "shortened key")


@requirement("stop.auth.lengthened-key")
def test_a_key_with_something_after_it_is_refused(credentials: Trace) -> None:
    for case in ("lengthened key", *DECORATED):
        _refused(credentials, case)


@requirement("stop.auth.letter-case")
def test_a_key_in_other_letter_case_is_refused(credentials: Trace) -> None:
    _refused(credentials, "key in other letter case")


@requirement("stop.auth.in-query")
def test_a_key_in_the_query_is_none(credentials: Trace) -> None:
    _refused(credentials, "key in the query")


@requirement("stop.auth.in-body")
def test_a_key_in_the_body_is_none(credentials: Trace) -> None:
    _refused(credentials, "key in the body")


@requirement("stop.auth.in-other-header")
def test_a_key_in_another_header_is_none(credentials: Trace) -> None:
    for case in ("key in another header", "key in other headers"):
        _refused(credentials, case)


@requirement("stop.auth.first")
def test_a_bad_key_is_refused_before_anything_else_is_looked_at(credentials: Trace) -> None:
    for case in ("unknown key, no user", "unknown key, malformed JSON", "unknown key, text/plain"):
        _refused(credentials, case)


@requirement("stop.auth.scheme-case")
def test_the_scheme_may_be_in_any_letter_case(scheme_in_lower_case: Trace, contract: Contract) -> None:
    accepted(scheme_in_lower_case.case("scheme in lower case"), contract.stop.success)


@requirement("stop.auth.challenge")
def test_a_refusal_says_how_to_authenticate(credentials: Trace) -> None:
    refusals = credentials.where(lambda exchange: exchange.status == UNAUTHORIZED)
    if not refusals:
        raise Inconclusive("nothing was refused with 401")
    worst((refusal, _without_challenge(refusal)) for refusal in refusals)


@requirement("stop.auth.no-effect")
def test_a_stop_with_a_bad_key_stops_nothing(credentials: Trace) -> None:
    untouched(credentials)


@requirement("stop.auth.not-echoed")
def test_no_answer_has_a_key_in_it(history: History) -> None:
    if not any(exchange.response for exchange in history.exchanges):
        raise Inconclusive("nothing was answered")
    worst((exchange, _echo(exchange)) for exchange in history.exchanges)


def _without_challenge(exchange: Exchange) -> str | None:
    challenged = exchange.response is not None and exchange.response.header("www-authenticate")
    return None if challenged else "a 401 without the header WWW-Authenticate"


def _echo(exchange: Exchange) -> str | None:
    """Where a key stands in the answer; the probe put its name in its place."""
    if exchange.response is None:
        return None
    parts = {
        "body": exchange.response.text,
        **{f"header {name}": value for name, value in exchange.response.headers},
    }
    if exchange.events:
        parts["stream"] = "\n".join(event.data or "" for event in exchange.events)
    return next(
        (
            f"the {part} of the answer has the key {name} in it"
            for part, text in parts.items()
            if "$" in text
            for name in KEYS
            if f"${name}" in text or f"${{{name}" in text
        ),
        None,
    )
