"""What a scenario recorded: its exchanges, the runs in them, and those of a whole session."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from conformance.exchange import Event, Exchange

FINAL = frozenset({"succeeded", "failed", "stopped", "partial-succeeded"})  # what the status of a run ends as
TERMINAL = "workflow_finished"
LATER = "later"  # the case of a look at a run detail when its deadline is over
ANVIL = "anvil"  # the label of a run that is there only to be left alone by stops that are refused
FOREIGN = "foreign stop"  # the case of a stop that must leave the run alone that it is recorded for
CLEAN_UP = "clean-up"  # the case of a stop that only ends what a scenario left running; never judged


class NotRecorded(LookupError):
    """The trace has no such exchange: the scenario did not get that far."""


@dataclass(frozen=True)
class Run:
    """One streamed run as seen from outside: its stream, the stops sent for it, its details read."""

    stream: Exchange
    stops: tuple[Exchange, ...] = ()
    details: tuple[Exchange, ...] = ()

    @property
    def label(self) -> str:
        """What the scenario calls the run."""
        return self.stream.case

    @property
    def events(self) -> tuple[Event, ...]:
        """All events of the stream, pings too."""
        return self.stream.events

    def named(self, *names: str, after: float = float("-inf")) -> list[Event]:
        """The events of these names that arrived later than ``after``."""
        return [event for event in self.events if event.name in names and event.at > after]

    def looks(self, status: str) -> list[Exchange]:
        """The looks at the run detail that gave that status."""
        return [look for look in self.details if statuses_of([look]) == [status]]

    @cached_property
    def task_id(self) -> str | None:
        """The task id from whichever event carried it first."""
        return _first_text(self.events, "task_id")

    @cached_property
    def run_id(self) -> str | None:
        """The workflow_run_id from whichever event carried it first."""
        return _first_text(self.events, "workflow_run_id")

    @cached_property
    def terminal(self) -> Event | None:
        """The first ``workflow_finished``."""
        return next(iter(self.named(TERMINAL)), None)

    @property
    def effective(self) -> Exchange | None:
        """The first stop that was acknowledged with a 2xx, those apart that only clean up."""
        judged = (stop for stop in self.stops if stop.case != CLEAN_UP and not stop.fault)
        return next((stop for stop in judged if (stop.status or 0) // 100 == 2), None)

    @property
    def cut_short(self) -> bool:
        """Whether the suite stopped the run before its time, so that its end says nothing."""
        return any(stop.case == CLEAN_UP for stop in self.stops)

    @property
    def over_at(self) -> float | None:
        """When the run was over for its reader: the terminal event, else the end of a stream not left by us."""
        if self.terminal:
            return self.terminal.at
        return self.stream.ended_at if self.stream.ending in {"clean", "broken tail", "reset"} else None

    @property
    def final_status(self) -> str | None:
        """The status in the terminal event."""
        return self.terminal.status if self.terminal else None

    @property
    def statuses(self) -> list[str]:
        """The statuses that the run detail gave, in order."""
        return statuses_of(self.details)

    @property
    def seconds(self) -> float | None:
        """How long the run took from its first event to its terminal one."""
        return (self.terminal.at - self.events[0].at) / 1000 if self.terminal else None

    @property
    def seconds_from_request(self) -> float | None:
        """How long it took from the request to the terminal event, whenever the first event came."""
        return (self.terminal.at - self.stream.sent_at) / 1000 if self.terminal else None


@dataclass(frozen=True)
class Trace:
    """All that a scenario recorded.

    ``unmet`` says why it could not reach what it was meant to show, ``missing`` which keys it lacked, and
    ``crashed`` where the suite itself failed in it.
    """

    scenario: str
    exchanges: tuple[Exchange, ...] = ()
    unmet: str | None = None
    missing: tuple[str, ...] = ()
    crashed: str | None = None

    def case(self, name: str) -> Exchange:
        """The last exchange of that case; raises NotRecorded."""
        for exchange in reversed(self.exchanges):
            if exchange.case == name:
                return exchange
        raise NotRecorded(self.unmet or f"the scenario {self.scenario} did not get as far as “{name}”")

    def each(self, *names: str) -> Iterator[Exchange]:
        """The exchanges of these cases, then NotRecorded if one is missing since the scenario broke off.

        Cases that a whole scenario did not send are left out: earlier editions of the suite did not have them.
        """
        sent = self.where(lambda exchange: exchange.case in names)
        yield from sent
        if {exchange.case for exchange in sent} < set(names):
            self.whole()

    def whole(self) -> None:
        """Raise NotRecorded where the scenario broke off, so that what came so far is not all there is to judge."""
        if self.unmet:
            raise NotRecorded(self.unmet)

    def where(self, chosen: Callable[[Exchange], bool]) -> list[Exchange]:
        """The exchanges that a predicate chooses."""
        return [exchange for exchange in self.exchanges if chosen(exchange)]

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Every streamed run of the scenario, in the order of their starts."""
        streams = sorted(filter(is_stream, self.exchanges), key=lambda stream: stream.sent_at)
        return tuple(map(self._run, streams))

    def run(self, label: str) -> Run:
        """The last run of that label; raises NotRecorded."""
        for run in reversed(self.runs):
            if run.label == label:
                return run
        raise NotRecorded(self.unmet or f"the scenario {self.scenario} started no run “{label}”")

    def _run(self, stream: Exchange) -> Run:
        mine = [exchange for exchange in self.exchanges if exchange.about.get("run") == stream.id]
        return Run(
            stream,
            tuple(sorted((x for x in mine if x.operation == "stop"), key=lambda x: x.sent_at)),
            tuple(sorted((x for x in mine if x.operation == "detail"), key=lambda x: x.sent_at)),
        )


@dataclass(frozen=True)
class History:
    """The traces of a whole session, for requirements that speak of every answer or every stream.

    ``unsearched`` has the names of the keys that answers were not searched for.
    """

    traces: tuple[Trace, ...]
    unsearched: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Trace]:
        return iter(self.traces)

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every exchange of every scenario."""
        return tuple(exchange for trace in self.traces for exchange in trace.exchanges)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Every streamed run of every scenario that was really started."""
        return tuple(run for trace in self.traces for run in trace.runs if run.stream.status == 200)


def statuses_of(details: Iterable[Exchange]) -> list[str]:
    """The statuses that looks at run details gave, in order, those left out that could not be read."""
    return [str(x.response.member.get("status")) for x in details if x.response and x.status == 200]


def is_stream(exchange: Exchange) -> bool:
    """Whether the exchange is a run started in streaming mode."""
    return exchange.operation == "run" and exchange.ending is not None


def _first_text(events: tuple[Event, ...], name: str) -> str | None:
    values = (event.member(name) for event in events)
    return next((value for value in values if isinstance(value, str) and value), None)
