"""How runs go, how they are stopped, and how they are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.reference import workflow
from conformance.reference.apps import App
from conformance.reference.jsontext import compact
from conformance.reference.runs import PING, Event, Run, Runs
from conformance.reference.tools import Tools


class Engine(Tools):
    """Runs workflows.

    Attributes:
        runs: those that go on, and the last `kept_runs` of the others.
        succeeded: the status of a run that came to its end.
        stopped: the status of a run that was stopped.
        stop_reason: the `error` of a run that was stopped.

    """

    succeeded = "succeeded"
    stopped = "stopped"
    stop_reason = "Stopped by user."

    def __init__(self, *, round_seconds: float, ping_seconds: float, kept_runs: int) -> None:
        super().__init__()
        self.round_seconds = round_seconds
        self.ping_seconds = ping_seconds
        self.runs = Runs(kept_runs)

    # What a stop does.

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        """Find the run that a stop is for; a stop for none is answered like any other."""
        run = self.runs.by_task(task_id)
        return run if run is not None and self.may_stop(run, app, user) else None

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        """Say whether this user of this app may stop a run: it must be their own."""
        return run.app == app and run.user == user

    def on_stop(self, run: Run) -> None:
        """Stop a run, before the answer is sent; a run that has ended stays as it is."""
        self.finish(run, self.stopped, self.stop_reason)

    # How a run goes.

    def start(self, app: App, user: str, rounds: int) -> Run:
        """Start a run, in a thread of its own."""
        run = Run(app, user, rounds)
        self.runs.add(run)
        self.on_start(run)
        if self.closing.is_set():
            run.abandon()
        self.aside("reference-run", lambda: self.drive(run))
        return run

    def on_start(self, run: Run) -> None:
        """See a run before it does anything."""

    def drive(self, run: Run) -> None:
        """Take a run from its first event to its end."""
        for event in self.script(run):
            if not run.publish(event):
                return
        self.finish(run, self.succeeded, outputs={"rounds": run.rounds})

    def script(self, run: Run) -> Iterator[Event]:
        """Yield what happens in a run, as it happens, except the end."""
        return workflow.script(run, self.round_seconds)

    def finish(
        self, run: Run, status: str, error: str | None = None, outputs: dict[str, Any] | None = None
    ) -> bool:
        """End a run unless it has ended; say whether it did."""
        return run.finish(status, error, outputs or {}, self.last_event)

    def last_event(self, run: Run) -> Event:
        """Return the event that ends the stream."""
        return workflow.workflow_finished(run)

    def close(self) -> None:
        """End all runs and wait for their threads."""
        self.closing.set()
        for run in self.runs.all():
            run.abandon()
        super().close()

    # How a run is told.

    def run_blocking(self, run: Run) -> dict[str, Any]:
        """Wait for the end of a run, and return what the client is told."""
        run.forget()
        run.wait()
        return workflow.blocking_body(run)

    def detail(self, run: Run) -> dict[str, Any]:
        """Return what there is to know about a run, going on or ended."""
        return workflow.detail_body(run)

    def stream(self, run: Run) -> Iterator[bytes]:
        """Yield the body of a stream; what one step yields is one chunk."""
        for event in self.events(run):
            yield self.frame(event)

    def events(self, run: Run) -> Iterator[Event]:
        """Yield the events of a stream, each when it is due; the first is a ping."""
        yield {"event": PING}
        yield from run.follow(self.ping_seconds)

    def frame(self, event: Event) -> bytes:
        """Write an event as a server-sent event."""
        if event["event"] == PING:
            return b"event: ping\n\n"
        return b"data: " + compact(event) + b"\n\n"
