"""A run that could not be started after a stopped one: held against the stop only where a later one was let in."""

import pytest

from conformance.effects import Effects
from conformance.exchange import Exchange, Request, Response
from conformance.judging import Inconclusive, Violation
from conformance.runs import Natural
from conformance.suites.test_aim import test_the_next_run_is_not_affected as the_next_run
from conformance.target import Deadlines
from conformance.trace import History, Trace

EFFECTS = Effects(Deadlines(), Natural())


def started(case: str, status: int) -> Exchange:
    response = Response(status, "", (), b'{"code": "app_unavailable"}')
    return Exchange(case, "s", "run", case, Request("POST", "/"), 20.0, 30.0, response)


def refused(status: int) -> Trace:
    """A session whose next run was refused after a stop."""
    stop = Exchange("stop", "s", "stop", "stop", Request("POST", "/"), 0.0, 10.0, Response(200, "", (), b""))
    return Trace("next_run", (stop, started("next", status)), "no run could be started")


def test_a_refusal_breaks_the_requirement_where_a_later_run_was_let_in() -> None:
    closing = Trace("closing", (started("owner", 200),))
    with pytest.raises(Violation, match="could not be started"):
        the_next_run(refused(403), closing, History((closing,)), EFFECTS)


@pytest.mark.parametrize("later", [(started("owner", 403),), ()])
def test_where_none_was_let_in_from_then_on_it_is_left_open(later: tuple[Exchange, ...]) -> None:
    closing = Trace("closing", later)
    with pytest.raises(Inconclusive, match="quota"):
        the_next_run(refused(403), closing, History((closing,)), EFFECTS)
