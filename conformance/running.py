"""Begins and ends a session: opens the target, plays the scenarios, writes the reports."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Protocol

from conformance.baseline import NOTHING_KNOWN, Baseline, check_writable, load_baseline, write_baseline
from conformance.contract import Contract, DocumentError, load_contract
from conformance.embedded import STREAMS, Address, Embedded
from conformance.exchange import Json
from conformance.folder import RECORDING, VERDICT
from conformance.judge import Replay, compared, differences, interruption, recorded_target
from conformance.options import Getter, Options, read_options, target_of
from conformance.profiles import AUTO, NONE, load_profile
from conformance.recording import Recording, RecordingError, Writer, read_recording
from conformance.report.again import options_of
from conformance.report.console import Console
from conformance.report.evidence import Evidence
from conformance.report.text import ending
from conformance.requirements import Catalogue
from conformance.scenarios import CLOSING, PLAIN, REACH, SCENARIOS
from conformance.session import Session, Source, header, summary
from conformance.target import Target, UsageError
from conformance.verdict import Result, Verdict, number

LIVE = ("--base-url", "--target", "--config")
REASON = 4000  # characters of what is told of one requirement


class Played(Source, Protocol):
    """A source under way: the director of a session, or a recording of one."""

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        ...

    def start(self, names: Iterable[str]) -> None:
        """Begin to play these scenarios."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Let no scenario draw meanwhile."""
        ...

    def stop(self, why: str) -> None:
        """Let the scenarios end where they are."""
        ...

    def close(self) -> None:
        """Wait for their ends."""
        ...


class Running:
    """A session under way, as the plugin sees it; without a writer nothing is recorded."""

    def __init__(
        self,
        session: Session,
        played: Played,
        head: Mapping[str, Json],
        writer: Writer | None = None,
        console: Console | None = None,
        brief: bool = False,
    ) -> None:
        self.session = session
        self._played = played
        self._head = head
        self._writer = writer
        self._console = console
        self._brief = brief
        self._verdict: Verdict | None = None
        self._again: list[str] = []
        self._seconds = 0.0
        self._secrets = session.target.secrets

    @property
    def keys(self) -> frozenset[str]:
        """The names of the keys that were given."""
        return frozenset(self.session.target.keys)

    def mask(self, text: str) -> str:
        """The text without keys."""
        return self._secrets.mask(text)

    def start(self, names: Iterable[str]) -> None:
        """Begin to play the scenarios, and make ready for the reports while the target takes its time."""
        self._played.start(names)
        if self._console:
            self._console.watch(self._progress)
        if not self._brief:
            from conformance.report.files import prepare  # noqa: PLC0415 - jinja2 takes its time to import

            prepare()

    def _progress(self) -> str:
        decided = f"{len(self.session.results)} of {number(self.session.selected, 'requirement')} decided"
        if isinstance(self._played, Replay):
            return decided
        broken_off = self.session.interrupted and f"{self.session.interrupted}: ending what is under way"
        return f"{self._played.sent} requests sent, {broken_off or decided}"

    def turn(self) -> AbstractContextManager[None]:
        """Let no scenario draw meanwhile."""
        return self._played.turn()

    def take(self, result: Result, observations: Sequence[object]) -> None:
        """Keep what became of a requirement."""
        masked = replace(result, reason=_bounded(self.mask(result.reason)))
        self.session.results[result.id] = masked
        if observations:
            self.session.observations[result.id] = self.mask(str(observations[-1]))

    def break_off(self, why: str) -> None:
        """Let the scenarios end where they are."""
        self.session.interrupted = why
        self._played.stop(why)

    def finish(self, seconds: float) -> int:
        """Decide, write the reports, tell; the exit code."""
        self._played.close()
        verdict = self._verdict = self.session.verdict()
        self._seconds = self._played.seconds if isinstance(self._played, Replay) else seconds
        report = summary(verdict, self._head, self.session, self._played.sent, self._seconds)
        if isinstance(self._played, Replay):
            report |= self._compare(self._played.recording, verdict)
        if self._writer:
            self._record(self._writer, verdict)
        path = self.session.options.reports / VERDICT
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
        if self.session.options.write_baseline:
            self._again.append(self._write_baseline(self.session.options.write_baseline, verdict))
        if not self._brief:
            from conformance.report.files import write_reports  # noqa: PLC0415 - as above

            self._again += write_reports(path.parent, self._evidence(report, verdict), self.mask)
        if self._console:
            self._console.end(self.lines())
        return verdict.exit_code

    def _write_baseline(self, path: Path, verdict: Verdict) -> str:
        known, cases = self.session.baseline, self.session.cases
        return self.mask(write_baseline(path, verdict, known, date.today(), cases))

    def _evidence(self, report: Mapping[str, Json], verdict: Verdict) -> Evidence:
        """What the reports are made from."""
        session = self.session
        traces = session.history().traces
        return Evidence(
            report,
            verdict.results,
            traces,
            session.catalogue,
            session.contract,
            session.target.deadlines,
            options_of(session),
            session.target.variables,
        )

    def _record(self, writer: Writer, verdict: Verdict) -> None:
        for result in verdict.results:
            writer.result(result)
        for id_, value in self.session.observations.items():
            writer.observation(id_, value)
        writer.footer(
            verdict,
            requests=self._played.sent,
            seconds=self._seconds,
            interrupted=self.session.interrupted,
        )

    def _compare(self, recording: Recording, verdict: Verdict) -> dict[str, Json]:
        found = differences(recording.results, verdict.results)
        self._again = compared(recording, verdict.outcome, found, self.session.contract.sha256)
        return {"differences": [difference.line() for difference in found]}

    def lines(self) -> list[str]:
        """What is told at the end."""
        if self._verdict is None:
            return []
        told = ending(self._verdict, self.session, self._played.sent, self._seconds)
        return [*map(self.mask, told), *self._again]


