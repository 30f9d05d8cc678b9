"""An httpx transport whose every wait ends at a deadline of the whole exchange.

httpx's own timeouts begin anew with each byte, so that a server which trickles one a second holds a client
for ever. Here the ``timeout`` extension of a request carries points in time on the monotonic clock, and the
network backend turns what is left into the timeout of each socket call.
"""

import ssl
import time
from collections.abc import Iterable, Iterator

import httpcore
import httpx

KEEPALIVE = 1.0  # seconds; gunicorn in front of Dify closes idle connections after two

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class BoundedTransport(httpx.BaseTransport):
    """A connection pool for one target; raises httpcore's exceptions as they are.

    As many as ``idle`` are kept open between requests, others are closed after the answer.
    """

    def __init__(self, tls: ssl.SSLContext | None, proxy: str | None, connections: int, *, idle: int) -> None:
        settings = {
            "ssl_context": tls,
            "max_connections": connections,
            "max_keepalive_connections": idle,
            "keepalive_expiry": KEEPALIVE,
            "network_backend": _BoundedBackend(),
        }
        self._pool: httpcore.ConnectionPool = (
            httpcore.HTTPProxy(proxy_url=proxy, **settings)  # type: ignore[arg-type]
            if proxy
            else httpcore.ConnectionPool(**settings)  # type: ignore[arg-type]
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; its ``target`` extension, if any, is the request line's target verbatim."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.extensions.get("target", request.url.raw_path),
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions={name: value for name, value in request.extensions.items() if name != "target"},
            )
        )
        assert isinstance(response.stream, Iterable)
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response.stream),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


def until(deadline: float, connect: float) -> dict[str, float]:
    """The ``timeout`` extension for an exchange that must be over at ``deadline`` (monotonic seconds).

    ``connect`` is the most that making a connection may take, in seconds.
    """
    now = time.monotonic()
    left = max(0.001, deadline - now)
    return {"connect": min(deadline, now + connect), "read": deadline, "write": deadline, "pool": left}


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _BoundedBackend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(super().connect_tcp(host, port, left, local_address, socket_options))


def _left(deadline: float | None, late: type[Exception]) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the deadline of the whole exchange passed")
    return left
