"""Keeps the exchanges of one scenario, in the order in which they ended."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from conformance.exchange import Exchange, Request
from conformance.probe.reply import Reply
from conformance.trace import Trace

KEPT_BODY = 16_384  # bytes of a request body that the record keeps


class Recorder(Protocol):
    """Takes each exchange, and each trace, as soon as it is over."""

    def exchange(self, exchange: Exchange) -> None:
        """Keep the exchange."""

    def scenario(self, trace: Trace) -> None:
        """Keep how the scenario ended."""


class Record:
    """What one scenario has exchanged so far; thread-safe."""

    def __init__(self, scenario: str, recorder: Recorder) -> None:
        self._scenario = scenario
        self._recorder = recorder
        self._exchanges: list[Exchange] = []
        self._count = 0
        self._lock = threading.Lock()

    def trace(self, unmet: str | None) -> Trace:
        """What was exchanged so far."""
        with self._lock:
            return Trace(self._scenario, tuple(self._exchanges), unmet)

    def next_id(self) -> str:
        """An id for the next exchange."""
        with self._lock:
            self._count += 1
            return f"{self._scenario}/{self._count}"

    def keep(
        self,
        operation: str,
        case: str,
        request: Request,
        reply: Reply,
        about: Mapping[str, str],
        *,
        id_: str,
        **stream: Any,
    ) -> Exchange:
        """Keep an exchange, a long body of its request cut short; ``stream`` has the events and how they ended."""
        kept = replace(request, body=request.body[:KEPT_BODY], size=len(request.body))
        exchange = Exchange(
            id=id_,
            scenario=self._scenario,
            operation=operation,
            case=case,
            request=kept,
            sent_at=reply.sent_at,
            ended_at=reply.ended_at,
            response=reply.response,
            answered_at=reply.answered_at,
            fault=reply.fault,
            about={**about, "resent": "yes"} if reply.resent else about,
            **stream,
        )
        with self._lock:
            self._exchanges.append(exchange)
            self._recorder.exchange(exchange)  # in the same order as here: a check may ask for the last one
        return exchange
