"""Sends the very bytes that no client would send, and reads what comes back for them."""

import http.client
import io
import socket
import ssl
import time
from itertools import accumulate, pairwise
from urllib.parse import urlsplit

from conformance.exchange import Fault, FaultKind, Response
from conformance.masking import Secrets
from conformance.probe.budget import Budget
from conformance.probe.http import tls_context
from conformance.probe.reply import Clock, Keyless, RawRequest, Reply
from conformance.target import Target

INTERIM = frozenset(range(102, 200))  # answers before the answer (RFC 9110 §15.2); http.client skips 100 only
PIECE_PAUSE = 0.05  # seconds between the pieces of a request that is sent in several


class RawProbe:
    """Speaks to one target over a new connection for each request; thread-safe."""

    def __init__(self, target: Target, budget: Budget) -> None:
        parts = urlsplit(target.base_url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._connect = target.deadlines.connect
        self._limit = target.limits.body
        self._secrets: Secrets = target.secrets
        self._keyless = Keyless(self._secrets)
        self._tls = tls_context(target)
        self._budget = budget

    def send(self, request: RawRequest, clock: Clock, *, seconds: float) -> Reply:
        """Send a request and read an answer, both within ``seconds``; raises ProbeStopped.

        What goes wrong is a fault of the reply: a closed connection is ``reset``, an answer that is no HTTP
        is ``protocol``.
        """
        self._budget.take(drawn=True)
        deadline = time.monotonic() + seconds
        sent_at = clock()
        try:
            connection = self._open(deadline)
        except OSError as error:
            kind: FaultKind = "tls" if isinstance(error, ssl.SSLError) else "unreachable"
            return Reply(sent_at, clock(), fault=Fault(kind, clock(), str(error)))
        with connection:
            unsent = self._write(connection, request, deadline, clock)
            response, fault = self._read(connection, deadline, clock, request.method)
        self._budget.receive(len(response.body) if response else 0)
        # A server may answer before it has read everything, and close.
        fault = fault if response else unsent or fault
        return Reply(sent_at, clock(), response, clock() if response else None, fault)

    def _open(self, deadline: float) -> socket.socket:
        left = max(0.001, min(self._connect, deadline - time.monotonic()))
        plain = socket.create_connection((self._host, self._port), timeout=left)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return plain
        try:
            return self._tls.wrap_socket(plain, server_hostname=self._host)
        except OSError:
            plain.close()
            raise

    def _write(
        self, connection: socket.socket, request: RawRequest, deadline: float, clock: Clock
    ) -> Fault | None:
        try:
            for number, piece in enumerate(self._on_the_wire(request)):
                if number:
                    time.sleep(PIECE_PAUSE)
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                connection.sendall(piece)
            if request.leave and self._tls is None:  # TLS has no half-closed connections
                connection.shutdown(socket.SHUT_WR)
        except TimeoutError:
            return Fault("timeout", clock(), "the request could not be sent within the deadline")
        except OSError as error:
            return Fault("reset", clock(), str(error))
        return None

    def _read(
        self, connection: socket.socket, deadline: float, clock: Clock, method: str
    ) -> tuple[Response | None, Fault | None]:
        source = _Source(connection, deadline, self._limit)
        answer = http.client.HTTPResponse(source, method=method)  # type: ignore[arg-type]
        head = False
        body = b""
        fault: Fault | None = None
        try:
            answer.begin()
            while answer.status in INTERIM:
                answer = http.client.HTTPResponse(source, method=method)  # type: ignore[arg-type]
                answer.begin()
            head = True
            body = answer.read()
        except TimeoutError:
            fault = Fault("timeout", clock(), "no whole answer within the deadline")
        except _TooMuch:
            fault = Fault("too large", clock(), f"the answer is longer than {self._limit} bytes")
        except http.client.IncompleteRead as error:
            body, fault = (
                error.partial,
                Fault("protocol", clock(), "the answer ended before its announced length"),
            )
        except ConnectionError as error:
            fault = Fault("reset", clock(), str(error) or "the connection was closed without an answer")
        except (http.client.HTTPException, OSError, ValueError) as error:
            fault = self._keyless.fault(Fault("protocol", clock(), f"{type(error).__name__}: {error}"))
        return (self._response(answer, body, fault is None) if head else None), fault

    def _response(self, answer: http.client.HTTPResponse, body: bytes, complete: bool) -> Response:
        return self._keyless.response(
            answer.status, answer.reason, tuple(answer.getheaders()), body, complete
        )

    def _on_the_wire(self, request: RawRequest) -> list[bytes]:
        """The pieces with keys put in; a cut may go through the name of a key, so they are put in first."""
        whole = self._secrets.reveal(b"".join(request.pieces).decode("latin-1")).encode("latin-1")
        cuts = [0, *accumulate(map(len, request.pieces[:-1])), len(whole)]
        return [whole[begin:end] for begin, end in pairwise(cuts)]


class _TooMuch(Exception):
    """More bytes than the suite reads."""


class _Lasting(io.BufferedReader):
    """Stays open when an answer has been read: another may follow."""

    def close(self) -> None:
        """Leave it to whoever closes the connection."""


class _Source(io.RawIOBase):
    """What a connection sends, until a deadline (monotonic seconds) and up to a limit (bytes)."""

    def __init__(self, connection: socket.socket, deadline: float, limit: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._left = limit
        self._buffered = _Lasting(self)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What ``http.client`` asks a socket for: the same each time, with what it holds already."""
        return self._buffered

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        count = self._connection.recv_into(buffer, min(len(buffer), self._left + 1))
        self._left -= count
        if self._left < 0:
            raise _TooMuch
        return count
