"""Mock servers of other makers under the suite, started on our own document."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.target import KEYS
from tests.commandline import surroundings
from tests.conftest import ROOT
from tests.judged import Judge, Judged

DOCUMENT = ROOT / "specs" / "stop-workflow-task.openapi.yaml"
MODULES = ROOT / "tests" / "mocks" / "node_modules"
INSTALL = "npm ci --prefix tests/mocks"
CONTRACT = ("--scope", "contract")
ANY_KEYS = {name: f"app-of-no-server-{name.lower()}" for name in KEYS}
READY = 60  # seconds in which a mock server is to say that it listens


@dataclass(frozen=True)
class Mock:
    """A mock server of another maker: how it is started on our document, and what it says when it listens."""

    program: str
    words: tuple[str, ...]
    listens: str
    path: str = ""


PRISM = Mock("prism", ("mock", "--host", "127.0.0.1", "--port", "PORT", str(DOCUMENT)), "is listening on")
MOCKOON = Mock(
    "mockoon-cli",
    (
        *("start", "--data", str(DOCUMENT), "--hostname", "127.0.0.1", "--port", "PORT"),
        *("--disable-admin-api", "--disable-log-to-file"),
    ),
    "Server started on port",
    path="/v1",
)


@contextmanager
def running(mock: Mock, home: Path) -> Iterator[str]:
    """Start a mock server on a free port and give its base URL; skips the test where it is not installed."""
    program = MODULES / ".bin" / mock.program
    if shutil.which("node") is None or not program.exists():
        pytest.skip(f"{mock.program} is not installed; with Node.js 20: {INSTALL}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [str(port) if word == "PORT" else word for word in mock.words]
    process = subprocess.Popen(
        [str(program), *words],
        cwd=home,
        env=surroundings(HOME=str(home), NO_COLOR="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    said: list[str] = []
    told = threading.Event()
    reader = threading.Thread(target=_listen, args=(process, mock.listens, said, told), daemon=True)
    reader.start()
    try:
        assert told.wait(READY), f"{mock.program} did not start: {''.join(said)}"
        assert process.poll() is None, f"{mock.program} ended: {''.join(said)}"
        yield f"http://127.0.0.1:{port}{mock.path}"
    finally:
        _end(process)
        reader.join(READY)


def _listen(process: "subprocess.Popen[str]", listens: str, said: list[str], told: threading.Event) -> None:
    """Read all that a server says; ``told`` is set when it listens, or has ended."""
    assert process.stdout is not None
    with process.stdout as out:
        for line in out:
            said.append(line)
            if listens in line:
                told.set()
    told.set()


def _end(process: "subprocess.Popen[str]") -> None:
    """End a server with all that it started, whether it has died already or not."""
    for ending in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, ending)
            process.wait(5)
        except ProcessLookupError:
            process.wait()
            return
        except subprocess.TimeoutExpired:
            continue


def musts(judged: Judged, *kinds: str) -> set[str]:
    """The MUSTs with such results."""
    lines = judged.verdict["requirements"]
    return {line["id"] for line in lines if line["level"] == "MUST" and line["result"] in kinds}


APP_MODES = {f"stop.app-mode.{mode}" for mode in ("chat", "agent-chat", "advanced-chat", "completion")}
ENVELOPE = {f"stop.error.{part}" for part in ("code", "message", "status")}
BODIES = {f"stop.body.{kind}" for kind in ("none", "malformed", "no-object", "text-plain", "form")}
SUCCESS = {f"stop.success.{part}" for part in ("status", "media-type", "result")}
ANY_USER = {"stop.user.any-string"}


@pytest.mark.parametrize(
    ("mock", "wrong", "right"),
    [
        (
            PRISM,
            {*APP_MODES, *ENVELOPE, "stop.user.missing"},
            {*SUCCESS, *BODIES, *ANY_USER, "stop.body.empty", "stop.error.media-type"},
        ),
        (MOCKOON, {*APP_MODES, *BODIES, "stop.user.missing"}, {*SUCCESS, *ANY_USER}),
    ],
    ids=["Prism", "Mockoon"],
)
def test_a_mock_of_another_maker_is_told_what_it_gets_wrong(
    judge: Judge, tmp_path: Path, mock: Mock, wrong: set[str], right: set[str]
) -> None:
    with running(mock, tmp_path) as base_url:
        judged = judge("--base-url", base_url, *CONTRACT, env=ANY_KEYS)
    assert "Traceback" not in judged.output
    assert musts(judged, "fail") == wrong, judged.output
    assert right <= musts(judged, "pass"), judged.output
    assert (judged.exit_code, judged.verdict["outcome"]) == (1, "not conformant")


def test_a_mock_without_the_path_of_the_api_is_told_so(judge: Judge, tmp_path: Path) -> None:
    only = ("--only", "stop.success")
    with running(MOCKOON, tmp_path) as base_url:
        judged = judge("--base-url", base_url.removesuffix("/v1"), *CONTRACT, *only, env=ANY_KEYS)
    assert judged.exit_code == 4, judged.output
    assert "ends in /v1" in judged.output
