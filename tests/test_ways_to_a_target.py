"""Certificates of our own, proxies, and streams without end."""

import itertools
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from conformance.reference import Event, Reference, Run
from tests.judged import Judge
from tests.test_bad_input import DATA, KEY, REFUSED, answering, read_head

Listening = Callable[[Callable[[socket.socket], None]], int]
ONLY = ("--only", "stop.success", "--answer-deadline", "5")


def configured(folder: Path, url: str, more: str) -> tuple[str, ...]:
    (folder / "dify-conformance.toml").write_text(f"[target.here]\nbase_url = '{url}'\n{more}\n")
    return ("--target", "here", *ONLY)


def test_a_certificate_of_our_own_is_shown(judge: Judge, listening: Listening, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DATA / "self-signed.pem", DATA / "self-signed.key")
    context.load_verify_locations(DATA / "self-signed.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            answering(REFUSED)(secured)

    url = f"https://localhost:{listening(handle)}/v1"
    trust = f"[target.here.tls]\nca = '{DATA}/self-signed.pem'\n"
    shown = f"certificate = '{DATA}/self-signed.pem'\nkey = '{DATA}/self-signed.key'"
    assert judge(*configured(tmp_path, url, trust), env=KEY).exit_code == 4
    assert judge(*configured(tmp_path, url, trust + shown), env=KEY).exit_code == 3


def test_a_proxy_is_asked_for_the_whole_address(judge: Judge, listening: Listening, tmp_path: Path) -> None:
    asked: list[bytes] = []

    def proxy(connection: socket.socket) -> None:
        while head := read_head(connection):
            asked.append(head.partition(b"\r\n")[0])
            connection.sendall(REFUSED)

    more = f"proxy = 'http://127.0.0.1:{listening(proxy)}'"
    judged = judge(*configured(tmp_path, "http://dify.example/v1", more), env=KEY)
    assert judged.exit_code == 3, judged.output
    assert asked[0] == b"GET http://dify.example/v1/info HTTP/1.1"


class TellsWithoutEnd(Reference):
    """Sends events as fast as they are taken, for ever, whatever is stopped."""

    def events(self, run: Run) -> Iterator[Event]:
        told = next(iter(super().events(run)))
        chunk = {**told, "event": "text_chunk", "data": {"text": "x" * 10_000}}
        return itertools.chain([told], itertools.repeat(chunk))


def test_a_stream_without_end_is_cut(
    judge: Judge, serving: Callable[[Reference], Any], tmp_path: Path
) -> None:
    server = serving(TellsWithoutEnd(ping_seconds=1000))
    few = configured(tmp_path, server.base_url, "[target.here.limits]\nstream = 500_000\n")[:2]
    judged = judge(*few, "--only", "stop.lifecycle.whole-frames", env=server.keys)
    assert judged.exit_code == 3, judged.output
    assert "more than 500000 bytes" in judged.output
    assert "limits.stream" in judged.output
    assert (judged.reports / "run.jsonl").stat().st_size < 50_000_000
    assert judged.memory < 400
