"""Speaks to one target in each of the ways that a scenario needs."""

from conformance.exchange import Request
from conformance.probe.budget import Budget
from conformance.probe.http import HttpProbe
from conformance.probe.raw import RawProbe
from conformance.probe.reply import Clock, RawRequest, Reply
from conformance.probe.stream import LiveStream
from conformance.target import Target


class Probe:
    """Sends requests, well-formed ones or byte by byte, and listens to runs; thread-safe."""

    def __init__(self, target: Target, budget: Budget) -> None:
        self.target = target
        self.budget = budget
        self._http = HttpProbe(target, budget)
        self._raw = RawProbe(target, budget)
        self.send = self._http.send
        self.send_regardless = self._http.send_regardless

    def send_raw(self, request: RawRequest, clock: Clock, *, seconds: float) -> Reply:
        """Send the very bytes and read an answer, both within ``seconds``; raises ProbeStopped."""
        return self._raw.send(request, clock, seconds=seconds)

    def listen(self, request: Request, clock: Clock) -> LiveStream:
        """Start a run and listen to it; raises ProbeStopped."""
        return LiveStream(self._http, request, clock)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()
