"""One session: where traces come from, what was decided, and what is written about it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Protocol

from conformance import __version__
from conformance.baseline import NOTHING_KNOWN, Baseline, weigh
from conformance.contract import Contract
from conformance.exchange import Exchange, Json
from conformance.liveness import liveness
from conformance.options import Options
from conformance.profiles import Choice, choose_profile
from conformance.reachability import locked_out, unreachable
from conformance.requirements import Catalogue
from conformance.target import OWNER_KEY, Target
from conformance.trace import History, Trace
from conformance.verdict import Circumstances, Result, Verdict, decide, not_judged


class Source(Protocol):
    """Gives the trace of a scenario: the director that plays it, or a recording."""

    @property
    def names(self) -> list[str]:
        """The scenarios it has."""
        ...

    def trace(self, name: str) -> Trace:
        """The trace of one, waiting for it if need be."""
        ...


@dataclass
class Session:
    """Collects results and decides."""

    target: Target
    contract: Contract
    catalogue: Catalogue
    options: Options
    source: Source
    results: dict[str, Result] = field(default_factory=dict)
    observations: dict[str, str] = field(default_factory=dict)
    selected: tuple[str, ...] = ()
    interrupted: str = ""
    baseline: Baseline = NOTHING_KNOWN
    choice: Choice = field(default_factory=Choice)

    def history(self) -> History:
        """Every trace of the session."""
        traces = tuple(self.source.trace(name) for name in self.source.names)
        return History(traces, self.target.unsearched)

    def verdict(self) -> Verdict:
        """The verdict from the results so far."""
        wanted = [self.catalogue[id_] for id_ in self.selected]
        why = self.interrupted or "the check did not run"
        results = [*self.results.values(), *not_judged(wanted, self.results.values(), why)]
        order = {requirement.id: number for number, requirement in enumerate(self.catalogue)}
        results.sort(key=lambda result: order.get(result.id, len(order)))
        self.choice = choose_profile(self.options.profile, self.catalogue, self.history().exchanges)
        known = self.baseline.over(self.choice.known)
        results = weigh(results, known, date.today())
        return decide(results, self.catalogue, self._circumstances())

    def _circumstances(self) -> Circumstances:
        reach, plain, closing = (self._known(name) for name in ("reach", "plain", "closing"))
        first = [exchange for trace in (reach, plain) if trace for exchange in trace.exchanges]
        return Circumstances(
            strict=self.options.strict,
            narrowed=self.options.narrowed,
            unreachable=unreachable(first, self.target.base_url),
            locked_out=locked_out(reach, plain) if reach and OWNER_KEY in self.target.keys else "",
            gone=_gone(closing) if closing else "",
            interrupted=self.interrupted,
            no_conformance_run=tuple(self.target.deadlines.beyond()),
        )

    def _known(self, name: str) -> Trace | None:
        return self.source.trace(name) if name in self.source.names and not self.interrupted else None


def _gone(closing: Trace) -> str:
    """Why the target counts as gone at the end of the session, empty if it still answers anything."""
    faults = [exchange.fault for exchange in closing.exchanges if exchange.fault]
    return faults[-1].text if faults and len(faults) == len(closing.exchanges) else ""


def header(session: Session) -> dict[str, Json]:
    """Who is judged, by what, and how: the first line of a recording."""
    target, contract = session.target, session.contract
    return {
        "suite": {"name": "dify-conformance", "version": __version__},
        "document": {
            "source": contract.source,
            "title": contract.title,
            "version": contract.version,
            "sha256": contract.sha256,
        },
        "target": {
            "base_url": target.base_url,
            "name": target.name,
            "embedded": target.embedded,
            "keys": sorted(target.keys),
        },
        "variables": dict(target.variables),
        "tls": asdict(target.tls),
        "proxy": target.way,
        "given": list(session.options.given),
        "unsearched": list(target.unsearched),
        "options": {
            "only": list(session.options.only),
            "scope": session.options.scope,
            "strict": session.options.strict,
            "profile": session.options.profile,
        },
        "effort": session.options.effort,
        "seed": session.options.seed,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "deadlines": {
            name: getattr(target.deadlines, name) for name in target.deadlines.__dataclass_fields__
        },
    }


def summary(
    verdict: Verdict, header: Mapping[str, Json], session: Session, requests: int, seconds: float
) -> dict[str, Json]:
    """The content of ``verdict.json``."""
    return {
        "outcome": verdict.outcome,
        "exit_code": verdict.exit_code,
        "summary": verdict.summary,
        **{name: header[name] for name in ("target", "suite", "document", "effort", "seed", "started")},
        "requests": requests,
        "seconds": round(seconds, 3),
        "narrowed": list(session.options.narrowed),
        "strict": session.options.strict,
        "profile": {"name": session.choice.name, "why": session.choice.why},
        "baseline": str(session.options.baseline) if session.options.baseline else None,
        "requirements": [requirement_line(result, session.catalogue) for result in verdict.results],
        "observations": [{"id": id_, "value": value} for id_, value in session.observations.items()],
        "liveness": liveness(session.history().runs).line(),
        "not_covered": uncovered(session),
    }


def uncovered(session: Session) -> list[str]:
    """The documented answers that no requirement of the catalogue is for."""
    return session.contract.uncovered([one.place for one in session.catalogue if one.in_document])


def requirement_line(result: Result, catalogue: Catalogue) -> dict[str, Json]:
    """One requirement in ``verdict.json``."""
    known = catalogue.by_id.get(result.id)
    return {
        "id": result.id,
        "level": result.level,
        "result": result.result,
        "title": result.title,
        "reason": result.reason,
        "place": known.place if known else "",
        "evidence": list(result.evidence),
    }


def find(history: Iterable[Trace], ids: Iterable[str]) -> list[Exchange]:
    """The exchanges of these ids, in the order of the ids."""
    known = {exchange.id: exchange for trace in history for exchange in trace.exchanges}
    return [known[id_] for id_ in ids if id_ in known]
