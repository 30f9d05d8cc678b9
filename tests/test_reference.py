"""The reference server answers as the contract and the recordings say, and does what it answers."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from conformance.reference import Error, Event, HangUp, Reference, Request, Response, Run, Server, serve
from conformance.reference.answers import NO_USER

KEY = "DIFY_API_KEY"
STOP = "/workflows/tasks/33333333-3333-4333-8333-333333333333/stop"
JSON = "application/json"
USER = b'{"user": "u1"}'
DEADLINE = 10.0  # seconds; nothing here comes near it unless it is broken

NO_KEY = "Authorization header must be provided and start with 'Bearer'"
NOT_UNDERSTOOD = "The browser (or proxy) sent a request that this server could not understand."
NOT_WORKFLOW = "Please check if your app mode matches the right API route."
NEEDS_USER = "Arg user must be provided."


def quick() -> Reference:
    return Reference(round_seconds=0.01, body_limit=1024 * 1024)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(quick()) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with connect(server) as connected:
        yield connected


@pytest.fixture(scope="module")
def stranger(server: Server) -> Iterator[httpx.Client]:
    """Connect without a key."""
    with httpx.Client(base_url=server.base_url, timeout=DEADLINE, trust_env=False) as connected:
        yield connected


def connect(server: Server, key: str = KEY) -> httpx.Client:
    headers = {"Authorization": f"Bearer {server.keys[key]}"}
    return httpx.Client(base_url=server.base_url, headers=headers, timeout=DEADLINE, trust_env=False)


class Stream:
    """A run as its client sees it."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()
        self.frames: list[str] = []
        self.started = self.until("workflow_started")
        self.task_id: str = self.started["task_id"]
        self.run_id: str = self.started["workflow_run_id"]

    def __iter__(self) -> Iterator[Event]:
        for line in self._lines:
            self.frames.append(line)
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))

    def until(self, name: str) -> Event:
        return next(event for event in self if event["event"] == name)


@contextmanager
def run(client: httpx.Client, rounds: object = 100, user: str = "u1") -> Iterator[Stream]:
    body = {"inputs": {"rounds": rounds}, "response_mode": "streaming", "user": user}
    with client.stream("POST", "/workflows/run", json=body) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        yield Stream(response)


def stop(client: httpx.Client, task_id: str, user: str = "u1") -> httpx.Response:
    return client.post(f"/workflows/tasks/{task_id}/stop", json={"user": user})


def status_of(client: httpx.Client, run_id: str) -> str:
    return str(client.get(f"/workflows/run/{run_id}").json()["status"])


# Answers.

BODIES = [
    (USER, 200, None, None),
    (b'{"user": "u1", "more": [1, 2]}', 200, None, None),
    (b'{"user": "", "user": "u1"}', 200, None, None),
    (b'{"user": "   "}', 200, None, None),
    (json.dumps({"user": "ü😀\u2028\"'<b>"}).encode(), 200, None, None),
    (json.dumps({"user": "x" * 300_000}).encode(), 200, None, None),
    (rb'{"user": "a\u0000b"}', 200, None, None),
    (b"{}", 400, "invalid_param", NEEDS_USER),
    *(
        (f'{{"user": {value}}}'.encode(), 400, "invalid_param", NEEDS_USER)
        for value in ("null", "0", "7", "1.5", "true", "false", "[]", '["u1"]', "{}", '{"a": 1}', '""')
    ),
    (b'{"User": "u1", "user_id": "u1"}', 400, "invalid_param", NEEDS_USER),
    *(
        (body, 400, "bad_request", NOT_UNDERSTOOD)
        for body in (
            b"",
            b"{",
            b'{"user": "u1",}',
            b'{"user": "u1"} {}',
            b"\xef\xbb\xbf" + USER,
            USER.decode().encode("utf-16"),
            b'{"user": "\xff"}',
            rb'{"user": "\ud800"}',
            b'{"user": "u1", "x": NaN}',
            b'{"user": "u1", "x": ' + b"[" * 100_000,
            b'{"user": ' + b"9" * 5000 + b"}",
        )
    ),
    *(
        (body, 400, "bad_request", "The request body must be a JSON object.")
        for body in (b"null", b"[]", b'"x"', b"5", b"true")
    ),
    (b'{"user": "u1", "x": "' + b"x" * 1024 * 1024 + b'"}', 413, "request_entity_too_large", None),
]


