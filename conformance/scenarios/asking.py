"""Asks the target in one scenario: sends requests, waits where it takes no more, and records what comes back."""

import threading
from collections.abc import Callable, Mapping, Sequence

from conformance.contract import Operation
from conformance.exchange import TOO_MANY, Exchange, Request, Response
from conformance.masking import placeholder
from conformance.probe.budget import ProbeStopped
from conformance.probe.reply import RawRequest, Reply, stopwatch
from conformance.scenarios.live import TRIES, Unmet
from conformance.scenarios.record import Record
from conformance.scenarios.requests import Requests, user_of
from conformance.scenarios.shared import Shared
from conformance.target import OWNER_KEY
from conformance.trace import Trace

LONGEST = 10.0  # seconds to wait between two tries of what was refused, whatever the target says
GONE = 60.0  # seconds that nobody waits for what was refused
CLEAN_UP = 5.0  # seconds for a request that only tidies up
MEETING = 5.0  # seconds within which the threads that send at the same moment must all have begun
DRAWN = frozenset({"drawn", "supporting"})  # operations under which drawn requests are recorded


class Asking(Requests):
    """Sends the requests of one scenario, ``most`` of them at most, and records every exchange."""

    def __init__(self, scenario: str, shared: Shared, most: int) -> None:
        target = shared.probe.target
        super().__init__(target, shared.contract, user_of(scenario))
        self.scenario = scenario
        self.turnstile = shared.turnstile
        self.deadlines = target.deadlines
        self.limits = target.limits
        self.keys = target.keys
        self._probe = shared.probe
        self._most = most
        self._left = most
        self.clock = stopwatch()
        self._kept = Record(scenario, shared.recorder)
        self._lock = threading.Lock()
        self._hurried = threading.local()  # has ``now`` in a thread that sends together with others
        self._patience = shared.patience
        self.stop_answered = threading.Event()

    def trace(self, unmet: str | None = None) -> Trace:
        """What was recorded so far."""
        return self._kept.trace(unmet)

    def send(
        self, operation: str, case: str, request: Request, *, about: Mapping[str, str] | None = None
    ) -> Exchange:
        """Send a request and record the exchange; raises ProbeStopped, and Unmet where too many were sent."""
        self._count_down()
        with self.turnstile.outside():
            drawn = operation in DRAWN
            reply = self._patiently(lambda: self._probe.send(request, self.clock, drawn=drawn))
        return self._record(operation, case, request, reply, about or {})

    def send_raw(
        self, operation: str, case: str, raw: RawRequest, *, seconds: float, about: Mapping[str, str]
    ) -> Exchange:
        """Send a request byte by byte and record the exchange; raises as ``send``."""
        self._count_down()
        with self.turnstile.outside():
            reply = self._patiently(lambda: self._probe.send_raw(raw, self.clock, seconds=seconds))
        return self._record(operation, case, raw.recorded(self.target.base_url), reply, about)

    def together(self, sends: Sequence[Callable[[], Exchange]], *, drawn: bool = False) -> list[Exchange]:
        """Do several sends at the same moment, each in a thread of its own, behind a barrier.

        Where some of them raise, what the first of these raised is raised once all are done.
        """
        self._probe.budget.reserve(len(sends), drawn=drawn)
        barrier = threading.Barrier(len(sends))
        done: list[Exchange] = []
        failed: list[Exception] = []

        def one(send: Callable[[], Exchange]) -> None:
            self._hurried.now = True
            try:
                barrier.wait(timeout=MEETING)
                done.append(send())
            except Exception as error:  # noqa: BLE001 - whatever it is, raised below: nobody sees it in a thread
                failed.append(error)

        threads = [threading.Thread(target=one, args=(send,), daemon=True) for send in sends]
        for thread in threads:
            thread.start()
        with self.turnstile.outside():
            for thread in threads:
                thread.join()
        if failed:
            raise failed[0]
        return done

    def read(self, run_id: str, case: str, run: str, *, key: str = placeholder(OWNER_KEY)) -> Exchange:
        """Read the detail of whatever run; ``run`` is the exchange that started it, ``key`` that of its app."""
        operation = self.contract.detail
        request = self.request(operation.method, operation.url_path(run_id), key=key)
        return self.send("detail", case, request, about={"run": run})

    def get(self, operation: Operation, name: str) -> Exchange:
        """Read one of the operations without parameters."""
        return self.send(name, name, self.request(operation.method, operation.url_path()))

    def see_whether_still_there(self) -> None:
        """Read ``/info`` once, also when the target has failed to answer so often that nothing else is sent."""
        budget, info = self._probe.budget, self.contract.info
        if budget.lost or not budget.stopped.is_set():
            request = self.request(info.method, info.url_path())
            reply = self._probe.send_regardless(request, self.clock, seconds=CLEAN_UP)
            self._record("info", "still there", request, reply, {})

    def pause(self, seconds: float) -> None:
        """Wait, unless the session ends; raises ProbeStopped then."""
        with self.turnstile.outside():
            stopped = self._probe.budget.stopped.wait(seconds)
        if stopped:
            raise ProbeStopped(self._probe.budget.why)

    def _count_down(self) -> None:
        """Raise Unmet where more would be sent than was announced."""
        with self._lock:
            self._left -= 1
            if self._left < 0:
                raise Unmet(f"the {self._most} requests that were meant for this are spent")

    def _patiently(self, ask: Callable[[], Reply]) -> Reply:
        """The answer to a request, asked for again where the target says that it takes no more at the moment."""
        reply = ask()
        for _ in range(TRIES - 1):
            if not (reply.response and reply.response.busy) or hasattr(self._hurried, "now"):
                break
            if too_long(reply.response):
                break
            self._slow_down(reply.response)
            reply = ask()
        return reply

    def _slow_down(self, refusal: Response) -> None:
        self._probe.budget.slow_down(patience_with(refusal), overloaded=refusal.status != TOO_MANY)

    def _record(
        self, operation: str, case: str, request: Request, reply: Reply, about: Mapping[str, str]
    ) -> Exchange:
        exchange = self._kept.keep(operation, case, request, reply, about, id_=self._kept.next_id())
        if operation == "stop":
            self._patience.no_stop = exchange.busy
            self.stop_answered.set()
        return exchange


def too_long(refusal: Response) -> str:
    """What is told of a refusal that says to come again when the suite will long be gone; empty for any other."""
    seconds = refusal.retry_after or 0.0
    if seconds <= GONE:
        return ""
    return (
        f"the target says to come again in {seconds:.0f} s (Retry-After), longer than the suite waits: a quota is used up; "
        "raise it, or judge the target then"
    )


def patience_with(refusal: Response) -> float:
    """How many seconds to wait until what was refused is asked for again."""
    return min(LONGEST, 1.0 if refusal.retry_after is None else refusal.retry_after)
