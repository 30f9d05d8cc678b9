"""Unusual servers that go by who reads a stream."""

from collections.abc import Iterator
from types import MappingProxyType

from conformance.reference import Reference, Run
from conformance.reference.variants.marking import unusual
from conformance.reference.variants.tasks import TellsFinishedTasks

WANT_A_LIVE_RUN = (
    *("stop.success.status", "stop.success.media-type", "stop.success.result", "stop.success.nothing-else"),
    *("stop.robust.decoded-once", "stop.robust.exact-id", "stop.robust.stand-in", "stop.robust.encoded-id"),
    *(
        f"stop.lifecycle.{what}"
        for what in (
            *("ends", "terminal-event", "terminal-status", "no-late-node", "no-late-text"),
            *("detail-stopped", "detail-stays", "detail-end"),
            *("at-once", "during-node", "between-nodes", "late-in-life", "reader-left"),
            *("second-stop", "second-answer", "same-moment", "repeated", "in-passing"),
            *("any-user", "any-form"),
            *("right-run", "other-runs", "next-run", "after-an-end", "refused-stop", "refused-when-over"),
            *("shortened-id", "letter-case", "run-id", "id-elsewhere", "other-app", "second-app"),
        )
    ),
)


@unusual(opens=WANT_A_LIVE_RUN)
class HoldsStreamsBack(Reference):
    """Lets nothing of a stream through before the run is over: what a proxy does that buffers."""

    pace = MappingProxyType({"round_seconds": 0.05, "rounds": 10})

    def stream(self, run: Run) -> Iterator[bytes]:
        yield b"".join(super().stream(run))


@unusual()
class StopsWhatNobodyReads(Reference):
    """Stops a run when its reader leaves."""

    def stream(self, run: Run) -> Iterator[bytes]:
        try:
            yield from super().stream(run)
        finally:
            self.finish(run, self.stopped, "The client has left.")


@unusual()
class ForgetsWhatNobodyReads(StopsWhatNobodyReads, TellsFinishedTasks):
    """Stops a run when its reader leaves, and answers 404 for a task that is over."""
