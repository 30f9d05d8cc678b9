"""The detection matrix: specimens against requirements, in figures and in words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from conformance import __version__
from conformance.exchange import Json
from conformance.proving.cases import Case, Trial
from conformance.requirements import Catalogue


@dataclass(frozen=True)
class Matrix:
    """All trials of one proof, by the cases that they tried."""

    cases: Mapping[str, Case]
    trials: Sequence[Trial]
    catalogue: Catalogue
    effort: str
    seconds: float
    processes: int

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many trials had each outcome."""
        return Counter(trial.outcome for trial in self.trials)

    @property
    def bad(self) -> list[Trial]:
        """The trials in which the suite did not do what it must."""
        return [trial for trial in self.trials if not trial.good]

    def tried(self, kind: str) -> list[Trial]:
        """The trials of faults, or of variants, in the order of the catalogue of cases."""
        known = {trial.name: trial for trial in self.trials}
        return [known[case.name] for case in self.cases.values() if case.kind == kind and case.name in known]

    @cached_property
    def breakers(self) -> Mapping[str, list[Trial]]:
        """The trials of the specimens that break each requirement."""
        of: dict[str, list[Trial]] = {one.id: [] for one in self.catalogue}
        for trial in self.tried("fault"):
            for id_ in self.cases[trial.name].ids & set(of):
                of[id_].append(trial)
        return of

    def lines(self) -> Iterator[str]:
        """What is told on a terminal: what went wrong, the matrix by requirement, the sum."""
        for id_, trials in self.breakers.items():
            if trials:
                found = sum(id_ in trial.found for trial in trials)
                yield f"  {id_:<34} {self.catalogue[id_].level:<7} {found:>2} of {len(trials):<2} convicted"
        for trial in self.bad:
            yield ""
            yield from self.told(trial)
        yield ""
        yield self.summary

    def told(self, trial: Trial) -> Iterator[str]:
        """Which side is wrong, and how."""
        case = self.cases[trial.name]
        yield f"{trial.outcome.upper()}  {trial.name}: {case.title}"
        for id_ in trial.missed:
            why = trial.open.get(id_, "it passed")
            yield f"      the check of {id_} did not fail, or the specimen does not break it: {why}"
        for id_ in trial.wrong:
            side = "a specimen's other fault, or" if case.kind == "fault" else "a variant that is wrong, or"
            yield f"      {id_} failed unexpectedly: {side} a false alarm of its check: {trial.found[id_]}"
        if trial.outcome == "open":
            for id_, why in trial.open.items():
                yield f"      {id_} could not be decided on a server that is right: {why}"
        if trial.crash:
            yield f"      {trial.crash}"

    @property
    def summary(self) -> str:
        """The figures in one sentence."""
        faults, variants = self.tried("fault"), self.tried("variant")
        killed = sum(trial.good for trial in faults)
        right = sum(trial.good for trial in variants)
        requests = sum(trial.requests for trial in self.trials)
        again = sum(trial.again and trial.good for trial in self.trials)
        told = [
            f"{killed} of {len(faults)} faulty servers convicted by exactly their requirements"
            if faults
            else "",
            f"{right} of {len(variants)} correct ones left alone" if variants else "",
        ]
        return (
            f"{', '.join(filter(None, told))}"
            f"{f', {again} of them at the second attempt' if again else ''}; "
            f"{requests} requests in {self.seconds:.0f} s at {self.effort} effort, {self.processes} processes"
        )

    def as_json(self) -> dict[str, Json]:
        """The content of ``prove.json``."""
        return {
            "suite": {"name": "dify-conformance", "version": __version__},
            "effort": self.effort,
            "seconds": round(self.seconds, 1),
            "processes": self.processes,
            "summary": self.summary,
            "good": not self.bad,
            "outcomes": dict(self.counts),
            "requirements": [
                {
                    "id": one.id,
                    "level": one.level,
                    "specimens": [trial.name for trial in self.breakers[one.id]],
                    "convicted": [trial.name for trial in self.breakers[one.id] if one.id in trial.found],
                }
                for one in self.catalogue
            ],
            "cases": [_case(self.cases[trial.name]) | trial.as_json() for trial in self.trials],
        }


def _case(case: Case) -> dict[str, Json]:
    return {
        "kind": case.kind,
        "topic": case.topic,
        "title": case.title,
        "like": case.like,
        "breaks": sorted(case.ids) if case.kind == "fault" else [],
    }
