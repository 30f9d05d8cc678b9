"""What the suite's own tests share: the command line as a process of its own, and servers on loopback."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from conformance.proving.cases import all_cases
from conformance.proving.cases import judge as tried
from conformance.proving.matrix import Matrix
from conformance.proving.report import page as prove_page
from conformance.reference import Reference, serve
from conformance.requirements import load_catalogue
from tests.browsing import CHROMIUM, DRIVER, LATE_NODE, Browser, browser
from tests.commandline import MEASURING, SECONDS, Ran, command, surroundings
from tests.editions import Edition, writer
from tests.judged import Judge, Judged

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 600  # seconds for one test; the longest takes a tenth of it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a test that hangs say where; users of the suites, who have no plugin for that, are not asked for one."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests"):
            item.add_marker(pytest.mark.timeout(LONGEST))


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A whole run against the embedded server, with every report it writes."""
    reports = tmp_path_factory.mktemp("run") / "reports"
    return command("run", "--reports", str(reports), reports=reports)


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Run ``dify-conformance run`` in an empty directory, or ``program`` in the checkout."""

    def run(*arguments: str, env: Mapping[str, str] | None = None, program: tuple[str, ...] = ()) -> Judged:
        reports, used = tmp_path / "reports", tmp_path.with_name(f"{tmp_path.name}-used")
        words = program or (sys.executable, "-m", "conformance", "run")
        done = subprocess.run(
            [*MEASURING, str(used), *words, "--reports", str(reports), *arguments],
            cwd=ROOT if program else tmp_path,
            env=surroundings(**(env or {})),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        _, memory = json.loads(used.read_text("ascii"))
        return Judged(done.returncode, done.stdout + done.stderr, reports, memory)

    return run


@pytest.fixture
def edition(tmp_path: Path) -> Edition:
    """Write the document with a change of its stop operation."""
    return writer(tmp_path)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test opened."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def serving(stack: ExitStack) -> Callable[[Reference], Any]:
    """Serve a reference server until the end of the test."""

    def start(reference: Reference) -> Any:
        return stack.enter_context(serve(reference))

    return start


@pytest.fixture
def listening(stack: ExitStack) -> Callable[[Callable[[socket.socket], None]], int]:
    """Listen on loopback, let a function handle each connection, and give the port."""

    def start(handle: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        stack.callback(listener.close)

        def guarded(connection: socket.socket) -> None:
            with connection:
                try:
                    handle(connection)
                except OSError:
                    return  # the suite hung up

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # the listener was closed
                threading.Thread(target=guarded, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    return start


# pages in a browser -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A window of Chromium; skips where there is none."""
    pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
    if not (CHROMIUM and DRIVER):
        pytest.skip("Chromium or its driver is not installed")
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="session")
def good(ran: Ran) -> Path:
    """The page of a standard run."""
    return ran.reports / "report.html"


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run against a server that starts nodes after it has acknowledged a stop."""
    reports = tmp_path_factory.mktemp("bad") / "reports"
    words = f"--only {LATE_NODE} --only stop.user.missing --effort quick --reports {reports}".split()
    with serve(all_cases()["finishes-the-loop-first"].make()) as server:
        done = command("run", "--base-url", server.base_url, *words, reports=reports, **server.keys)
    assert done.code == 1, done.out
    return reports / "report.html"


@pytest.fixture(scope="session")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The detection matrix of two trials that were good and one that was not."""
    cases = {name: all_cases()[name] for name in ("says-ok", "finishes-the-loop-first", "wants-ascii")}
    lines = [{"id": "stop.success.result", "level": "MUST", "result": "fail", "reason": "seen"}]
    trials = [
        tried(case, {"requirements": lines if name != "wants-ascii" else [], "requests": 7}, 1.0)
        for name, case in cases.items()
    ]
    path = tmp_path_factory.mktemp("proof") / "prove.html"
    path.write_text(prove_page(Matrix(cases, trials, load_catalogue(), "quick", 1.0, 1)), "utf-8")
    return path


@pytest.fixture(params=["good", "bad", "proof"])
def each(request: pytest.FixtureRequest) -> Path:
    """Every kind of page, one after the other."""
    path: Path = request.getfixturevalue(request.param)
    return path
