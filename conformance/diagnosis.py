"""What a target is, in plain words, from a few answers and two runs; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conformance.exchange import Exchange, Json
from conformance.explaining import Check, find_check
from conformance.reachability import LOCKED, locked_out, unreachable
from conformance.requirements import Catalogue, Requirement
from conformance.scenarios.stage import NOT_THERE
from conformance.target import MODE_KEYS, OTHER_WORKFLOW_KEY, OWNER_KEY, Target
from conformance.trace import NotRecorded, Trace
from conformance.verdict import EXIT_CODES

REFUSED_ALL = "credentials"  # the scenario whose every stop is refused, whatever the mode of the app

SERVER_FAULT = 500  # from this status on, an answer says nothing of the key
FEW = 3  # ids of a topic that are named one by one
SHORT_RUN = 5.0  # seconds; a stop of a shorter run may come too late
WORKFLOW = "workflow"
CALLED = {
    OWNER_KEY: "a published workflow app; specs/apps has one to import",
    **{name: f"an app of mode {mode}" for mode, name in MODE_KEYS.items()},
    OTHER_WORKFLOW_KEY: "another workflow app",
}


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a target: who it says it is, a run that was stopped, and one that was not."""

    target: Target
    reach: Trace
    plain: Trace
    finished: Trace

    @property
    def mode(self) -> str:
        """The mode of the app behind the owner's key, empty where the target does not tell it."""
        return str(self.info.get("mode") or "")

    @property
    def info(self) -> Mapping[str, Json]:
        """What the app says of itself."""
        try:
            response = self.reach.case("info").response
        except NotRecorded:
            return {}
        return response.member if response else {}

    @property
    def no_run(self) -> str:
        """Why no run can be stopped, empty if one can."""
        started = [run for run in self.plain.runs if run.task_id]
        return "" if started and not self.plain.unmet else self.plain.unmet or "no run could be started"

    @property
    def asked(self) -> tuple[Exchange, ...]:
        """Everything that was asked."""
        return (*self.reach.exchanges, *self.plain.exchanges, *self.finished.exchanges)

    @property
    def closed(self) -> str:
        """Why the target can be asked nothing, empty if it can be asked something."""
        return unreachable(self.asked, self.target.base_url)

    @property
    def let_in(self) -> bool:
        """Whether an answer shows that the owner's key is accepted: none does that refuses it, or knows no such thing."""
        statuses = [exchange.status for exchange in self.asked if exchange.status]
        return any(status < SERVER_FAULT and status not in (*LOCKED, *NOT_THERE) for status in statuses)


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is missing, what to provide for it, and the requirements that cannot be tested without."""

    provide: str
    requirements: tuple[Requirement, ...]

    def told(self, catalogue: Catalogue) -> str:
        """The sentence; a topic that is lacking as a whole is named once."""
        return f"Not testable: {', '.join(_named(self.requirements, catalogue))}. {self.provide}"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is told of a target, and what can be tested there."""

    findings: tuple[str, ...]
    testable: tuple[Requirement, ...]
    lacks: tuple[Lack, ...]
    exit_code: int

    def lines(self, catalogue: Catalogue) -> Iterator[str]:
        """For people."""
        yield from self.findings
        yield _counted(self.testable, catalogue)
        if self.testable:  # else a finding says why
            yield from (lack.told(catalogue) for lack in self.lacks)
        if self.exit_code == 0:
            yield "A full verdict is possible: dify-conformance run gives it."

    def as_json(self, target: Target) -> dict[str, Json]:
        """For programs."""
        return {
            "base_url": target.base_url,
            "exit_code": self.exit_code,
            "findings": list(self.findings),
            "testable": [one.id for one in self.testable],
            "untestable": [
                {"provide": lack.provide, "ids": [one.id for one in lack.requirements]} for lack in self.lacks
            ],
        }


def diagnose(look: Look, catalogue: Catalogue) -> Diagnosis:
    """The findings, a sentence or two each, and what can be tested."""
    every = tuple(catalogue)
    if why := look.closed:
        return Diagnosis((why,), (), (Lack(why, every),), EXIT_CODES["unreachable"])
    first = f"{look.target.base_url} answers{_version(look.reach)}."
    if OWNER_KEY not in look.target.keys:
        findings = [first, f"No key was given in {OWNER_KEY}."]
    elif why := locked_out(look.reach, look.plain):
        return Diagnosis(
            (first, f"But {why}"), (), (Lack(_export(OWNER_KEY), every),), EXIT_CODES["incomplete"]
        )
    else:
        findings = [first, *_app(look), *_length(look)]
    lacking = {one.id: lack for one in every if (lack := _lack(one, find_check(one.id), look))}
    lacks = tuple(
        Lack(provide, tuple(one for one in every if lacking.get(one.id) == provide))
        for provide in dict.fromkeys(lacking.values())
    )
    gap = any(one.level == "MUST" for lack in lacks for one in lack.requirements)
    testable = tuple(one for one in every if one.id not in lacking)
    return Diagnosis(tuple(findings), testable, lacks, EXIT_CODES["incomplete" if gap else "conformant"])


