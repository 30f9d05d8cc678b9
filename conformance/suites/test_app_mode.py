"""Only the key of a workflow app can stop a workflow."""

from itertools import chain

from conformance.contract import Contract
from conformance.effects import Effects
from conformance.exchange import Exchange
from conformance.judging import Inconclusive, requirement, shown
from conformance.refusal import each, recorded, refused_as, untouched, worst
from conformance.scenarios.keys import AGAIN
from conformance.trace import Trace


def _refused(app_modes: Trace, contract: Contract, mode: str) -> None:
    error = contract.stop.error("not_workflow_app")
    sent = chain(recorded(app_modes, f"{mode} key"), app_modes.each(f"{mode} key {AGAIN}"))
    each(sent, lambda exchange: refused_as(exchange, error))


@requirement("stop.app-mode.chat")
def test_the_key_of_a_chat_app_is_refused(app_modes: Trace, contract: Contract) -> None:
    _refused(app_modes, contract, "chat")


@requirement("stop.app-mode.agent-chat")
def test_the_key_of_an_agent_is_refused(app_modes: Trace, contract: Contract) -> None:
    _refused(app_modes, contract, "agent-chat")


@requirement("stop.app-mode.advanced-chat")
def test_the_key_of_a_chatflow_is_refused(app_modes: Trace, contract: Contract) -> None:
    _refused(app_modes, contract, "advanced-chat")


@requirement("stop.app-mode.completion")
def test_the_key_of_a_completion_app_is_refused(app_modes: Trace, contract: Contract) -> None:
    _refused(app_modes, contract, "completion")


@requirement("stop.app-mode.message")
def test_the_refusal_of_an_app_mode_says_what_the_document_says(app_modes: Trace, contract: Contract) -> None:
    expected = contract.stop.error("not_workflow_app").message
    refusals = app_modes.where(lambda exchange: exchange.case.endswith(" key") and exchange.status == 400)
    if not refusals:
        raise Inconclusive(app_modes.unmet or "no key of another app mode was refused with 400")
    worst((refusal, _other_message(refusal, expected)) for refusal in refusals)


@requirement("stop.app-mode.no-effect")
def test_the_key_of_another_mode_stops_nothing(app_modes: Trace, effects: Effects) -> None:
    untouched(app_modes, effects)


def _other_message(exchange: Exchange, expected: str | None) -> str | None:
    message = exchange.response.member.get("message") if exchange.response else None
    return (
        None
        if expected is None or message == expected
        else f"the message is {shown(message)}; documented is {shown(expected)}"
    )
