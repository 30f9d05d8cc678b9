"""How runs end that went on beside another that was stopped: as any do that nobody stops, or harmed by its stop."""

from collections.abc import Sequence

from conformance.effects import Effects, end_of
from conformance.exchange import Exchange, Json
from conformance.judging import shown
from conformance.trace import Run

BOTH = 2  # of the runs beside one that was stopped
SEVERAL = 4  # runs that nobody stopped, which all ended alike: then it is no chance that others did not


def harmed(run: Run, stopped: Run, stop: Exchange, effects: Effects) -> str:
    """What the ``stop`` of another did to a run that was not lost by it, empty where nothing shows that it did any."""
    natural = effects.natural.example
    if natural is None or run.terminal is None:
        return ""
    error = _error(run)
    if error and error == _error(stopped) and not _error(natural):
        return f"{end_of(run)}, and with the error of another that was stopped: {shown(error)}"
    if effects.soon(run.terminal, stop) and run.final_status == "succeeded" and _cut_short(run, effects):
        least = effects.natural.seconds(run)
        return (
            f"{end_of(run)} after {run.seconds:.1f} of some {least:.1f} s, without its last node "
            f"{effects.natural.last_node}, as soon as another was stopped"
        )
    return ""


def _cut_short(run: Run, effects: Effects) -> bool:
    """Whether a run ended well before its time, without the node that ends others."""
    natural = effects.natural
    if natural.seconds(run) is None or natural.last_node is None or natural.reached(run):
        return False
    return all(event.node != natural.last_node for event in run.named("node_finished"))


def ended_alone(run: Run) -> bool:
    """Whether a run ended, and neither its owner nor anything else stopped it before."""
    end = run.terminal
    if end is None or end.status == "stopped":
        return False
    return not any(stop.about.get("by") == "owner" and stop.sent_at <= end.at for stop in run.stops)


def unlike(beside: Sequence[Run], alone: Sequence[Run]) -> str:
    """How all the runs beside a stopped one ended otherwise than each that nobody stopped; empty where it may be chance.

    A workflow may fail in part now and then; that it does so twice there and nowhere else is the doing of the stop.
    """
    ends, usual = {_ending(run) for run in beside}, {_ending(run) for run in alone}
    if len(beside) < BOTH or len(alone) < SEVERAL or len(usual) > 1 or ends & usual:
        return ""
    return (
        f"the runs beside one that was stopped {' or '.join(sorted(ends))}, "
        f"and all {len(alone)} that nobody stopped {usual.pop()}"
    )


def _ending(run: Run) -> str:
    return end_of(run) + (" with an error" if _error(run) else "")


def _error(run: Run) -> Json:
    return run.terminal.member("data", "error") if run.terminal else None
