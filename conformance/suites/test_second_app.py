"""What holds for the first workflow app holds for a second one, too."""

from collections.abc import Callable

from conformance.contract import Contract
from conformance.effects import Effects
from conformance.exchange import Exchange
from conformance.judging import Inconclusive, requirement
from conformance.refusal import each, refused_as, refused_with
from conformance.scenarios.mistakes import TEXT_PLAIN
from conformance.scenarios.other_app import AGAIN, AT_ONCE, OTHER_APP, REFUSED_THERE, UNKNOWN_THERE
from conformance.suites.test_tasks import done_or_refused
from conformance.trace import NotRecorded, Trace


@requirement("stop.lifecycle.second-app")
def test_a_run_of_another_app_is_stopped_by_its_own_key(
    another_app: Trace, contract: Contract, effects: Effects
) -> None:
    def refused(wrong: Exchange) -> None:
        if wrong.case == TEXT_PLAIN:
            refused_with(wrong)
        else:
            refused_as(wrong, contract.stop.error("invalid_param"))

    def answered(right: Exchange) -> None:
        done_or_refused(right, contract)

    judged: tuple[Callable[[], None], ...] = (
        lambda: each(another_app.each(*REFUSED_THERE), refused),
        lambda: each(another_app.each(AGAIN, UNKNOWN_THERE), answered),
        lambda: _is_stopped(another_app, OTHER_APP, contract, effects),
        lambda: _is_stopped_at_once(another_app, contract, effects),
    )
    undecided: list[Exception] = []
    for judge in judged:
        try:
            judge()
        except (Inconclusive, NotRecorded) as reason:
            undecided.append(reason)
    if undecided:
        raise undecided[0]


def _is_stopped(trace: Trace, label: str, contract: Contract, effects: Effects) -> None:
    """Require that the stop of a run is answered as documented, and stops it."""
    run, stop = effects.taken(trace, label)
    done_or_refused(stop, contract)
    effects.stops(run, stop)


def _is_stopped_at_once(trace: Trace, contract: Contract, effects: Effects) -> None:
    """Require that of a run that is stopped with its first event; who takes few runs may not have let it in."""
    if any(run.label == AT_ONCE and run.task_id for run in trace.runs):
        _is_stopped(trace, AT_ONCE, contract, effects)
