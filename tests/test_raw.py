"""Requests written byte by byte: whatever comes back, or does not, ends in time and is recorded."""

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.probe.budget import Budget, ProbeStopped
from conformance.probe.raw import RawProbe
from conformance.probe.reply import RawRequest, Reply, stopwatch
from conformance.reference import Reference, serve
from conformance.target import Limits, Target, Tls

ASKED = b"GET /v1/info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
CERTIFICATE = Path(__file__).parent / "data" / "self-signed.pem"
KEY = CERTIFICATE.with_suffix(".key")

Handle = Callable[[socket.socket], None]
Listening = Callable[[Handle], int]


def asked(
    port: int, request: RawRequest = RawRequest((ASKED,)), seconds: float = 3.0, **more: object
) -> Reply:
    target = Target(f"http://127.0.0.1:{port}/v1", limits=Limits(body=1000), **more)  # type: ignore[arg-type]
    return RawProbe(target, Budget(10)).send(request, stopwatch(), seconds=seconds)


def answering(data: bytes) -> Handle:
    def handle(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(data)

    return handle


def test_the_reference_answers_in_pieces_too() -> None:
    with serve(Reference()) as server:
        key = server.keys["DIFY_API_KEY"]
        target = Target(server.base_url, keys={"DIFY_API_KEY": key})
        head = b"GET /v1/info HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $DIFY_API_KEY\r\nConnection: close\r\n\r\n"
        request = RawRequest((head[:9], head[9:40], head[40:]))
        reply = RawProbe(target, Budget(10)).send(request, stopwatch(), seconds=5)
    assert reply.fault is None
    assert reply.response is not None
    assert reply.response.member["mode"] == "workflow"
    recorded = request.recorded(server.base_url)
    assert recorded.raw
    assert recorded.method == "GET"
    assert key.encode() not in recorded.body


def test_what_comes_before_the_answer_is_not_the_answer(listening: Listening) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" * 2
    reply = asked(listening(answering(interim + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")))
    assert reply.fault is None
    assert reply.response is not None
    assert (reply.response.status, reply.response.body) == (200, b"hi")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "reset"),
        (b"nonsense\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "protocol"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"a" * 5000, "too large"),
    ],
)
def test_a_bad_answer_is_a_fault(listening: Listening, data: bytes, kind: str) -> None:
    reply = asked(listening(answering(data)))
    assert reply.fault is not None
    assert reply.fault.kind == kind


def test_silence_ends_at_the_deadline(listening: Listening) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X: 1\r\n")
            time.sleep(0.05)

    began = time.monotonic()
    reply = asked(listening(drip), seconds=0.6)
    assert reply.fault is not None
    assert reply.fault.kind in {"timeout", "protocol"}  # http.client takes a hundred header lines at most
    assert time.monotonic() - began < 10


def test_a_server_that_waits_for_the_rest_sees_the_end(listening: Listening) -> None:
    def read_all(connection: socket.socket) -> None:
        while connection.recv(65_536):
            pass
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    reply = asked(listening(read_all), RawRequest((ASKED,), leave=True))
    assert reply.response is not None
    assert reply.response.status == 400


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    reply = asked(port)
    assert reply.fault is not None
    assert reply.fault.kind == "unreachable"


def test_over_tls(listening: Listening) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65_536)
            secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    target = Target(f"https://127.0.0.1:{listening(handle)}/v1", tls=Tls(insecure=True))
    reply = RawProbe(target, Budget(10)).send(RawRequest((ASKED,), leave=True), stopwatch(), seconds=5)
    assert reply.response is not None
    assert reply.response.status == 204


def test_an_unknown_certificate_is_a_tls_fault(listening: Listening) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True):
            pass

    target = Target(f"https://127.0.0.1:{listening(handle)}/v1")
    reply = RawProbe(target, Budget(10)).send(RawRequest((ASKED,)), stopwatch(), seconds=5)
    assert reply.fault is not None
    assert reply.fault.kind == "tls"


def test_the_budget_counts() -> None:
    probe = RawProbe(Target("http://127.0.0.1:1/v1"), Budget(0))
    with pytest.raises(ProbeStopped):
        probe.send(RawRequest((ASKED,)), stopwatch(), seconds=1)
