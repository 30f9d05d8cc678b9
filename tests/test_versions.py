"""The reference server as versions of Dify: it answers as they were recorded to, and can be served alone."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.reference import Reference, Server
from conformance.reference.versions import ABORTED, BY_USER, VERSIONS

PATIENCE = 20.0
Serving = Callable[[Reference], Server]


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        yield client


def _stopped(http: httpx.Client, server: Server, user: str = "u1", stopper: str = "u1") -> tuple[Any, Any]:
    """The last event of a run that was stopped after its first, and its detail."""
    headers = {"Authorization": f"Bearer {server.keys['DIFY_API_KEY']}"}
    body = {"inputs": {}, "response_mode": "streaming", "user": user}
    url = f"{server.base_url}/workflows"
    last: dict[str, Any] = {}
    with http.stream("POST", f"{url}/run", json=body, headers=headers) as answer:
        for line in answer.iter_lines():
            if not line.startswith("data: "):
                continue
            if not last:
                task = json.loads(line[6:])["task_id"]
                http.post(f"{url}/tasks/{task}/stop", json={"user": stopper}, headers=headers)
            last = json.loads(line[6:])
    detail = http.get(f"{url}/run/{last['workflow_run_id']}", headers=headers).json()
    return last["data"], detail


@pytest.mark.parametrize("name", VERSIONS)
def test_a_version_answers_the_recorded_requests_as_recorded(
    name: str, http: httpx.Client, serving: Serving
) -> None:
    server = serving(VERSIONS[name]())
    answers = (Path(__file__).parent / "data" / "version-answers.jsonl").read_text("utf-8").splitlines()
    for recorded in map(json.loads, answers):
        request, expected = recorded["request"], recorded["answers"][VERSIONS[name].version]
        headers = {
            key: value.replace("WORKFLOW-KEY", server.keys["DIFY_API_KEY"]).replace(
                "CHAT-KEY", server.keys["DIFY_CHAT_API_KEY"]
            )
            for key, value in request["headers"].items()
        }
        url = server.base_url.removesuffix("/v1") + request["target"]
        content = (request["body"] or "").encode()
        answer = http.request(request["method"], url, headers=headers, content=content)
        seen = (answer.status_code, answer.text and answer.json(), answer.headers.get("allow"))
        body = expected["body"] and json.loads(expected["body"])
        assert seen == (expected["status"], body, expected["allow"]), recorded["name"]
        assert answer.headers["x-version"] == VERSIONS[name].version


def test_1_8_stops_for_the_owner_only(http: httpx.Client, serving: Serving) -> None:
    server = serving(VERSIONS["dify-1.8"](round_seconds=0.01))
    assert _stopped(http, server)[0]["status"] == "stopped"
    assert _stopped(http, server, stopper="u2")[0]["status"] == "succeeded"


def test_1_9_mostly_says_failed_on_the_stream_and_stopped_in_the_detail(
    http: httpx.Client, serving: Serving
) -> None:
    version = VERSIONS["dify-1.9"](round_seconds=0.05)
    version.stop_seconds = 0.0
    server = serving(version)
    ends = [_stopped(http, server, stopper="u2") for _ in range(25)]
    assert [last["status"] for last, _ in ends].count("failed") == 23
    assert {detail["status"] for _, detail in ends} == {"stopped"}


def test_1_12_loses_either_the_status_or_the_end(http: httpx.Client, serving: Serving) -> None:
    version = VERSIONS["dify-1.12"](round_seconds=0.05)
    version.stop_seconds = 0.0
    server = serving(version)
    ends = [_stopped(http, server) for _ in range(14)]
    seen = {(last["status"], last["error"], detail["status"]) for last, detail in ends}
    assert seen == {("stopped", BY_USER, "running"), ("failed", ABORTED, "stopped")}
    assert sum(last["status"] == "failed" for last, _ in ends) == 5  # 20 of 56


def test_1_16_says_stopped_everywhere(http: httpx.Client, serving: Serving) -> None:
    server = serving(VERSIONS["dify-1.16"](round_seconds=0.05))
    ends = [_stopped(http, server, stopper="u2") for _ in range(3)]
    assert {(last["status"], detail["status"]) for last, detail in ends} == {("stopped", "stopped")}


@pytest.mark.parametrize(("name", "first"), [("dify-1.12", "data: "), ("dify-1.16", "event: ping")])
def test_the_first_frame(name: str, first: str, http: httpx.Client, serving: Serving) -> None:
    server = serving(VERSIONS[name](round_seconds=0.01, rounds=1))
    headers = {"Authorization": f"Bearer {server.keys['DIFY_API_KEY']}"}
    body = {"inputs": {}, "response_mode": "streaming", "user": "u1"}
    with http.stream("POST", f"{server.base_url}/workflows/run", json=body, headers=headers) as answer:
        assert next(answer.iter_lines()).startswith(first)


def _serve(*arguments: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DIFY_")}
    words = [sys.executable, "-m", "conformance", "serve", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=environment)


def _line(process: subprocess.Popen[str]) -> str:
    """The first line, within the patience."""
    guard = threading.Timer(PATIENCE, process.kill)
    guard.start()
    try:
        assert process.stdout is not None
        return process.stdout.readline()
    finally:
        guard.cancel()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_where_and_ends_cleanly(end: signal.Signals, http: httpx.Client) -> None:
    process = _serve("--as", "dify-1.12", "--json")
    told = json.loads(_line(process))
    key = told["environment"]["DIFY_API_KEY"]
    answer = http.get(f"{told['base_url']}/info", headers={"Authorization": f"Bearer {key}"})
    assert answer.headers["x-version"] == "1.12.1"
    process.send_signal(end)
    _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")


def test_serve_prints_what_a_shell_can_take() -> None:
    process = _serve()
    assert "listens at http://127.0.0.1:" in _line(process)
    names = [_line(process).split("=")[0] for _ in range(2)]
    assert names == ["export DIFY_BASE_URL", "export DIFY_API_KEY"]
    process.terminate()
    process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--as", "dify-1.13"), "dify-1.12"),
        (("--fault", "no-such-fault-at-all"), "There is no fault"),
        (("--as", "dify-1.12", "--fault", "x"), "not both"),
        (("--host", "256.1.1.1"), "Give another --host"),
    ],
)
def test_serve_refuses_what_it_does_not_know(arguments: tuple[str, ...], said: str) -> None:
    process = _serve(*arguments)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert said in errors


def test_serve_says_that_a_port_is_taken(serving: Serving) -> None:
    port = serving(Reference()).base_url.split(":")[2].removesuffix("/v1")
    process = _serve("--port", port)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert f"Port {port} of 127.0.0.1 is taken" in errors
