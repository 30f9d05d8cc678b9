"""Unusual servers that go by who reads a stream."""

from collections.abc import Iterator

from conformance.reference import Reference, Run
from conformance.reference.variants.answers import TellsFinishedTasks
from conformance.reference.variants.marking import unusual


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