@pytest.mark.parametrize(
    ("body", "status", "code", "message"), BODIES, ids=[str(case[0][:40]) for case in BODIES]
)
def test_stop_reads_bodies_as_the_contract_says(
    client: httpx.Client, body: bytes, status: int, code: str | None, message: str | None
) -> None:
    answer = client.post(STOP, content=body, headers={"Content-Type": JSON})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == JSON
    if code is None:
        assert answer.json() == {"result": "success"}
    else:
        expected = {"code": code, "message": message or answer.json()["message"], "status": status}
        assert answer.json() == expected


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        (None, NO_KEY),
        ("", NO_KEY),
        ("Bearer", NO_KEY),
        ("{key}", NO_KEY),
        ("Bearer\t{key}", NO_KEY),
        ("Basic {key}", "Authorization scheme must be 'Bearer'"),
        ("Bearer: {key}", "Authorization scheme must be 'Bearer'"),
        ("Bearer app-unknown", "Access token is invalid"),
        ("Bearer {key}x", "Access token is invalid"),
        ("Bearer {key} x", "Access token is invalid"),
        ("Bearer app-", "Access token is invalid"),
    ],
)
def test_stop_refuses_without_a_good_key(
    server: Server, stranger: httpx.Client, authorization: str | None, message: str
) -> None:
    key = server.keys[KEY]
    headers = {"Content-Type": JSON, "X-Api-Key": key}
    if authorization is not None:
        headers["Authorization"] = authorization.format(key=key)
    answer = stranger.post(STOP, content=b"{", headers=headers, params={"api_key": key})
    assert answer.json() == {"code": "unauthorized", "message": message, "status": 401}
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert key not in answer.text


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer ", "bEaReR"])
def test_scheme_is_understood_in_any_letter_case(server: Server, stranger: httpx.Client, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {server.keys[KEY]}"}
    assert stranger.post(STOP, json={"user": "u1"}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "media_type",
    [
        *(None, "", "text/plain", "text/json", "application/x-www-form-urlencoded"),
        *("multipart/form-data", "multipart/form-data; boundary=x"),
    ],
)
def test_other_media_types_are_refused(client: httpx.Client, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    answer = client.post(STOP, content=USER, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=latin-1", "APPLICATION/JSON", "application/x+json"]
)
def test_json_under_any_name_is_accepted(client: httpx.Client, media_type: str) -> None:
    assert client.post(STOP, content=USER, headers={"Content-Type": media_type}).status_code == 200


def test_compressed_bodies_are_refused(client: httpx.Client) -> None:
    answer = client.post(STOP, content=USER, headers={"Content-Type": JSON, "Content-Encoding": "gzip"})
    assert answer.status_code == 415


@pytest.mark.parametrize("path", [STOP, "/workflows/run"])
@pytest.mark.parametrize("mode", ["CHAT", "AGENT_CHAT", "ADVANCED_CHAT", "COMPLETION"])
def test_other_modes_are_refused_after_the_user(server: Server, mode: str, path: str) -> None:
    with connect(server, f"DIFY_{mode}_API_KEY") as other:
        refused = {"code": "not_workflow_app", "message": NOT_WORKFLOW, "status": 400}
        assert other.post(path, json={"user": "u1"}).json() == refused
        assert other.post(path, json={}).json()["code"] == "invalid_param"
        assert other.get("/info").json()["mode"] == mode.lower().replace("_", "-")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "FOO", "post"])
