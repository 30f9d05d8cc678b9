"""Judges again what was recorded: a recording in the place of a target, and what came out differently."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from conformance.exchange import Json
from conformance.recording import BROKE_OFF, Recording
from conformance.scenarios import SCENARIOS
from conformance.target import Deadlines, Target, Tls
from conformance.trace import Trace
from conformance.verdict import Result, number


class Replay:
    """A recording as the source of traces; it sends nothing, so that nothing can be broken off."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    @property
    def names(self) -> list[str]:
        """The scenarios it has, in the order in which they are played."""
        known = [name for name in SCENARIOS if name in self.recording.traces]
        return known + [name for name in self.recording.traces if name not in SCENARIOS]

    @property
    def sent(self) -> int:
        """How many requests the session that recorded it sent."""
        recorded = sum(len(trace.exchanges) for trace in self.recording.traces.values())
        return int(self.recording.footer.get("requests", recorded))

    @property
    def seconds(self) -> float:
        """How long that session took, 0 where it broke off."""
        return float(self.recording.footer.get("seconds", 0.0))

    def trace(self, name: str) -> Trace:
        """The trace of a scenario; one that was not recorded is unmet."""
        return self.recording.trace(name)

    def start(self, names: Iterable[str]) -> None:
        """Everything was played."""

    def turn(self) -> AbstractContextManager[None]:
        """Nobody draws."""
        return nullcontext()

    def stop(self, why: str) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        """Nothing is open."""


def recorded_target(recording: Recording) -> Target:
    """The target as far as the recording knows it: its keys by their names, and the deadlines of the session.

    Earlier editions did not tell all of it.
    """
    target = recording.header["target"]
    return Target(
        base_url=target["base_url"],
        name=target["name"],
        keys=dict.fromkeys(target["keys"], ""),
        unsearched=tuple(recording.header.get("unsearched", ())),
        deadlines=Deadlines(**recording.header["deadlines"]),
        embedded=target["embedded"],
        variables=recording.header.get("variables", {}),
        tls=Tls(**recording.header.get("tls", {})),
        proxy=recording.header.get("proxy"),
    )


def interruption(recording: Recording) -> str:
    """Why what was recorded is not all of a session, empty if it is."""
    return str(recording.footer["interrupted"]) if recording.complete else BROKE_OFF


@dataclass(frozen=True, slots=True)
class Difference:
    """One requirement that is judged otherwise now; None where it was not judged."""

    id: str
    was: Result | None
    now: Result | None

    def __str__(self) -> str:
        return f"{self.id}: {_told(self.was)} → {_told(self.now)}"

    def line(self) -> dict[str, Json]:
        """The difference in ``verdict.json``."""
        return {
            "id": self.id,
            "was": self.was.result if self.was else None,
            "now": self.now.result if self.now else None,
            "reason": (self.now or self.was or _NOTHING).reason,
        }


_NOTHING = Result("", "MAY", "", "inconclusive")


def differences(was: Iterable[Result], now: Iterable[Result]) -> list[Difference]:
    """The requirements whose results differ, in the order of the new ones."""
    before: Mapping[str, Result] = {result.id: result for result in was}
    after = {result.id: result for result in now}
    return [
        Difference(id_, before.get(id_), after.get(id_))
        for id_ in dict.fromkeys([*after, *before])
        if _kind(before.get(id_)) != _kind(after.get(id_))
    ]


def _kind(result: Result | None) -> str:
    return result.result if result else ""


def _told(result: Result | None) -> str:
    if result is None:
        return "not judged"
    return f"{result.result} ({result.reason})" if result.reason else result.result


def compared(recording: Recording, outcome: str, found: list[Difference], sha256: str) -> list[str]:
    """What is told of a second judgement, line by line."""
    lines = []
    document = recording.header["document"]
    if document["sha256"] != sha256:
        lines.append(
            f"recorded by {document['source']} ({document['sha256'][:12]}), judged by another document ({sha256[:12]})"
        )
    if not recording.complete:
        return [*lines, f"{BROKE_OFF}: there is no recorded verdict to compare with"]
    was = recording.footer["outcome"]
    lines += [f"  {difference}" for difference in found]
    if was == outcome and not found:
        return [*lines, "the same as recorded"]
    differ = "differs" if len(found) == 1 else "differ"
    return [*lines, f"recorded as {was}; {number(found, 'result')} {differ}"]
