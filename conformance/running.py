"""A session under way, from its first request to its reports."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Protocol

from conformance.baseline import write_baseline
from conformance.exchange import Json
from conformance.folder import RECORDING, VERDICT, not_written, put, reason
from conformance.judge import Replay, compared, differences
from conformance.masking import masked
from conformance.recording import Recording, Writer
from conformance.report.again import options_of
from conformance.report.console import Console
from conformance.report.evidence import Evidence
from conformance.report.text import ending
from conformance.session import Session, Source, summary
from conformance.verdict import EXIT_CODES, Result, Verdict, number

REASON = 4000  # characters of what is told of one requirement
NOT_ON_RECORD = "Without it the verdict is not on record: exit code 4. Make room, or give another place."


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
        report = masked(report, self.mask)
        lost = dict(self._write(report, verdict))
        if not self._brief:
            from conformance.report.files import write_reports  # noqa: PLC0415 - as above

            self._again += write_reports(
                self.session.options.reports, self._evidence(report, verdict), self.mask
            )
        self._again += [f"{line}. {NOT_ON_RECORD}" for line in not_written(lost)]
        if self._console:
            self._console.end(self.lines())
        return EXIT_CODES["harness fault"] if any(lost.values()) else verdict.exit_code

    def _write(self, report: Mapping[str, Json], verdict: Verdict) -> Iterator[tuple[Path, str]]:
        """Write what a verdict is worth nothing without; each file with why it could not be, empty if it could."""
        options = self.session.options
        if self._writer:
            self._record(self._writer, verdict)
            yield options.reports / RECORDING, reason(self._writer.failed) if self._writer.failed else ""
        text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
        yield options.reports / VERDICT, put(options.reports / VERDICT, text)
        if options.write_baseline:
            yield options.write_baseline, self._write_baseline(options.write_baseline, verdict)

    def _write_baseline(self, path: Path, verdict: Verdict) -> str:
        try:
            line = write_baseline(path, verdict, self.session.baseline, date.today())
        except OSError as error:
            return reason(error)
        self._again.append(self.mask(line))
        return ""

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
            session.target.shell,
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
