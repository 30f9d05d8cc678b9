"""A run that breaks off, or whose target does, still leaves whole reports that say so."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from conformance.commands.run import run_suites
from conformance.recording import read_recording
from conformance.reference import Reference, serve
from tests.commandline import SECONDS, Ran, command, surroundings

SPECS = Path(__file__).parent.parent / "specs"
REPORTS = ("run.jsonl", "verdict.json", "report.html", "run.har", "badge.json", "ctrf.json", "junit.xml")


def start(*words: str, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "conformance", *words],
        env=surroundings(**environment),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds, but not for ever."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.02)


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def ended(process: subprocess.Popen[str], reports: Path) -> Ran:
    try:
        out, err = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    return Ran(process.returncode, out, err, reports)


def whole(ran: Ran) -> dict[str, Any]:
    """The verdict, after a look at every report."""
    for name in REPORTS:
        assert (ran.reports / name).stat().st_size, name
    assert "</html>" in (ran.reports / "report.html").read_text("utf-8")
    for name in ("run.har", "badge.json", "ctrf.json"):
        json.loads((ran.reports / name).read_text("utf-8"))
    verdict: dict[str, Any] = json.loads((ran.reports / "verdict.json").read_text("utf-8"))
    Draft202012Validator(json.loads((SPECS / "verdict.schema.json").read_text("utf-8"))).validate(verdict)
    assert read_recording(ran.reports / "run.jsonl").complete
    assert "Traceback" not in ran.out + ran.err
    return verdict


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("exchanges", [1, 8, 30, 60])
def test_an_interrupted_run_is_incomplete(tmp_path: Path, exchanges: int, how: signal.Signals) -> None:
    reports = tmp_path / "reports"
    process = start("run", "--reports", str(reports), cwd=tmp_path)
    wait_for(lambda: lines(reports / "run.jsonl") > exchanges, "the run")
    process.send_signal(how)
    ran = ended(process, reports)
    verdict = whole(ran)
    assert ran.code == verdict["exit_code"] == 3
    assert verdict["outcome"] == "incomplete"
    assert "interrupted" in verdict["summary"]
    assert "incomplete" in ran.out
    assert "Incomplete" in (reports / "report.html").read_text("utf-8")
    assert not [line for line in verdict["requirements"] if line["result"] == "fail"]
    again = command(
        "judge", str(reports / "run.jsonl"), "--reports", str(tmp_path / "again"), reports=tmp_path
    )
    assert (again.code, "the same as recorded" in again.out) == (3, True), again.out


@pytest.fixture(params=[signal.SIG_DFL, signal.SIG_IGN], ids=["a terminal", "nohup"])
def hanging_up(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether who is started is to end when its terminal hangs up: nohup lets that be ignored."""
    before = signal.signal(signal.SIGHUP, request.param)
    yield request.param is signal.SIG_DFL
    signal.signal(signal.SIGHUP, before)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal")
def test_a_run_whose_terminal_hangs_up_is_interrupted_unless_that_is_ignored(
    tmp_path: Path, hanging_up: bool
) -> None:
    reports = tmp_path / "reports"
    process = start("run", "--effort", "quick", "--reports", str(reports), cwd=tmp_path)
    wait_for(lambda: lines(reports / "run.jsonl") > 30, "the run")
    process.send_signal(signal.SIGHUP)
    ran = ended(process, reports)
    verdict = whole(ran)
    assert (ran.code, verdict["outcome"]) == ((3, "incomplete") if hanging_up else (0, "conformant"))
    assert ("interrupted" in verdict["summary"]) is hanging_up


def test_what_was_seen_before_an_interruption_is_judged(tmp_path: Path) -> None:
    server = start("serve", "--fault", "says-ok", "--json", cwd=tmp_path)
    try:
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        reports = tmp_path / "reports"
        words = ("run", "--base-url", told["base_url"], "--reports", str(reports))
        process = start(*words, cwd=tmp_path, **told["environment"])
        wait_for(lambda: lines(reports / "run.jsonl") > 60, "the run")
        process.send_signal(signal.SIGINT)
        ran = ended(process, reports)
    finally:
        server.kill()
        server.communicate(timeout=SECONDS)
    failed = [line["id"] for line in whole(ran)["requirements"] if line["result"] == "fail"]
    assert (ran.code, failed) == (1, ["stop.success.result"])


def test_a_run_that_is_told_twice_still_leaves_whole_reports(tmp_path: Path) -> None:
    """As CI services do it: SIGINT, and soon after SIGTERM, for as long as the process is there."""
    reports = tmp_path / "reports"
    process = start("run", "--reports", str(reports), cwd=tmp_path)
    wait_for(lambda: lines(reports / "run.jsonl") > 30, "the run")
    process.send_signal(signal.SIGINT)
    wait_for(lambda: '"type":"result"' in (reports / "run.jsonl").read_text("utf-8"), "the end")
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.02)
    ran = ended(process, reports)
    assert ran.code == whole(ran)["exit_code"] == 3


