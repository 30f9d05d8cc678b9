"""Only a valid key in the Authorization header is let in, and nobody learns it."""

import re
from collections.abc import Iterable
from itertools import chain

from conformance.contract import Contract
from conformance.effects import Effects
from conformance.exchange import Exchange
from conformance.judging import Inconclusive, require, requirement, unlimited
from conformance.masking import placeholder
from conformance.refusal import UNAUTHORIZED, accepted, each, holds, recorded, refused_with, untouched, worst
from conformance.scenarios.forms import is_taken
from conformance.scenarios.keys import (
    BASIC,
    BEFORE_PARSING,
    COOKIE,
    DECORATED,
    FIRST_OF_ALL,
    FROM_INSIDE,
    GLUED,
    OTHER_CASE,
    OTHER_LETTERS,
    OTHER_PATHS,
    PARTS,
    SCHEME_API_KEY,
    SHORTENED,
)
from conformance.target import KEYS, OWNER_KEY
from conformance.trace import History, Trace

READS = frozenset({"info", "parameters", "run", "detail"})  # what the owner of the key may have in any case
WITHOUT_CHALLENGE = "a 401 without the header WWW-Authenticate"


NOT_LET_IN = frozenset({FROM_INSIDE, *OTHER_PATHS, COOKIE})


def _refused(credentials: Trace, *cases: str, if_sent: Iterable[str] = ()) -> None:
    each(chain(recorded(credentials, *cases), credentials.each(*if_sent)), _unauthorized)


def _unauthorized(exchange: Exchange) -> None:
    """Require 401; of what is NOT_LET_IN that it is no success: a redirect, an unknown path, a page for all are none."""
    if exchange.case not in NOT_LET_IN:
        refused_with(exchange, UNAUTHORIZED)
        return
    unlimited(exchange)
    holds(not is_taken(exchange), exchange, f"answered {exchange.seen}; expected is no success")


@requirement("stop.auth.no-header")
def test_a_stop_without_a_key_is_refused(credentials: Trace) -> None:
    _refused(credentials, "no header", if_sent=[FROM_INSIDE])


@requirement("stop.auth.empty-header")
def test_an_empty_header_is_refused(credentials: Trace) -> None:
    _refused(credentials, "empty header")


@requirement("stop.auth.scheme-only")
def test_a_scheme_without_a_key_is_refused(credentials: Trace) -> None:
    _refused(credentials, "scheme only")


@requirement("stop.auth.other-scheme")
def test_another_scheme_is_refused(credentials: Trace) -> None:
    _refused(credentials, "other scheme", "scheme Token", if_sent=[*BASIC, SCHEME_API_KEY])


@requirement("stop.auth.no-scheme")
def test_a_key_without_scheme_is_refused(credentials: Trace) -> None:
    _refused(credentials, "key without scheme", if_sent=GLUED)


@requirement("stop.auth.unknown-key")
def test_a_key_that_no_app_has_is_refused(credentials: Trace) -> None:
    _refused(credentials, "unknown key", if_sent=["unknown key again", *OTHER_PATHS, COOKIE])


@requirement("stop.auth.shortened-key")
def test_the_beginning_of_a_key_is_refused(credentials: Trace) -> None:
    if not credentials.unmet and not credentials.where(lambda exchange: exchange.case == SHORTENED):
        raise Inconclusive(f"{OWNER_KEY} is one letter, of which nothing is left when it is shortened")
    _refused(credentials, SHORTENED, if_sent=[*OTHER_LETTERS, *PARTS])


@requirement("stop.auth.lengthened-key")
def test_a_key_with_something_after_it_is_refused(credentials: Trace) -> None:
    _refused(credentials, "lengthened key", if_sent=DECORATED)


@requirement("stop.auth.letter-case")
def test_a_key_in_other_letter_case_is_refused(credentials: Trace) -> None:
    if not credentials.unmet and not credentials.where(lambda exchange: exchange.case == OTHER_CASE):
        raise Inconclusive(f"{OWNER_KEY} has no letters; give an app a key that has some")
    _refused(credentials, OTHER_CASE)


@requirement("stop.auth.in-query")
def test_a_key_in_the_query_is_none(credentials: Trace) -> None:
    _refused(credentials, "key in the query")


