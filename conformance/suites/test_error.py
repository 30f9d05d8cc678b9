"""Every refusal is one JSON object with `code`, `message` and `status`."""

import re
from collections.abc import Callable

from conformance.contract import Contract, property_values
from conformance.exchange import TOO_MANY, Exchange, Response
from conformance.judging import Inconclusive, requirement, shown, stated
from conformance.refusal import worst
from conformance.scenarios.disguised import parted
from conformance.scenarios.guises import OF_GATEWAYS
from conformance.scenarios.keys import OTHER_PATHS
from conformance.trace import FOREIGN, History

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _judge(history: History, wrong: Callable[[Response], str | None]) -> None:
    refusals = [
        (exchange, exchange.response)
        for exchange in history.exchanges
        if exchange.operation == "stop" and exchange.response and _is_refusal(exchange)
    ]
    if not refusals:
        raise Inconclusive("no stop was refused")
    worst((exchange, wrong(response)) for exchange, response in refusals)


def _is_refusal(exchange: Exchange) -> bool:
    """A client error of this operation; an unknown task may be answered as an unknown path is.

    What is written by hand may be refused by whatever reads HTTP, another path by whatever looks at paths, and
    another form by whatever stands in front: of those that the server read, ``stop.robust.any-form-refused`` speaks.
    """
    # Gateways may let through what looks like an id, and nothing else.
    of_no_form = exchange.case == FOREIGN and not UUID.fullmatch(exchange.about.get("task", ""))
    unknown = of_no_form or exchange.about.get("live") == "no" or exchange.case == "unknown task"
    return (
        exchange.status is not None
        and not exchange.request.raw
        and exchange.case not in OTHER_PATHS
        and exchange.case not in OF_GATEWAYS
        and not parted(exchange.case)[1]
        and exchange.status != TOO_MANY  # said by whatever limits requests, often a proxy
        and 400 <= exchange.status < 500
        and not (unknown and exchange.status == 404)
    )


@requirement("stop.error.media-type")
def test_a_refusal_is_json(history: History, contract: Contract) -> None:
    def wrong(r: Response) -> str | None:
        of_its_own = (
            r.media_type.endswith("+json") and contract.stop.answer(r.status) is None
        )  # RFC 9457, say
        declared = [value for name, value in r.headers if name.lower() == "content-type"]
        if len(declared) > 1:
            return f"a {r.status} of several media types: {', '.join(declared)}"
        held = r.media_type == "application/json" or of_its_own
        return None if held else f"a {r.status} of media type {shown(r.media_type)}"

    _judge(history, wrong)


@requirement("stop.error.object")
def test_a_refusal_is_an_object(history: History, contract: Contract) -> None:
    success = property_values(contract.stop.success, "result")

    def wrong(r: Response) -> str | None:
        if r.json_object is None:
            return f"the body of a {r.status} is no JSON object: {shown(r.text)}"
        result = r.member.get("result")
        return f"a {r.status} has the result {shown(result)}, as a success has" if result in success else None

    _judge(history, wrong)


@requirement("stop.error.code")
def test_a_refusal_has_a_code(history: History) -> None:
    _judge(
        history,
        lambda r: (
            None if isinstance(r.member.get("code"), str) and r.member["code"] else stated(r.member, "code")
        ),
    )


@requirement("stop.error.message")
def test_a_refusal_has_a_message(history: History) -> None:
    _judge(
        history,
        lambda r: (
            None
            if isinstance(r.member.get("message"), str) and r.member["message"].strip()
            else stated(r.member, "message")
        ),
    )


@requirement("stop.error.status")
def test_a_refusal_repeats_its_status(history: History) -> None:
    def wrong(response: Response) -> str | None:
        status = response.member.get("status")
        same = status == response.status and not isinstance(status, bool)
        return None if same else f"{stated(response.member, 'status')} in an answer with {response.status}"

    _judge(history, wrong)
