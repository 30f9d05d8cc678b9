"""What must be refused is refused in whatever form it comes."""

from collections.abc import Iterable, Mapping

from conformance.contract import Contract, DocumentedError
from conformance.exchange import Exchange, Response
from conformance.judging import Inconclusive, requirement, shown, stated, unlimited
from conformance.refusal import UNAUTHORIZED, each, holds
from conformance.scenarios.disguised import FORMS, QUERY, RIGHT, SMALL, XML, parted
from conformance.scenarios.forms import is_taken
from conformance.scenarios.guises import BARE, HOST, HTML, OF_GATEWAYS, OLD, ORIGIN, OTHERS
from conformance.scenarios.mistakes import NO_KEY, NO_USER, NULL_USER, UNKNOWN_KEY
from conformance.target import MODE_KEYS
from conformance.trace import Trace

# Forms that change neither body nor media type: a server that came as far as to ask for the key reads the rest alike.
READ_ALIKE = frozenset({QUERY, SMALL, OTHERS, HTML, XML, BARE, ORIGIN, OLD})


@requirement("stop.robust.any-form-refused")
def test_what_must_be_refused_is_refused_in_every_form(refused_forms: Trace, contract: Contract) -> None:
    stops = refused_forms.where(lambda exchange: exchange.operation == "stop" and _form(exchange) != "")
    sent = [exchange for exchange in stops if parted(exchange.case)[0] != RIGHT]
    if not sent:
        raise Inconclusive(refused_forms.unmet or "no refused stop was sent in another form")
    read = _read_alike(stops)
    documented = _documented(contract)

    def refused(exchange: Exchange) -> None:
        _not_let_in(exchange)
        wrong, form = parted(exchange.case)
        if wrong in documented and form in read:
            _as_documented(exchange, documented[wrong])

    each(sent, refused)
    refused_forms.whole()


def _read_alike(stops: Iterable[Exchange]) -> set[str]:
    """The forms in which a bad key got its 401, those apart in which a right stop is answered in another media type."""
    asked_for_a_key = {_form(stop) for stop in stops if stop.status == UNAUTHORIZED}
    otherwise = {
        _form(stop)
        for stop in stops
        if parted(stop.case)[0] == RIGHT and not (stop.response and "json" in stop.response.media_type)
    }
    return set(READ_ALIKE & asked_for_a_key - otherwise)


def _form(exchange: Exchange) -> str:
    return parted(exchange.case)[1]


def _documented(contract: Contract) -> Mapping[str, DocumentedError]:
    """As what the mistakes are refused of which the document says it."""
    nobody, mode = contract.stop.error("invalid_param"), contract.stop.error("not_workflow_app")
    return {NO_USER: nobody, NULL_USER: nobody, **{f"{name} key": mode for name in MODE_KEYS}}


def _not_let_in(exchange: Exchange) -> None:
    """Require a refusal, by whomever: what stands in front may hang up, or send a browser without a key to a login."""
    wrong, form = parted(exchange.case)
    by_hand, by_a_gateway = bool(FORMS[form].hand), form in OF_GATEWAYS
    if exchange.response is None and (by_hand or by_a_gateway):
        return
    response = unlimited(exchange)
    if form == HOST:
        held, expected = not is_taken(exchange), "no success"
    else:
        least = 300 if by_a_gateway and wrong in {NO_KEY, UNKNOWN_KEY} else 400
        held, expected = least <= response.status < (600 if by_hand else 500), "a client error (4xx)"
    holds(held, exchange, f"answered {exchange.seen}; expected is {expected}")


def _as_documented(exchange: Exchange, error: DocumentedError) -> None:
    """Require the documented code, and the rest of the envelope, of a refusal with the documented status."""
    response = exchange.response
    if response is None or response.status != error.status:
        return
    text = _otherwise(response, error)
    holds(not text, exchange, text)


def _otherwise(response: Response, error: DocumentedError) -> str:
    """What is not as in the answer to the plain form, empty if nothing."""
    members, status = response.member, response.status
    if response.json_object is None:
        return f"the body of a {status} is no JSON object: {shown(response.text)}"
    if error.code is not None and members.get("code") != error.code:
        return f"the code is {shown(members.get('code'))}; documented is {shown(error.code)}"
    message = members.get("message")
    if not (isinstance(message, str) and message.strip()):
        return stated(members, "message")
    return (
        "" if members.get("status") == status else f"{stated(members, 'status')} in an answer with {status}"
    )