def test_targets_side_by_side_are_told_to_end(tmp_path: Path) -> None:
    with serve(Reference()) as one, serve(Reference()) as other:
        table = "".join(
            f'[target.{name}]\nbase_url = "{server.base_url}"\nkeys = {{ DIFY_API_KEY = "{name.upper()}" }}\n'
            for name, server in (("one", one), ("other", other))
        )
        (tmp_path / "dify-conformance.toml").write_text(table, "utf-8")
        keys = {"ONE": one.keys["DIFY_API_KEY"], "OTHER": other.keys["DIFY_API_KEY"]}
        reports = tmp_path / "reports"
        words = ("run", "--target", "one", "--target", "other", "--reports", str(reports))
        process = start(*words, cwd=tmp_path, **keys)
        for name in ("one", "other"):
            recording = reports / name / "run.jsonl"
            wait_for(lambda recording=recording: lines(recording) > 8, name)  # type: ignore[misc]
        process.send_signal(signal.SIGTERM)
        ran = ended(process, reports)
    assert ran.code == 3, ran.out + ran.err
    told = json.loads((reports / "targets.json").read_text("utf-8"))
    assert {name: one["outcome"] for name, one in told["targets"].items()} == {
        "one": "incomplete",
        "other": "incomplete",
    }


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM], ids=lambda told: told.name)
def test_a_run_that_is_interrupted_before_it_began_claims_nothing(
    told: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> int:
        signal.raise_signal(told)
        return 0

    monkeypatch.setattr(pytest, "main", interrupted)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # so that it is taken back after the test
    assert run_suites([]) == 3
    assert "before anything was asked" in capsys.readouterr().err


def test_an_interrupted_run_is_judged_again_as_incomplete(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    process = start("run", "--reports", str(reports), cwd=tmp_path)
    wait_for(lambda: lines(reports / "run.jsonl") > 30, "the run")
    process.send_signal(signal.SIGINT)
    ended(process, reports)
    again = command(
        "judge", str(reports / "run.jsonl"), "--reports", str(tmp_path / "again"), reports=tmp_path / "again"
    )
    assert again.code == 3
    assert "interrupted" in whole_of(again)["summary"]


def whole_of(ran: Ran) -> dict[str, Any]:
    verdict: dict[str, Any] = json.loads((ran.reports / "verdict.json").read_text("utf-8"))
    return verdict


def test_a_run_that_is_killed_leaves_a_recording_that_can_be_judged(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    process = start("run", "--reports", str(reports), cwd=tmp_path)
    wait_for(lambda: lines(reports / "run.jsonl") > 30, "the run")
    process.kill()
    ended(process, reports)
    again = command(
        "judge", str(reports / "run.jsonl"), "--reports", str(tmp_path / "again"), reports=tmp_path / "again"
    )
    assert again.code == 3
    assert "breaks off" in whole_of(again)["summary"]
    wait_for(lambda: not listens(whole_of(again)["target"]["base_url"]), "the end of the embedded server")


def listens(base_url: str) -> bool:
    address = urlsplit(base_url)
    with socket.socket() as connection:
        return connection.connect_ex((address.hostname, address.port)) == 0


@pytest.mark.parametrize("exchanges", [8, 60])
def test_a_target_that_dies_makes_the_run_incomplete(tmp_path: Path, exchanges: int) -> None:
    server = start("serve", "--json", cwd=tmp_path)
    try:
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        reports = tmp_path / "reports"
        words = ("run", "--base-url", told["base_url"], "--reports", str(reports))
        process = start(*words, cwd=tmp_path, **told["environment"])
        wait_for(lambda: lines(reports / "run.jsonl") > exchanges, "the run")
        server.kill()
        ran = ended(process, reports)
    finally:
        server.kill()
        server.communicate(timeout=SECONDS)
    verdict = whole(ran)
    assert ran.code == verdict["exit_code"] == 3, ran.out
    assert verdict["outcome"] == "incomplete"
    failed = [
        line for line in verdict["requirements"] if line["result"] == "fail" and line["level"] == "MUST"
    ]
    assert not failed


def test_proof_that_is_broken_off_leaves_no_process_and_no_file_behind(tmp_path: Path) -> None:
    scratch, reports = tmp_path / "scratch", tmp_path / "reports"
    scratch.mkdir()
    proving = subprocess.Popen(
        [sys.executable, "-m", "conformance", "prove", "--only", "stop.user", "--reports", str(reports)],
        env=surroundings(TMPDIR=str(scratch)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    wait_for(lambda: any(scratch.glob("prove-*/prove-*/run.jsonl")), "the first trial")
    proving.terminate()
    _, told = proving.communicate(timeout=SECONDS)
    assert (proving.returncode, told.strip()) == (3, "Interrupted: nothing is proved.")
    wait_for(lambda: not is_alive(proving.pid), "the end of its processes")
    assert list(scratch.iterdir()) == []
    assert not reports.exists()


def is_alive(group: int) -> bool:
    """Whether there is a process in that group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def heeded() -> Iterator[None]:
    """Let Ctrl-C reach who is started: what a shell runs in the background ignores it, and so do its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_a_doctor_who_is_interrupted_has_found_nothing(
    tmp_path: Path, serving: Callable[[Reference], Any]
) -> None:
    server = serving(Reference(round_seconds=1.0))
    process = start("doctor", "--base-url", server.base_url, cwd=tmp_path, **server.keys)
    assert process.stdout
    assert process.stdout.readline().startswith("Starting two runs")
    process.send_signal(signal.SIGINT)
    ran = ended(process, tmp_path)
    assert ran.code == 3
    assert ran.err == "Interrupted.\n"
