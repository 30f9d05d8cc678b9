"""The reference server on a real socket: connections, threads, and their end."""

from __future__ import annotations

import contextlib
import io
import socket
import socketserver
import struct
import threading
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler
from werkzeug.wrappers import Response

from conformance.reference.answers import BAD_HEADERS, TIMED_OUT, TOO_LARGE, Error, HangUp, Refused
from conformance.reference.crew import Crew
from conformance.reference.reference import BASE_PATH, Reference
from conformance.reference.wire import SERVER, Request

_IDLE_SECONDS = 75.0
_BODY_SECONDS = 10.0
_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_SECONDS = 1.0


class Server:
    """A running reference server; a context manager that closes it.

    Attributes:
        reference: what it answers with.
        base_url: where its API begins, as a client's `--base-url`.
        keys: the API keys of its apps, by the name of the environment variable that a client reads.

    """

    def __init__(self, reference: Reference, host: str, port: int) -> None:
        """Start it.

        Raises:
            OSError: the address cannot be bound.

        """
        self.reference = reference
        self.keys = {app.variable: app.key for app in reference.apps}
        self._listener = _Listener(reference, host, port)
        bound_host, bound_port = self._listener.socket.getsockname()[:2]
        self.base_url = f"http://{bound_host}:{bound_port}{BASE_PATH}"
        self._closing = threading.Lock()
        self._is_closed = False
        self._accepting = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), name="reference-accept", daemon=True
        )
        self._accepting.start()

    def close(self) -> None:
        """End all runs, connections and threads; do nothing the second time."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            self._listener.shutdown()
            self._accepting.join()
            self._listener.server_close()
            self.reference.close()
            self._listener.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(reference: Reference | None = None, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Start a server on `host`, on any free port when `port` is 0; it is listening when this returns.

    A `Reference` serves once: give every server its own.

    Raises:
        OSError: the address cannot be bound.

    """
    return Server(reference or Reference(), host, port)


class _Listener(socketserver.TCPServer):
    """Accepts connections, and answers each in a thread of its own.

    It has the attributes that Werkzeug's request handler asks its server for. Werkzeug's own server class
    looks up the host's name in the DNS and leaves the process when the port is taken.
    """

    allow_reuse_address = True
    request_queue_size = 128
    multithread = True
    multiprocess = False
    ssl_context = None
    _server_version = SERVER

    def __init__(self, reference: Reference, host: str, port: int) -> None:
        self.reference = reference
        self._crew = Crew()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        def converse() -> None:
            try:
                self.finish_request(request, client_address)
            finally:
                with self._lock:
                    self._connections.discard(request)
                self.shutdown_request(request)

        with self._lock:
            self._connections.add(request)
        self._crew.start("reference-connection", converse)

    def hang_up(self) -> None:
        """End all connections, and wait for their threads."""
        with self._lock:
            for connection in self._connections:
                _shut(connection, socket.SHUT_RDWR)
        self._crew.join(5.0)


class _Handler(WSGIRequestHandler):
    """Serves one connection, request after request.

    Werkzeug's handler closes every connection after one answer; this one reads each body to its end before
    it is answered, and so can keep the connection.
    """

    server: _Listener  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS

    def run_wsgi(self) -> None:
        reference = self.server.reference
        try:
            try:
                request = self._receive(reference)
            except Refused as refused:
                self.close_connection = True
                request = _blank_request()
                response = reference.refuse(request, refused.error)
            else:
                response = reference.exchange(request)
            self._send(request, response)
            if request.is_too_large:
                self._drain()
        except HangUp as hang_up:
            self._hang_up(reset=hang_up.reset)
        except (ConnectionError, TimeoutError):  # the client went away
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what `http.server` finds wrong with a request line or its header section."""
        self.close_connection = True
        status = HTTPStatus(code)
        error = Error(status.value, status.name.lower(), message or explain or status.phrase)
        request = _blank_request()
        self._send(request, self.server.reference.refuse(request, error))

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: what was exchanged is the client's to record."""

    def _receive(self, reference: Reference) -> Request:
        reference.check_headers(self.headers, self.request_version)
        too_large = False
        self.connection.settimeout(_BODY_SECONDS)
        try:
            body = reference.take_body(self.headers, self.rfile)
        except TimeoutError:
            raise Refused(TIMED_OUT) from None
        except Refused as refused:
            if refused.error != TOO_LARGE:
                raise
            too_large, body = True, b""
            self.close_connection = True
        self.connection.settimeout(_IDLE_SECONDS)
        try:
            environ = self.make_environ()
        except ValueError:  # a request target that is no URL
            raise Refused(BAD_HEADERS) from None
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
        request = Request(environ)
        request.is_too_large = too_large
        request.names = tuple(self.headers)
        return request

    def _send(self, request: Request, response: Response) -> None:
        if response.is_streamed and self.request_version < "HTTP/1.1":
            self.close_connection = True  # nothing else says where the body ends
        if response.headers.get("Connection", "").lower() == "close":
            self.close_connection = True
        response.headers.setdefault("Connection", "close" if self.close_connection else "keep-alive")
        try:
            for data in self.server.reference.wire(request, response):
                self.connection.sendall(data)
        finally:
            response.close()

    def _drain(self) -> None:
        """Take what the client still sends, so that it gets to read the answer instead of a reset."""
        _shut(self.connection, socket.SHUT_WR)
        self.connection.settimeout(_DRAIN_SECONDS)
        taken = 0
        while taken < _DRAIN_BYTES and (data := self.rfile.read1(1 << 20)):
            taken += len(data)

    def _hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            no_lingering = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_lingering)
            socket.close(self.connection.detach())


def _blank_request() -> Request:
    return Request({"REQUEST_METHOD": "GET"})


def _shut(connection: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):  # the peer has been faster
        connection.shutdown(how)
