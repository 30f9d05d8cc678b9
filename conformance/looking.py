"""Notes which exchanges a check asks for, so that a requirement that held has its evidence, too."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from conformance.exchange import Exchange
from conformance.trace import Run, Trace

MOST = 6  # exchanges are evidence enough of what held


class Notes:
    """The ids of exchanges in the order in which they were first asked for."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def take(self, exchanges: Iterable[Exchange]) -> None:
        """Note that these were looked at."""
        self._ids.update((exchange.id, None) for exchange in exchanges)

    def drain(self) -> tuple[str, ...]:
        """What was noted since the last time."""
        ids, self._ids = tuple(self._ids)[:MOST], {}
        return ids


@dataclass(frozen=True)
class WatchedTrace(Trace):
    """A trace that notes what is asked of it."""

    notes: Notes = field(default_factory=Notes, compare=False, repr=False)

    def case(self, name: str) -> Exchange:
        """The last exchange of that case, noted; raises NotRecorded."""
        found = super().case(name)
        self.notes.take([found])
        return found

    def where(self, chosen: Callable[[Exchange], bool]) -> list[Exchange]:
        """The exchanges that a predicate chooses, noted."""
        found = super().where(chosen)
        self.notes.take(found)
        return found

    def run(self, label: str) -> Run:
        """The last run of that label, noted with its stops and the last look at its detail; raises NotRecorded."""
        found = super().run(label)
        self.notes.take([*found.stops[:2], found.stream, *found.details[-1:]])
        return found


def watched(trace: Trace, notes: Notes) -> WatchedTrace:
    """The same trace, watched."""
    return WatchedTrace(trace.scenario, trace.exchanges, trace.unmet, trace.missing, notes=notes)
