"""What may be sent and received: a number of requests, a rate, bytes, and an end when nobody answers."""

import threading
import time

CONSECUTIVE_FAULTS = 5
SLOW, SLOWEST = 0.05, 1.0  # seconds between two requests to a target that limits them, at first and at last
OVERLOADED = 0.1  # at last, where it only says that it is overloaded, which passes


class ProbeStopped(Exception):
    """Nothing more is sent; the text says why."""


class _Turns:
    """Turns that come one after another, so many a second; not thread-safe."""

    def __init__(self, rate: float) -> None:
        self._interval = 1.0 / rate if rate else 0.0
        self._next = 0.0
        self._slowed = 0.0

    def until(self, count: int = 1) -> float:
        """Take the next turns; the seconds until they have come."""
        now = time.monotonic()
        turn = max(now, self._next)
        self._next = turn + self._interval * count
        return turn - now

    def slow_down(self, seconds: float, slowest: float) -> None:
        """Let no turn come for so long, and half as many from now on; what comes at once counts once."""
        now = time.monotonic()
        if now - self._slowed > SLOWEST:
            self._interval = max(self._interval, min(slowest, max(SLOW, self._interval * 2)))
            self._slowed = now
        self._next = max(self._next, now + seconds)


class Budget:
    """Counts requests of a whole session, and the bytes that come back; thread-safe.

    Args:
        max_requests: how many requests are sent at most.
        rate: how many a second at most, 0 for no limit.
        drawn_rate: how many of those a second that are drawn at random, which nobody waits for.
        most_bytes: how much may come back.

    """

    def __init__(
        self, max_requests: int, rate: float = 0.0, *, drawn_rate: float = 0.0, most_bytes: int = 1 << 30
    ) -> None:
        self.most = max_requests
        self.sent = 0
        self._bytes = most_bytes
        self._all = _Turns(rate)
        self._drawn = _Turns(drawn_rate)
        self._reserved = 0
        self._faults = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._why = ""
        self.lost = False  # whether it was stopped because the target failed to answer

    def take(self, *, drawn: bool = False) -> None:
        """Wait for one's turn to send a request; raises ProbeStopped when there is none."""
        with self._lock:
            self._check()
            if self.sent >= self.most:
                raise ProbeStopped(f"the budget of {self.most} requests is spent (--max-requests)")
            self.sent += 1
            if self._reserved:
                self._reserved -= 1
                return
            wait = self._wait(1, drawn)
        self._pass(wait)

    def reserve(self, count: int, *, drawn: bool = False) -> None:
        """Wait for the turns of several requests that are to be sent at the same moment; raises ProbeStopped."""
        with self._lock:
            wait = self._wait(count, drawn)
        self._pass(wait)
        with self._lock:
            self._reserved += count

    def _wait(self, count: int, drawn: bool) -> float:
        return max(self._all.until(count), self._drawn.until(count) if drawn else 0.0)

    def _pass(self, seconds: float) -> None:
        if seconds > 0 and self._stopped.wait(seconds):
            self._check()

    def slow_down(self, seconds: float, *, overloaded: bool = False) -> None:
        """Let nobody send for so long, and everybody half as often from now on, but not too seldom."""
        with self._lock:
            self._all.slow_down(seconds, OVERLOADED if overloaded else SLOWEST)

    def take_one_more(self) -> None:
        """Count a request that must be sent in any case: the stop that cleans up."""
        with self._lock:
            self.sent += 1

    def note(self, fault: bool) -> None:
        """Record how an exchange went; several faults in a row end the session's sending."""
        with self._lock:
            self._faults = self._faults + 1 if fault else 0
            if self._faults >= CONSECUTIVE_FAULTS and not self._why:
                self._why = f"the target failed to answer {self._faults} requests in a row"
                self.lost = True
                self._stopped.set()

    def receive(self, count: int) -> None:
        """Count bytes that came; too many of them end the session's sending."""
        with self._lock:
            self._bytes -= count
        if self._bytes < 0:
            self.stop(
                "the target has sent more than the suite keeps, far more than any Dify; give a workflow that says "
                "less (--inputs), or a larger limits.received in the target's table"
            )

    def stop(self, why: str) -> None:
        """Let nobody send any more."""
        with self._lock:
            self._why = self._why or why
            self._stopped.set()

    @property
    def stopped(self) -> threading.Event:
        """Set once nothing more is sent."""
        return self._stopped

    @property
    def why(self) -> str:
        """Why nothing more is sent, empty while it is."""
        return self._why

    def _check(self) -> None:
        if self._why:
            raise ProbeStopped(self._why)
