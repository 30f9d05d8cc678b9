"""`user` is required, and is a string."""

from itertools import chain

from conformance.contract import Contract
from conformance.exchange import Exchange
from conformance.judging import Inconclusive, requirement, shown, unlimited
from conformance.refusal import (
    accepted,
    each,
    holds,
    not_for_being_unknown,
    recorded,
    refused_as,
    refused_with,
    worst,
)
from conformance.scenarios.refusals import (
    ACCEPTED_USERS,
    IN_CAPITALS,
    IN_HEADERS,
    IN_QUERY_ALONE,
    IN_QUERY_BESIDE_NULL,
    LONG,
    OF_A_PROTOTYPE,
)
from conformance.trace import Trace


def _refused(users: Trace, contract: Contract, case: str) -> None:
    refused_as(users.case(f"user {case}"), contract.stop.error("invalid_param"))


@requirement("stop.user.missing")
def test_a_stop_without_user_is_refused(users: Trace, contract: Contract) -> None:
    _refused(users, contract, "missing")


@requirement("stop.user.null")
def test_a_null_user_is_refused(users: Trace, contract: Contract) -> None:
    _refused(users, contract, "null")


@requirement("stop.user.number")
def test_a_number_as_user_is_refused(users: Trace, contract: Contract) -> None:
    _refused(users, contract, "number")


@requirement("stop.user.boolean")
def test_a_boolean_as_user_is_refused(users: Trace, contract: Contract) -> None:
    _refused(users, contract, "boolean")


@requirement("stop.user.array")
def test_an_array_as_user_is_refused(users: Trace, contract: Contract) -> None:
    _refused(users, contract, "array")


@requirement("stop.user.object")
def test_an_object_as_user_is_refused(users: Trace, contract: Contract) -> None:
    _refused(users, contract, "object")


@requirement("stop.user.empty")
def test_an_empty_user_is_refused(users: Trace, contract: Contract) -> None:
    _refused(users, contract, "empty")


@requirement("stop.user.in-query")
def test_a_user_in_the_query_string_is_none(users: Trace, contract: Contract) -> None:
    def refused(exchange: Exchange) -> None:
        if exchange.case in {IN_QUERY_ALONE, IN_QUERY_BESIDE_NULL}:
            refused_with(exchange)
        else:
            refused_as(exchange, contract.stop.error("invalid_param"))

    others = users.each(IN_QUERY_ALONE, IN_QUERY_BESIDE_NULL)
    each(chain(recorded(users, "user in the query"), others), refused)


@requirement("stop.user.other-name")
def test_a_user_under_another_name_is_none(users: Trace, contract: Contract) -> None:
    def refused(exchange: Exchange) -> None:
        if exchange.case != OF_A_PROTOTYPE:
            refused_as(exchange, contract.stop.error("invalid_param"))
            return
        # To stumble over such members breaks another requirement.
        holds(unlimited(exchange).status // 100 != 2, exchange, f"answered {exchange.seen}")

    others = users.each(IN_HEADERS, OF_A_PROTOTYPE)
    each(chain(recorded(users, "user under another name"), others), refused)


@requirement("stop.user.letter-case")
def test_a_user_in_other_letter_case_is_none(users: Trace, contract: Contract) -> None:
    refused_as(users.case(IN_CAPITALS), contract.stop.error("invalid_param"))


@requirement("stop.user.any-string")
def test_any_other_string_is_accepted_as_user(user_strings: Trace, contract: Contract) -> None:
    stops = user_strings.where(
        lambda exchange: exchange.operation == "stop" and exchange.case in ACCEPTED_USERS
    )
    if not stops:
        raise Inconclusive(user_strings.unmet or "no run could be started by a user with an unusual name")
    named = (stop for stop in stops if not _too_long_for_any_run(stop, contract))
    each(named, lambda stop: accepted(stop, contract.stop.success))
    user_strings.whole()


def _too_long_for_any_run(stop: Exchange, contract: Contract) -> bool:
    """Whether a long name is refused as documented where no run can be started in it, so that it is nobody's."""
    error, answer = contract.stop.error("invalid_param"), stop.response
    documented = answer is not None and (answer.status, answer.member.get("code")) == (
        error.status,
        error.code,
    )
    return documented and stop.case == LONG and stop.about.get("live") == "no"


@requirement("stop.user.message")
def test_the_refusal_says_what_the_document_says(users: Trace, contract: Contract) -> None:
    error = contract.stop.error("invalid_param")
    missing = users.case("user missing")
    unlimited(missing)
    not_for_being_unknown(missing)
    worst([(missing, _other_message(missing, error.message))])


def _other_message(exchange: Exchange, expected: str | None) -> str | None:
    message = exchange.response.member.get("message") if exchange.response else None
    return (
        None
        if expected is None or message == expected
        else f"the message is {shown(message)}; documented is {shown(expected)}"
    )
