"""A stop with a valid key and user succeeds as documented."""

from conformance.contract import Contract, property_values
from conformance.exchange import Exchange
from conformance.judging import answered, require, requirement, shown
from conformance.trace import Trace


def _stop(plain: Trace, reach: Trace) -> Exchange:
    """The stop of a run; for a target that can start none, the stop of a task that does not exist."""
    return plain.case("stop") if plain.runs or not _accepted(reach) else reach.case("unknown task")


def _accepted(reach: Trace) -> bool:
    return any(_is_accepted(exchange) for exchange in reach.exchanges if exchange.operation == "stop")


def _is_accepted(exchange: Exchange) -> bool:
    return (exchange.status or 0) // 100 == 2


@requirement("stop.success.status")
def test_a_stop_answers_the_documented_status(plain: Trace, reach: Trace, contract: Contract) -> None:
    stop = _stop(plain, reach)
    success = contract.stop.success
    held = success.matches(answered(stop).status)
    task = "a made-up task" if stop.case == "unknown task" else "a running task"
    require(held, f"the stop of {task} was answered {stop.seen}; documented is {success.status}", stop)


@requirement("stop.success.media-type")
def test_a_stop_answers_in_the_documented_media_type(plain: Trace, reach: Trace, contract: Contract) -> None:
    stop = _stop(plain, reach)
    media_type = answered(stop).media_type
    known = contract.stop.success.media_types
    declared = [value for name, value in answered(stop).headers if name.lower() == "content-type"]
    require(len(declared) <= 1, f"the answer has several media types: {', '.join(declared)}", stop)
    require(
        contract.stop.success.declares(media_type),
        f"the answer is {media_type or 'of no media type'}, documented is {', '.join(known)}",
        stop,
    )


@requirement("stop.success.result")
def test_a_stop_answers_that_it_succeeded(plain: Trace, reach: Trace, contract: Contract) -> None:
    stop = _stop(plain, reach)
    members = answered(stop).member
    expected = property_values(contract.stop.success, "result")
    wanted = " or ".join(shown(value) for value in expected)
    require("result" in members, f"the body {stop.seen} has no member result, which is to be {wanted}", stop)
    require(
        not expected or members["result"] in expected,
        f"result is {shown(members['result'])}, documented is {wanted}",
        stop,
    )


@requirement("stop.success.nothing-else")
def test_a_stop_answers_nothing_but_the_documented_members(
    plain: Trace, reach: Trace, contract: Contract
) -> None:
    schema = contract.stop.success.schema
    known = set(schema.raw.get("properties", {})) if schema else set()
    unknown_task = reach.where(lambda exchange: exchange.case == "unknown task")
    for stop in (_stop(plain, reach), *filter(_is_accepted, unknown_task)):
        more = sorted(set(answered(stop).member) - known) if known else []
        require(not more, f"the body has undocumented members: {', '.join(more)}", stop)
