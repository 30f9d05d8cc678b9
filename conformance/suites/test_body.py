"""The body is one JSON object in a JSON media type."""

from itertools import chain

from conformance.contract import Contract
from conformance.exchange import Exchange
from conformance.judging import requirement, unlimited
from conformance.refusal import accepted, each, holds, not_for_being_unknown, recorded, refused_with
from conformance.scenarios.refusals import IN_A_STRING, IN_AN_ARRAY, MULTIPART_FORM
from conformance.trace import Trace

OF_ANOTHER = frozenset(
    {403, 404}
)  # who reads bytes that are no UTF-8 as some letter sees a stop of another user
NO_OBJECT = ("array", "string", "number", "null", "boolean")


@requirement("stop.body.none")
def test_a_stop_without_a_body_is_refused(bodies: Trace) -> None:
    refused_with(bodies.case("no body"))


@requirement("stop.body.empty")
def test_an_empty_body_is_refused(bodies: Trace) -> None:
    refused_with(bodies.case("empty body"))


@requirement("stop.body.malformed")
def test_a_body_that_is_no_json_is_refused(bodies: Trace) -> None:
    refused_with(bodies.case("malformed JSON"))


@requirement("stop.body.encoding")
def test_a_body_that_is_not_utf_8_breaks_nothing(bodies: Trace) -> None:
    foreign = bodies.case("not UTF-8")
    held = unlimited(foreign).status < 500
    holds(held, foreign, f"answered {foreign.seen}; expected is no server error")


@requirement("stop.body.utf-8")
def test_a_body_that_is_not_utf_8_is_refused(bodies: Trace) -> None:
    refused_with(bodies.case("not UTF-8"))


@requirement("stop.body.no-object")
def test_a_body_that_is_no_object_is_refused(bodies: Trace) -> None:
    kinds = recorded(bodies, *(f"body is a JSON {kind}" for kind in NO_OBJECT))
    each(chain(kinds, bodies.each(IN_AN_ARRAY, IN_A_STRING)), refused_with)


@requirement("stop.body.text-plain")
def test_a_body_declared_as_plain_text_is_refused(bodies: Trace) -> None:
    refused_with(bodies.case("text/plain"))


@requirement("stop.body.form")
def test_a_form_is_refused(bodies: Trace) -> None:
    each(chain(recorded(bodies, "form"), bodies.each(MULTIPART_FORM)), refused_with)


@requirement("stop.body.documented-status")
def test_a_bad_body_is_refused_with_the_documented_status(bodies: Trace, contract: Contract) -> None:
    expected = contract.stop.error("invalid_param").status
    cases = ("empty body", "malformed JSON", "not UTF-8", *(f"body is a JSON {kind}" for kind in NO_OBJECT))

    def documented(exchange: Exchange) -> None:
        response = unlimited(exchange)
        not_for_being_unknown(exchange)
        read_as_another = exchange.case == "not UTF-8" and response.status in OF_ANOTHER
        held = read_as_another or response.status == expected
        holds(held, exchange, f"answered {exchange.seen}; documented is {expected}")

    each(recorded(bodies, *cases), documented)


@requirement("stop.body.unknown-members")
def test_unknown_members_are_ignored(unknown_members: Trace, contract: Contract) -> None:
    accepted(unknown_members.case("unknown members"), contract.stop.success)
