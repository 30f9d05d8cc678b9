"""Workflow runs: their state, their log of events, and the register that keeps them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from conformance.reference.apps import App

Event = dict[str, Any]
"""One event of a stream, as it is sent; `{"event": "ping"}` is a ping."""

PING = "ping"


class Run:
    """One run of a workflow.

    Everything that happens to a run happens under its lock and in one order: once `finish` has set the end,
    no event is published any more. That is what makes a stop take effect before it is acknowledged.
    """

    def __init__(self, app: App, user: str, rounds: int) -> None:
        self.app = app
        self.user = user
        self.rounds = rounds
        self.id = str(uuid4())
        self.task_id = str(uuid4())
        self.status = "running"
        self.error: str | None = None
        self.outputs: dict[str, Any] = {}
        self.steps = 0
        self.stop_requests = 0
        self.created_at = int(time.time())
        self.finished_at: int | None = None
        self._began = time.monotonic()
        self._ended: float | None = None
        self._log: list[Event] = []
        self._is_cut = False
        self._changed = threading.Condition()

    @property
    def age(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended, for whatever reason."""
        return self._ended is not None

    @property
    def ended_ago(self) -> float:
        """Seconds since the run ended; 0 while it has not."""
        return 0.0 if self._ended is None else time.monotonic() - self._ended

    @property
    def elapsed(self) -> float:
        """Seconds that the run has taken, until its end or until now."""
        return round(self.age - self.ended_ago, 6)

    def publish(self, event: Event) -> bool:
        """Add an event to the stream unless the run has ended; say whether the run is still going on."""
        with self._changed:
            if self.has_ended:
                return False
            self.steps += event["event"] == "node_started"
            self._append(event)
            return True

    def finish(
        self,
        status: str,
        error: str | None,
        outputs: dict[str, Any],
        last_event: Callable[[Run], Event],
    ) -> bool:
        """End the run with `last_event`, unless it has ended already; say whether it did."""
        with self._changed:
            if self.has_ended:
                return False
            self.status, self.error, self.outputs = status, error, outputs
            self.finished_at = int(time.time())
            self._ended = time.monotonic()
            self._append(last_event(self))
            return True

    def count_stop(self) -> None:
        """Note that somebody who may has asked to stop the run."""
        with self._changed:
            self.stop_requests += 1

    def abandon(self) -> None:
        """End the run without a word, because the server goes away."""
        with self._changed:
            self._ended = self._ended or time.monotonic()
            self.forget()

    def cut(self) -> None:
        """End the stream after what has been published, and let the run go on."""
        with self._changed:
            self._is_cut = True
            self._changed.notify_all()

    def forget(self) -> None:
        """Drop the events, now and from now on, because nobody reads them."""
        with self._changed:
            self._log.clear()
            self.cut()

    def sleep(self, seconds: float) -> bool:
        """Wait `seconds`, or until the run has ended; say whether it is still going on."""
        with self._changed:
            return not self._changed.wait_for(lambda: self.has_ended, seconds)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the run has ended, `seconds` at most; say whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: self.has_ended, seconds)

    def follow(self, ping_seconds: float) -> Iterator[Event]:
        """Yield the events as they are published, and a ping every `ping_seconds`, until the end."""
        sent = 0
        next_ping = time.monotonic() + ping_seconds
        while True:
            news, is_over = self._news(sent, next_ping)
            yield from news
            sent += len(news)
            if is_over:
                return
            if time.monotonic() >= next_ping:
                next_ping += ping_seconds
                yield {"event": PING}

    def _news(self, sent: int, until: float) -> tuple[list[Event], bool]:
        def is_news() -> bool:
            return len(self._log) > sent or self.has_ended or self._is_cut

        with self._changed:
            self._changed.wait_for(is_news, max(0.0, until - time.monotonic()))
            return self._log[sent:], self.has_ended or self._is_cut

    def _append(self, event: Event) -> None:
        if not self._is_cut:
            self._log.append(event)
        self._changed.notify_all()


class Runs:
    """The runs that the server knows: all that go on, and the last `kept` of the others."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._by_id: dict[str, Run] = {}
        self._by_task: dict[str, Run] = {}

    def add(self, run: Run) -> None:
        """Register a run, and forget the oldest that has ended when there are too many."""
        with self._lock:
            self._by_id[run.id] = self._by_task[run.task_id] = run
            if len(self._by_id) > self._kept:
                oldest = next((old for old in self._by_id.values() if old.has_ended), None)
                if oldest is not None:
                    del self._by_id[oldest.id], self._by_task[oldest.task_id]

    def by_id(self, run_id: str) -> Run | None:
        """Find a run by its `workflow_run_id`."""
        return self._by_id.get(run_id)

    def by_task(self, task_id: str) -> Run | None:
        """Find a run by its `task_id`."""
        return self._by_task.get(task_id)

    def all(self) -> tuple[Run, ...]:
        """Return all runs, the oldest first."""
        with self._lock:
            return tuple(self._by_id.values())