def _lack(one: Requirement, check: Check | None, look: Look) -> str:
    """What must be provided for a requirement to be tested, empty where nothing is missing."""
    keys = look.target.keys
    scenarios = check.scenarios if check else ()
    missing = [name for name in one.needs if name not in keys]
    missing = missing or [name for played in scenarios for name in played.missing(keys)]
    if OWNER_KEY not in keys and (missing or not scenarios):
        return _export(OWNER_KEY)
    if missing:
        return _export(*dict.fromkeys(missing))
    locked = _needs_run(one, check) or any(played.name != REFUSED_ALL for played in scenarios)
    if look.mode not in {"", WORKFLOW} and (one.topic != "auth" or locked):
        return f"{OWNER_KEY} is the key of an app of mode {look.mode}. {_export(OWNER_KEY)}"
    if look.no_run and _needs_run(one, check):
        return f"No run can be stopped: {look.no_run}. See that the app behind {OWNER_KEY} is published and runs 5 s or more."
    return ""


def _needs_run(one: Requirement, check: Check | None) -> bool:
    """Whether it can only be seen with a run that is alive."""
    played = check.scenarios if check else ()
    if one.topic == "lifecycle" or one.id.endswith(".no-effect"):
        return not played or any(scenario.streams for scenario in played)
    return any(scenario.needs_run for scenario in played)


def _export(*names: str) -> str:
    if len(names) > 1:
        return f"Export one of {', '.join(names)}, each the key of an app of that mode."
    return f"Export {names[0]}, the key of {CALLED[names[0]]}."


def _named(requirements: tuple[Requirement, ...], catalogue: Catalogue) -> Iterator[str]:
    """The ids; all of a topic as one."""
    for topic in dict.fromkeys(one.topic for one in requirements):
        lacking = [one for one in requirements if one.topic == topic]
        whole = [one for one in catalogue if one.topic == topic]
        if len(lacking) == len(whole) > 1:
            yield f"stop.{topic}.* (all {len(whole)})"
        elif len(lacking) > FEW:
            yield f"{lacking[0].id} and {len(lacking) - 1} more of its topic"
        else:
            yield from (one.id for one in lacking)


def _counted(testable: tuple[Requirement, ...], catalogue: Catalogue) -> str:
    of = list(catalogue)
    musts = sum(one.level == "MUST" for one in of)
    reached = sum(one.level == "MUST" for one in testable)
    return f"{len(testable)} of {len(of)} requirements can be tested, {reached} of {musts} MUSTs."


def _version(reach: Trace) -> str:
    versions = {x.response.header("x-version") for x in reach.exchanges if x.response} - {None}
    return f", and says that it is version {', '.join(sorted(map(str, versions)))}" if versions else ""


def _app(look: Look) -> Iterator[str]:
    if look.mode == WORKFLOW:
        yield f"{OWNER_KEY} is the key of the workflow app {str(look.info.get('name'))!r}."
    elif look.mode:
        yield f"{OWNER_KEY} is the key of an app of mode {look.mode}; give that of a workflow app."
    else:
        told = (
            f"{OWNER_KEY} is accepted" if look.let_in else f"No answer tells whether {OWNER_KEY} is accepted"
        )
        yield f"{told}; GET /info does not tell the mode of its app."


def _length(look: Look) -> Iterator[str]:
    runs = [run for run in look.finished.runs if run.stream.status == 200]
    if not runs:
        yield f"But {look.finished.unmet or 'no run could be started'}."
        return
    run = runs[-1]
    if run.seconds is None:
        yield f"A run was started, but did not come to its end ({run.stream.ending})."
        return
    nodes = len(run.named("node_started"))
    yield f"A run with the shortest inputs lasts {run.seconds:.1f} s, shows {nodes} nodes, and ends as {run.final_status}."
    inputs = run.stream.request.body.decode("utf-8", "replace")
    if run.seconds < SHORT_RUN and "rounds" not in inputs:
        yield "That is short: stops may come too late. Give a workflow that runs at least 5 s, or one of specs/apps."