def test_other_methods_are_not_allowed_before_the_key_is_looked_at(server: Server, method: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", httpx.URL(server.base_url).port, timeout=DEADLINE)
    connection.request(method, f"/v1{STOP}")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Allow"]) == (405, "OPTIONS, POST")
    body = answer.read()
    assert not body if method == "HEAD" else json.loads(body)["code"] == "method_not_allowed"
    connection.close()


def test_options_need_no_key(stranger: httpx.Client) -> None:
    answer = stranger.options(STOP)
    assert (answer.status_code, answer.headers["Allow"], answer.text) == (200, "OPTIONS, POST", "")


@pytest.mark.parametrize(
    "path", ["/", "/workflows/tasks/x/stopp", f"{STOP}/", "/workflows/tasks/a%2Fb/stop", "/workflows/x/stop"]
)
def test_unknown_routes_are_not_found(client: httpx.Client, path: str) -> None:
    answer = client.post(path, json={"user": "u1"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_double_slash_is_redirected(server: Server, stranger: httpx.Client) -> None:
    answer = stranger.post(server.base_url + "//workflows/run", json={})
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{server.base_url}/workflows/run")


@pytest.mark.parametrize(
    "task_id", ["x", "a b", "%00", "%2e%2e", "%zz", "%ff", "任务", "{id}", "a%0D%0Ab", "x" * 4000]
)
def test_any_task_id_is_answered(client: httpx.Client, task_id: str) -> None:
    assert stop(client, task_id).json() == {"result": "success"}


@pytest.mark.parametrize("path", [STOP, "/nowhere", "/info"])
def test_every_answer_has_the_common_headers(client: httpx.Client, path: str) -> None:
    headers = client.post(path).headers
    assert headers["X-Version"] == "reference"
    assert headers["X-Env"] == "PRODUCTION"
    assert headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "change",
    [
        {"user": ""},
        {"response_mode": "STREAMING"},
        {"response_mode": ["streaming"]},
        {"inputs": None},
        {"inputs": []},
        {"inputs": {"rounds": "x"}},
        {"inputs": {"rounds": True}},
        {"inputs": {"rounds": [2]}},
        {"inputs": {"rounds": "1e9"}},
        {"inputs": {"rounds": "1_0"}},
    ],
    ids=str,
)
def test_run_refuses(client: httpx.Client, change: dict[str, Any]) -> None:
    body = {"inputs": {}, "response_mode": "streaming", "user": "u1"} | change
    answer = client.post("/workflows/run", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")


def test_run_refuses_an_infinite_number(client: httpx.Client) -> None:
    body = b'{"inputs": {"rounds": 1e400}, "user": "u1"}'
    answer = client.post("/workflows/run", content=body, headers={"Content-Type": JSON})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")


def test_parameters_name_the_input(client: httpx.Client) -> None:
    form = client.get("/parameters").json()["user_input_form"]
    assert [field["number"]["variable"] for field in form] == ["rounds"]
    assert client.head("/parameters").text == ""


# Runs.


def test_a_run_streams_to_its_end(client: httpx.Client) -> None:
    with run(client, "2") as stream:
        events = [stream.started, *stream]
    per_loop = [
        "loop_started",
        "node_started",
        "node_finished",
        "loop_next",
        "node_started",
        "node_finished",
        "loop_completed",
    ]
    node = ["node_started", "node_finished"]
    names = ["workflow_started", *node, *per_loop * 3, "text_chunk", *node, "workflow_finished"]
    assert [event["event"] for event in events] == names
    assert {(event["task_id"], event["workflow_run_id"]) for event in events} == {
        (stream.task_id, stream.run_id)
    }
    assert stream.task_id != stream.run_id
    assert stream.frames[0] == "event: ping"
    end = events[-1]["data"]
    assert (end["status"], end["error"], end["outputs"]) == ("succeeded", None, {"rounds": 2})
    assert (end["total_steps"], end["created_by"]["user"]) == (8, "u1")
    detail = client.get(f"/workflows/run/{stream.run_id}").json()
    assert (detail["status"], detail["outputs"]) == ("succeeded", {"rounds": 2})
    assert json.loads(detail["inputs"])["sys.user_id"] == "u1"


def test_a_stop_stops_before_it_is_acknowledged(client: httpx.Client) -> None:
    with run(client) as stream:
        stream.until("loop_started")
        assert stop(client, stream.task_id).json() == {"result": "success"}
        detail = client.get(f"/workflows/run/{stream.run_id}").json()
        assert (detail["status"], detail["error"]) == ("stopped", "Stopped by user.")
        steps = detail["total_steps"]
        events = list(stream)
    last = events[-1]
    assert (last["event"], last["data"]["status"], last["data"]["error"]) == (
        "workflow_finished",
        "stopped",
        "Stopped by user.",
    )
    assert [event["event"] for event in events].count("workflow_finished") == 1
    assert last["data"]["total_steps"] == steps
    for _ in range(3):
        assert stop(client, stream.task_id).status_code == 200
        assert status_of(client, stream.run_id) == "stopped"


def test_a_stop_after_the_end_changes_nothing(client: httpx.Client) -> None:
    with run(client, 1) as stream:
        list(stream)
    assert stop(client, stream.task_id).json() == {"result": "success"}
    assert status_of(client, stream.run_id) == "succeeded"


def test_stops_that_are_for_no_such_run_change_nothing(server: Server, client: httpx.Client) -> None:
    with run(client) as stream, connect(server, "DIFY_OTHER_WORKFLOW_API_KEY") as other:
        task = stream.task_id
        for wrong in (stream.run_id, task.upper(), task[:-1], f"{task}%20", task.replace("-", "%252D")):
            assert stop(client, wrong).json() == {"result": "success"}
        assert stop(client, task, user="u2").json() == {"result": "success"}
        assert stop(other, task).json() == {"result": "success"}
        for key in ("CHAT", "AGENT_CHAT", "ADVANCED_CHAT", "COMPLETION"):
            with connect(server, f"DIFY_{key}_API_KEY") as foreign:
                assert stop(foreign, task).status_code == 400
        assert client.post(f"/workflows/tasks/{task}/stop", json={}).status_code == 400
        assert status_of(client, stream.run_id) == "running"
        assert other.get(f"/workflows/run/{stream.run_id}").json() == {
            "code": "not_found",
            "message": "Workflow run not found.",
            "status": 404,
        }
        stop(client, task.replace("-", "%2D"))
        assert list(stream)[-1]["data"]["status"] == "stopped"


def test_a_stop_stops_one_run_only(client: httpx.Client) -> None:
    with run(client) as one, run(client, 3) as other:
        stop(client, one.task_id)
        assert list(one)[-1]["data"]["status"] == "stopped"
        assert list(other)[-1]["data"]["status"] == "succeeded"


def test_a_blocking_run_waits_and_can_be_stopped() -> None:
    body = {"inputs": {"rounds": 1}, "response_mode": "blocking", "user": "u1"}
    reference = quick()
    with serve(reference) as server, connect(server) as client, ThreadPoolExecutor() as pool:
        answer = client.post("/workflows/run", json=body).json()
        assert set(answer) == {"task_id", "workflow_run_id", "data"}
        assert (answer["data"]["status"], answer["data"]["outputs"]) == ("succeeded", {"rounds": 1})
        running = pool.submit(client.post, "/workflows/run", json=body | {"inputs": {"rounds": 100}})
        stop(client, wait_for_run(reference).task_id)
        assert running.result(DEADLINE).json()["data"]["status"] == "stopped"


def wait_for_run(reference: Reference) -> Run:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        going_on = [run for run in reference.runs.all() if not run.has_ended]
        if going_on:
            return going_on[0]
        time.sleep(0.005)
    raise AssertionError("no run has begun")


def test_a_run_outlives_its_client(capfd: pytest.CaptureFixture[str]) -> None:
    reference = quick()
    with serve(reference) as server, connect(server) as client:
        with run(client, 3) as stream:
            pass
        assert all(run.wait(DEADLINE) for run in reference.runs.all())
        assert status_of(client, stream.run_id) == "succeeded"
    assert capfd.readouterr() == ("", "")


def test_finished_runs_are_forgotten_in_time() -> None:
    with serve(Reference(round_seconds=0, kept_runs=2)) as server, connect(server) as client:
        body = {"inputs": {"rounds": 1}, "user": "u1"}
        ids = [client.post("/workflows/run", json=body).json()["workflow_run_id"] for _ in range(4)]
        known = [client.get(f"/workflows/run/{run_id}").status_code for run_id in ids]
    assert known == [404, 404, 200, 200]


def test_pings_come_in_time() -> None:
    reference = Reference(round_seconds=0.1, ping_seconds=0.02)
    with serve(reference) as server, connect(server) as client, run(client, 1) as stream:
        list(stream)
    assert stream.frames.count("event: ping") > 3


# Connections.


def talk(server: Server, request: bytes, *, half_close: bool = False) -> bytes:
    """Send raw bytes, and return what comes until the server closes."""
    with socket.create_connection(("127.0.0.1", httpx.URL(server.base_url).port), DEADLINE) as connection:
        connection.sendall(request)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def raw(server: Server, headers: str, body: bytes = b"", path: str = STOP, method: str = "POST") -> bytes:
    lines = f"{method} /v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.keys[KEY]}\r\n"
    return (lines + headers + "\r\n").encode() + body


def test_a_connection_survives_odd_requests(server: Server) -> None:
    typed = "Content-Type: application/json\r\n"
    chunked = typed + "Transfer-Encoding: chunked\r\n"
    requests = [
        raw(server, "Content-Length: 14\r\n", USER),
        raw(server, "Content-Length: 5\r\n", b"hello", "/nowhere"),
        raw(server, "Content-Length: 5\r\n", b"hello", method="PUT"),
        raw(server, typed),
        raw(server, chunked, b'5;why=not\r\n{"use\r\n9\r\nr": "u1"}\r\n0\r\nTrailer: yes\r\n\r\n'),
        raw(server, f"{typed}Content-Length: 14\r\nConnection: close\r\n", USER),
    ]
    answers = talk(server, b"".join(requests))
    statuses = [part[:3].decode() for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert statuses == ["415", "404", "405", "400", "200", "200"]


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 14\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 1x\r\n",
        "Content-Length: 14\r\nContent-Length: 15\r\n",
        "Host: y\r\n",
        "Host : z\r\n",
    ],
)
def test_unclear_framing_closes_the_connection(server: Server, headers: str) -> None:
    head, _, body = talk(server, raw(server, f"Content-Type: {JSON}\r\n{headers}", USER)).partition(
        b"\r\n\r\n"
    )
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in head
    assert json.loads(body)["code"] == "bad_request"


@pytest.mark.parametrize(
    "request_line", ["POST", "POST /a b HTTP/1.1", "POST / HTTP/x", "POST http://[ HTTP/1.1"]
)
def test_bad_request_lines_get_the_envelope(server: Server, request_line: str) -> None:
    head, _, body = talk(server, f"{request_line}\r\nHost: x\r\n\r\n".encode()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["status"] == 400


def test_a_body_cut_short_is_refused(server: Server) -> None:
    request = raw(server, f"Content-Type: {JSON}\r\nContent-Length: 99\r\n", USER)
    assert talk(server, request, half_close=True).startswith(b"HTTP/1.1 400 ")


def test_a_missing_host_is_refused(server: Server) -> None:
    assert talk(server, b"GET /v1/info HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_http_1_0_gets_a_stream_that_ends_with_the_connection(server: Server) -> None:
    body = b'{"inputs": {"rounds": 1}, "response_mode": "streaming", "user": "u1"}'
    request = raw(server, f"Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\n", body, "/workflows/run")
    head, _, events = talk(server, request.replace(b"HTTP/1.1", b"HTTP/1.0")).partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert events.startswith(b"event: ping\n\ndata: {")
    assert b'"workflow_finished"' in events


def test_streams_are_chunked_and_keep_the_connection(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", httpx.URL(server.base_url).port, timeout=DEADLINE)
    headers = {"Content-Type": JSON, "Authorization": f"Bearer {server.keys[KEY]}"}
    body = json.dumps({"inputs": {"rounds": 1}, "response_mode": "streaming", "user": "u1"})
    local = None
    for _ in range(2):
        connection.request("POST", "/v1/workflows/run", body, headers)
        answer = connection.getresponse()
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert answer.read().endswith(b"}\n\n")
        assert local in (None, connection.sock.getsockname())
        local = connection.sock.getsockname()
    connection.close()


def test_answers_do_not_dawdle(client: httpx.Client) -> None:
    began = time.monotonic()
    for _ in range(50):
        assert stop(client, "x").status_code == 200
    # Nagle's algorithm or a look-up would cost 40 ms a time; a busy machine may cost some.
    assert time.monotonic() - began < 1.5


# The life of a server.


def ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("reference-")]


def test_close_leaves_no_thread() -> None:
    before = len(ours())
    server = serve(Reference(round_seconds=60))
    with connect(server) as busy, run(busy) as stream, ThreadPoolExecutor() as pool:
        blocking = pool.submit(busy.post, "/workflows/run", json={"inputs": {}, "user": "u1"})
        wait_for_run(server.reference)
        server.reference.later(60, lambda: None)
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < 3
        with suppress(httpx.RemoteProtocolError):  # the end of the body may not be sent any more
            assert all(event["event"] != "workflow_finished" for event in stream)
        assert blocking.exception(DEADLINE) is None or isinstance(blocking.exception(), httpx.TransportError)
    server.close()
    assert len(ours()) <= before


def test_a_taken_port_is_an_os_error(server: Server) -> None:
    with pytest.raises(OSError, match="in use"):
        serve(port=httpx.URL(server.base_url).port or 0)


def test_keys_differ_from_server_to_server(server: Server) -> None:
    other = Reference()
    keys = {app.key for app in other.apps}
    assert len(keys) == 6
    assert not keys & set(server.keys.values())
    assert all(key not in repr(other.apps) for key in keys)


# Seams: a fault is a few lines.


class Ignores(Reference):
    def on_stop(self, run: Run) -> None: ...


class Unprocessable(Reference):
    def refusal(self, request: Request, error: Error) -> Response:
        return super().refusal(request, replace(error, status=422) if error == NO_USER else error)


class SaysTwice(Reference):
    def events(self, run: Run) -> Iterator[Event]:
        yield from super().events(run)
        yield self.last_event(run)


class BreaksOff(Reference):
    def events(self, run: Run) -> Iterator[Event]:
        yield next(super().events(run))
        raise HangUp


class Resets(Reference):
    def success(self) -> Response:
        raise HangUp(reset=True)


class RefusesWithEffect(Reference):
    def refusal(self, request: Request, error: Error) -> Response:
        if run := self.runs.by_task(request.task_id):
            self.on_stop(run)
        return super().refusal(request, error)


@contextmanager
def lying(kind: type[Reference]) -> Iterator[httpx.Client]:
    with serve(kind(round_seconds=0.01)) as server, connect(server) as client:
        yield client


def test_a_fault_can_ignore_a_stop() -> None:
    with lying(Ignores) as client, run(client, 2) as stream:
        assert stop(client, stream.task_id).status_code == 200
        assert list(stream)[-1]["data"]["status"] == "succeeded"


def test_a_fault_can_change_one_answer() -> None:
    with lying(Unprocessable) as client:
        assert client.post(STOP, json={}).json()["status"] == 422
        assert client.post(STOP, content=b"{", headers={"Content-Type": JSON}).status_code == 400


def test_a_fault_can_say_the_end_twice() -> None:
    with lying(SaysTwice) as client, run(client, 1) as stream:
        assert [event["event"] for event in stream][-2:] == ["workflow_finished"] * 2


def test_a_fault_can_break_off_a_stream() -> None:
    with lying(BreaksOff) as client, pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
        client.post("/workflows/run", json={"inputs": {}, "response_mode": "streaming", "user": "u1"})


def test_a_fault_can_reset_the_connection() -> None:
    with lying(Resets) as client, pytest.raises(httpx.ReadError):
        stop(client, "x")


def test_a_fault_can_refuse_and_do_it_nevertheless() -> None:
    with lying(RefusesWithEffect) as client, run(client) as stream:
        assert client.post(f"/workflows/tasks/{stream.task_id}/stop", json={}).status_code == 400
        assert list(stream)[-1]["data"]["status"] == "stopped"