@requirement("stop.auth.in-body")
def test_a_key_in_the_body_is_none(credentials: Trace) -> None:
    _refused(credentials, "key in the body")


@requirement("stop.auth.in-other-header")
def test_a_key_in_another_header_is_none(credentials: Trace) -> None:
    _refused(credentials, "key in another header", "key in other headers")


@requirement("stop.auth.first")
def test_a_bad_key_is_refused_before_anything_else_is_looked_at(credentials: Trace) -> None:
    def refused(exchange: Exchange) -> None:
        refused_with(exchange, *(() if exchange.case == BEFORE_PARSING else (UNAUTHORIZED,)))

    each(chain(recorded(credentials, FIRST_OF_ALL[0]), credentials.each(*FIRST_OF_ALL[1:])), refused)


@requirement("stop.auth.before-body")
def test_a_bad_key_is_refused_before_the_body_is_parsed(credentials: Trace) -> None:
    _refused(credentials, BEFORE_PARSING)


@requirement("stop.auth.scheme-case")
def test_the_scheme_may_be_in_any_letter_case(scheme_in_lower_case: Trace, contract: Contract) -> None:
    accepted(scheme_in_lower_case.case("scheme in lower case"), contract.stop.success)


@requirement("stop.auth.challenge")
def test_a_refusal_says_how_to_authenticate(credentials: Trace) -> None:
    refusals = credentials.where(lambda exchange: exchange.status == UNAUTHORIZED)
    if not refusals:
        raise Inconclusive("nothing was refused with 401")
    worst((refusal, _without_challenge(refusal)) for refusal in refusals)


@requirement("stop.auth.right-key")
def test_a_right_key_is_let_in_every_time(history: History) -> None:
    sent = [exchange for exchange in history.exchanges if _is_right(exchange)]
    heard = [one for one in sent if one.response and not one.busy]
    if not heard:
        raise Inconclusive("nothing with a right key was answered, unless by asking to come again later")
    let_in = {one.operation for one in heard if one.status != UNAUTHORIZED}
    refused = [one for one in sent if one.status == UNAUTHORIZED and one.operation in let_in]
    seen = f"{len(refused)} of {len(sent)} requests with a right key were answered 401"
    require(not refused, f"{seen}, first {refused[0].case}" if refused else "", *refused[:5])


@requirement("stop.auth.no-effect")
def test_a_stop_with_a_bad_key_stops_nothing(credentials: Trace, effects: Effects) -> None:
    untouched(credentials, effects)


@requirement("stop.auth.not-echoed")
def test_no_answer_has_a_key_in_it(history: History) -> None:
    if not any(exchange.response for exchange in history.exchanges):
        raise Inconclusive("nothing was answered")
    worst((exchange, _echo(exchange)) for exchange in history.exchanges)
    if unsearched := " and ".join(name for name in KEYS if name in history.unsearched):
        raise Inconclusive(
            f"{unsearched}: too short or too ordinary to be searched for in answers; give an app a key of random letters"
        )


def _is_right(exchange: Exchange) -> bool:
    """Whether it asks, with the workflow app's own key, for what the owner of that may have.

    A stop may be answered 401 for another reason: that it is for the task of another user, as Dify did up to 1.8.
    """
    keys = [value for name, value in exchange.request.headers if name.lower() == "authorization"]
    own = keys == [f"Bearer {placeholder(OWNER_KEY)}"]
    return own and (exchange.operation in READS or exchange.scenario == "same_answers")


def _without_challenge(exchange: Exchange) -> str | None:
    challenges = exchange.response.listed("www-authenticate") if exchange.response else ""
    if re.search(r"(^|,)\s*bearer\b", challenges, re.IGNORECASE):
        return None
    return f"a 401 whose WWW-Authenticate is {challenges!r}, not Bearer" if challenges else WITHOUT_CHALLENGE


def _echo(exchange: Exchange) -> str | None:
    """Where a key stands in the answer; the probe put its name in its place."""
    if exchange.response is None:
        return None
    parts = {
        "body": exchange.response.text,
        "head": "\n".join(name for name, _ in exchange.response.headers),
        **{f"header {name}": value for name, value in exchange.response.headers},
    }
    if exchange.events:
        parts["stream"] = "\n".join(f"{event.kind}\n{event.data}" for event in exchange.events)
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
