"""What a server needs besides HTTP and runs: counters, waiting that ends with it, and threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Hashable

from conformance.reference.crew import Crew


class Tools:
    """Counting, waiting and doing things aside, each bound to the life of one server.

    Attributes:
        closing: set when the server is being closed.
        lock: not used here: for subclasses that do one thing at a time.

    """

    def __init__(self) -> None:
        self.closing = threading.Event()
        self.lock = threading.RLock()
        self._crew = Crew()
        self._counts: Counter[Hashable] = Counter()
        self._counts_lock = threading.Lock()

    def count(self, what: Hashable, by: int = 1) -> int:
        """Add `by` to a counter of this server and return it; a counter begins at 0.

        Counted already: "requests", "stops" (acknowledged or not), and how many requests are "in flight".
        """
        with self._counts_lock:
            self._counts[what] += by
            return self._counts[what]

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the server lives."""
        self.closing.wait(seconds)

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something in `seconds`, unless the server is closed before."""

        def act() -> None:
            if not self.closing.wait(seconds):
                action()

        self.aside("reference-later", act)

    def aside(self, name: str, work: Callable[[], object]) -> None:
        """Do something in a thread of its own, which must end soon after `closing` is set."""
        self._crew.start(name, work)

    def close(self) -> None:
        """Set `closing` and wait for the threads."""
        self.closing.set()
        self._crew.join(5.0)
