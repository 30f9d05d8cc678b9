"""A request in pieces arrives whole, wherever it is cut."""

import socket
from collections.abc import Callable

import pytest

from conformance.probe.budget import Budget
from conformance.probe.raw import RawProbe
from conformance.probe.reply import RawRequest, stopwatch
from conformance.target import Target

KEY = "app-a-key-for-the-pieces"
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer $DIFY_API_KEY\r\n\r\n"


@pytest.mark.parametrize("cut", [1, REQUEST.index(b"$") + 5, len(REQUEST) - 1])
def test_a_cut_may_go_through_the_name_of_a_key(
    listening: Callable[[Callable[[socket.socket], None]], int], cut: int
) -> None:
    heard: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(4096)
        heard.append(received)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    target = Target(f"http://127.0.0.1:{listening(handle)}", keys={"DIFY_API_KEY": KEY})
    request = RawRequest((REQUEST[:cut], REQUEST[cut:]))
    reply = RawProbe(target, Budget(1)).send(request, stopwatch(), seconds=10)
    assert reply.response is not None
    assert reply.response.status == 204
    assert heard == [REQUEST.replace(b"$DIFY_API_KEY", KEY.encode())]
