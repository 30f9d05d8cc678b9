"""The model of a run: what its end must be, given what was sent for it; pure."""

from conformance.effects import WAITED_FOR, Effects, end_of, is_paused
from conformance.exchange import Exchange
from conformance.judging import Inconclusive, Violation
from conformance.trace import FINAL, FOREIGN, Run, Trace


def contradiction(run: Run, effects: Effects) -> str | None:
    """How the run ended otherwise than it must, None where it did not, or where nothing can be told."""
    try:
        return _of_the_end(run, effects) or _of_the_details(run)
    except Violation as violation:
        return violation.seen
    except Inconclusive:
        return None


def sequences_of(trace: Trace) -> dict[int, list[Run]]:
    """The runs of each sequence, by its number."""
    numbers = dict.fromkeys(int(run.label.partition(".")[0]) for run in trace.runs)
    return {number: of_sequence(trace, number) for number in numbers}


def of_sequence(trace: Trace, number: int) -> list[Run]:
    """The runs of one sequence."""
    return [run for run in trace.runs if run.label.startswith(f"{number}.")]


def _of_the_end(run: Run, effects: Effects) -> str | None:
    """A stopped run ends as stopped, and one that nobody stopped does not."""
    owner = _accepted_of_owner(run)
    if owner is not None:
        effects.stops(effects.stoppable(run, owner), owner)
        return None
    strangers = [stop for stop in run.stops if stop.case == FOREIGN]
    if run.stream.ending in WAITED_FOR or strangers or is_paused(run):
        return None
    is_wrong = (run.final_status or run.stream.ending) in {"stopped", "clean"}
    return f"the run {end_of(run)}, though nobody stopped it" if is_wrong else None


def _of_the_details(run: Run) -> str | None:
    """A final status stays, and is that of the stream."""
    final = [status for status in run.statuses if status in FINAL]
    told = {*final, *run.statuses[-1:], run.final_status} - {None, "running"}
    if final and run.statuses[-1] not in FINAL:
        return f"the run detail said {final[-1]}, and then {run.statuses[-1]}"
    return f"the run ended as {' and as '.join(sorted(map(str, told)))}" if len(told) > 1 else None


def _accepted_of_owner(run: Run) -> Exchange | None:
    """The first stop of the owner that was acknowledged while the run was alive."""
    for stop in run.stops:
        late = run.over_at is not None and run.over_at <= stop.sent_at
        if stop.about.get("by") == "owner" and stop.acknowledged_at and stop.status == 200 and not late:
            return stop
    return None
