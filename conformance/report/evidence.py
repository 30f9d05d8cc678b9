"""What every report is made from: the verdict and the exchanges that led to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from conformance.contract import Contract
from conformance.exchange import Exchange, Json
from conformance.requirements import Catalogue, Requirement
from conformance.target import Deadlines, Shell
from conformance.trace import History, Run, Trace
from conformance.verdict import Result

SAMPLE = 3  # exchanges that stand for a requirement that speaks of all of them


@dataclass(frozen=True)
class Evidence:
    """A session that is over: ``summary`` is the content of ``verdict.json``, ``options`` are to judge it again.

    ``shell`` is what a request is repeated with by hand.
    """

    summary: Mapping[str, Json]
    results: tuple[Result, ...]
    traces: tuple[Trace, ...]
    catalogue: Catalogue
    contract: Contract
    deadlines: Deadlines
    options: tuple[str, ...] = ()
    shell: Shell = Shell()

    @cached_property
    def history(self) -> History:
        """Every trace."""
        return History(self.traces)

    @cached_property
    def exchanges(self) -> Mapping[str, Exchange]:
        """Each exchange by its id."""
        return {exchange.id: exchange for exchange in self.history.exchanges}

    @cached_property
    def runs(self) -> Mapping[str, Run]:
        """Each streamed run by the id of the exchange that started it."""
        return {run.stream.id: run for trace in self.traces for run in trace.runs}

    def requirement(self, result: Result) -> Requirement | None:
        """The entry of the catalogue."""
        return self.catalogue.by_id.get(result.id)

    def place(self, result: Result) -> str:
        """Where the requirement is written: the document with a JSON pointer, or a section of an RFC."""
        known = self.requirement(result)
        if known is None:
            return ""
        return f"{self.contract.source}#…{known.place}" if known.in_document else known.place

    def of(self, result: Result) -> list[Exchange]:
        """The exchanges in which the result shows; a sample where it speaks of every exchange."""
        found = [self.exchanges[id_] for id_ in result.evidence if id_ in self.exchanges]
        return found or list(self._sample(result))

    def is_sample(self, result: Result) -> bool:
        """Whether the check named no exchange of its own."""
        return not any(id_ in self.exchanges for id_ in result.evidence)

    def runs_of(self, result: Result) -> list[Run]:
        """The runs that the evidence speaks of, each once."""
        ids = (x.id if x.id in self.runs else x.about.get("run", "") for x in self.of(result))
        return [self.runs[id_] for id_ in dict.fromkeys(ids) if id_ in self.runs]

    def _sample(self, result: Result) -> Iterable[Exchange]:
        if result.result in {"untested", "inconclusive", "error"}:
            return []
        played = [trace for trace in self.traces if trace.scenario in result.scenarios]
        among = [x for trace in played or self.traces for x in trace.exchanges]
        if result.topic == "lifecycle" and not played:
            return [x for x in among if x.id in self.runs][:1]
        refusals = [x for x in among if x.operation == "stop" and (x.status or 0) >= 400]
        return refusals[:SAMPLE] or [x for x in among if x.operation == "stop"][:SAMPLE]


def seen_headers(traces: Iterable[Trace], name: str) -> list[str]:
    """The different values of a header in the answers of a session."""
    answers = (x.response for trace in traces for x in trace.exchanges)
    values = (answer.header(name) for answer in answers if answer)
    return list(dict.fromkeys(value for value in values if value))


def app_mode(traces: Iterable[Trace]) -> str:
    """The mode of the app as its info gives it, empty where it is unknown."""
    infos = (x for trace in traces for x in trace.exchanges if x.operation == "info" and x.response)
    modes = (x.response.member.get("mode") for x in infos if x.response)
    return next((mode for mode in modes if isinstance(mode, str)), "")
