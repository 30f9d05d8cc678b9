"""What the document leaves to the server: recorded, never judged."""

from collections.abc import Callable

from conformance.exchange import Exchange
from conformance.judging import Inconclusive, requirement
from conformance.trace import FOREIGN, Trace

Observe = Callable[[str], None]
SUCCESS, REFUSED = 2, 4  # the first digits of statuses


@requirement("stop.lifecycle.other-user")
def test_what_another_user_can_do(another_user: Trace, observe: Observe) -> None:
    run = another_user.run("owner")
    stop = another_user.case(FOREIGN)
    observe(f"answered {stop.status}; the run ended as {run.final_status or run.stream.ending}")


@requirement("stop.lifecycle.blocking")
def test_what_a_blocking_run_answers(blocking: Trace, observe: Observe) -> None:
    answer = blocking.case("blocking")
    data = answer.response.member.get("data") if answer.response else None
    status = data.get("status") if isinstance(data, dict) else None
    observe(f"answered {answer.status or answer.seen}{_what_came(answer, status)}")


def _what_came(answer: Exchange, status: object) -> str:
    """What an answer to a run in blocking mode tells of the run."""
    family = (answer.status or 0) // 100
    if family == REFUSED:
        return "; the run was refused"
    if family == SUCCESS:
        return f"; the run ended as {status}" if status else ", which does not tell how the run ended"
    return ""


@requirement("stop.lifecycle.unknown-task")
def test_what_a_stop_of_an_unknown_task_is_answered(reach: Trace, observe: Observe) -> None:
    observe(f"answered {reach.case('unknown task').status}")


@requirement("stop.lifecycle.late-stop")
def test_what_a_late_stop_is_answered(finished: Trace, observe: Observe) -> None:
    if not finished.runs:
        raise Inconclusive(finished.unmet or "no run was started")
    observe(f"answered {finished.case('late stop').status}")
