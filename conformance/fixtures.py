"""The fixtures of the suites: the contract, the deadlines, a trace for each scenario, and what judges them together."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from conformance.judging import ScenarioCrashed, Untested
from conformance.looking import watched
from conformance.scenarios import SCENARIOS
from conformance.target import Deadlines
from conformance.trace import History, Trace

if TYPE_CHECKING:
    from conformance.plugin import Judge

STATE: "pytest.StashKey[Judge]" = pytest.StashKey()


@pytest.fixture(scope="session")
def contract(pytestconfig: pytest.Config) -> Any:
    """The contract that the session judges by."""
    return pytestconfig.stash[STATE].running.session.contract


@pytest.fixture(scope="session")
def deadlines(pytestconfig: pytest.Config) -> Deadlines:
    """The deadlines of the session."""
    found: Deadlines = pytestconfig.stash[STATE].running.session.target.deadlines
    return found


@pytest.fixture(scope="session")
def history(pytestconfig: pytest.Config) -> History:
    """Every trace of the session."""
    found: History = pytestconfig.stash[STATE].running.session.history()
    if crashed := next((trace.crashed for trace in found if trace.crashed), None):
        raise ScenarioCrashed(crashed)
    return found


@pytest.fixture(scope="session")
def effects(finished: Trace, deadlines: Deadlines) -> Any:
    """What judges the effect of a stop, knowing how long a run lasts that nobody stops."""
    from conformance.effects import Effects  # noqa: PLC0415
    from conformance.runs import Natural  # noqa: PLC0415

    runs = [run for run in finished.runs if run.final_status == "succeeded"]
    return Effects(deadlines, Natural(runs[-1] if runs else None))


@pytest.fixture
def observe(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Record what a MAY is about."""

    def note(value: str) -> None:
        request.node.user_properties.append(("observation", value))

    return note


def _trace_of(name: str) -> Any:
    """The fixture that gives the trace of a scenario."""

    @pytest.fixture(scope="session", name=name)
    def trace(pytestconfig: pytest.Config) -> Trace:
        found: Trace = pytestconfig.stash[STATE].running.session.source.trace(name)
        if found.missing:
            raise Untested(found.missing)
        if found.crashed:
            raise ScenarioCrashed(found.crashed)
        return watched(found, pytestconfig.stash[STATE].notes)

    return trace


globals().update({f"trace_of_{name}": _trace_of(name) for name in SCENARIOS})