def _bounded(reason: str) -> str:
    """The beginning and the end of a reason that is far too long to be read."""
    half = REASON // 2
    return reason if len(reason) <= REASON else f"{reason[:half]}\n…\n{reason[-half:]}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a session is to do: its options, the scenarios it needs, the requirements it judges."""

    get: Getter
    catalogue: Catalogue
    scenarios: tuple[str, ...]
    selected: tuple[str, ...]
    quiet: bool = False
    brief: bool = False


def begin(asked: Asked, stack: ExitStack) -> Running:
    """Open the target for a session, which is then to be started; raises UsageError, NotStarted."""
    options = _chosen(read_options(asked.get), asked)
    if options.recording and (asked_too := [flag for flag in LIVE if asked.get(flag)]):
        raise UsageError(
            f"With --recording nothing is sent, and {asked_too[0]} says whom to ask. Leave one of them out."
        )
    expected = None if options.recording else _expected(asked.get, stack)
    try:
        contract = load_contract(options.spec)
        if options.spec:
            contract.compile()
    except DocumentError as error:
        raise UsageError(str(error)) from error
    known = _known(options, asked.catalogue)
    if expected is None:
        return _again(asked, options, contract, known)
    from conformance.scenarios.director import Director  # noqa: PLC0415 - a recording needs none

    target = expected().among(contract.words, *(f"{one.id} {one.title}" for one in asked.catalogue))
    writer = stack.enter_context(_writer(options))
    names = {*asked.scenarios, REACH.name, PLAIN.name, CLOSING.name}
    most = min(target.limits.max_requests, sum(SCENARIOS[name].most(options.trying) for name in names))
    target = replace(target, limits=replace(target.limits, max_requests=most))
    director = Director(target, contract, writer, options.trying)
    session = Session(
        target, contract, asked.catalogue, options, director, selected=asked.selected, baseline=known
    )
    head = header(session)
    writer.header(head)
    console = None if asked.quiet else Console(sys.stdout)
    if console:
        console.begin(session)
        stack.callback(console.rest)
    stack.callback(director.close)
    return Running(session, director, head, writer, console, asked.brief)


def _chosen(options: Options, asked: Asked) -> Options:
    """The options with what pytest itself left out (``-k``, a single file) left out by ``--only``."""
    wanted = {one.id for one in asked.catalogue if options.wants(one)}
    return options if wanted <= set(asked.selected) else replace(options, only=asked.selected)


def _known(options: Options, catalogue: Catalogue) -> Baseline:
    """The baseline that was given, once all that goes with it can be used; raises UsageError."""
    if options.profile not in {AUTO, NONE}:
        load_profile(options.profile, catalogue)
    if options.write_baseline:
        check_writable(options.write_baseline, options.baseline)
    return load_baseline(options.baseline, catalogue) if options.baseline else NOTHING_KNOWN


def _again(asked: Asked, options: Options, contract: Contract, known: Baseline) -> Running:
    """Judge what was recorded; raises UsageError."""
    assert options.recording is not None
    try:
        recording = read_recording(options.recording)
        target = recorded_target(recording)
        options.reports.mkdir(parents=True, exist_ok=True)
    except (RecordingError, OSError) as error:
        raise UsageError(str(error)) from error
    replay = Replay(recording)
    target, options = _as_recorded(target, options, recording)
    session = Session(
        target, contract, asked.catalogue, options, replay, selected=asked.selected, baseline=known
    )
    session.interrupted = interruption(recording)
    head = header(session) | {name: recording.header[name] for name in ("started", "effort", "seed")}
    console = None if asked.quiet else Console(sys.stdout)
    if console:
        console.again(session, str(options.recording), str(head["started"]))
    return Running(session, replay, head, console=console, brief=asked.brief)


def _as_recorded(target: Target, options: Options, recording: Recording) -> tuple[Target, Options]:
    """Both with what repeats a request of that session, as far as its edition told."""
    given, variables = recording.header.get("given", ()), recording.header.get("variables", {})
    return replace(target, variables=variables), replace(options, given=tuple(given))


def _writer(options: Options) -> Writer:
    try:
        return Writer(options.reports / RECORDING)
    except OSError as error:
        raise UsageError(
            f"Nothing can be written to {options.reports}: {error}. Give another directory with --reports."
        ) from error


def _expected(get: Getter, stack: ExitStack) -> Callable[[], Target]:
    """What gives the target that is named, or else the embedded one, which starts meanwhile; raises as `begin`."""
    if named := target_of(get):
        return lambda: named
    embedded = stack.enter_context(Embedded())
    return lambda: _embedded(get, embedded.address())


def _embedded(get: Getter, address: Address) -> Target:
    """The embedded reference server as the target."""
    base = target_of(get, embedded=address.base_url)
    assert base is not None
    limits = base.limits if get("--concurrency") else replace(base.limits, concurrency=STREAMS)
    return replace(base, keys=dict(address.keys), limits=limits, embedded=True)
