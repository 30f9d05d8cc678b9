"""However a command ends, its exit code is that of the verdict, or of a fault of the suite itself: never 1 by chance."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance import cli
from conformance.recording import Writer, read_recording
from conformance.trace import Trace
from tests.commandline import SECONDS, Ran, command, surroundings
from tests.test_recording import HEADER

FULL = Path("/dev/full")
# Files cannot grow beyond a size, as on a disk that is full; what Python compiles would not be whole either.
LIMITED = """
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.executable, [sys.executable, "-m", "conformance", *sys.argv[2:]])
"""


def unread(*words: str, cwd: Path) -> tuple[int, str]:
    """The exit code of a command whose output nobody reads, and what it says elsewhere."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "conformance", *words],
            env=surroundings(),
            cwd=cwd,
            stdout=writer,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("--help", 0),
        ("list", 0),
        ("list --json", 0),
        ("list --help", 0),
        ("explain user.missing", 0),
        ("explain no-such-thing", 2),
        ("judge --json run.jsonl", 0),
        ("judge run.jsonl", 0),
        ("diff run.jsonl run.jsonl", 0),
        ("doctor --base-url http://127.0.0.1:1/v1", 4),
    ],
)
def test_whoever_reads_no_further_changes_no_exit_code(
    ran: Ran, words: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "run.jsonl").write_bytes((ran.reports / "run.jsonl").read_bytes())
    found, told = unread(*words.split(), cwd=tmp_path)
    assert found == code, told
    assert "Traceback" not in told
    assert "Exception ignored" not in told


def test_a_verdict_that_nobody_reads_is_on_record(tmp_path: Path) -> None:
    code, told = unread("run", "--only", "stop.success", "--json", cwd=tmp_path)
    assert (code, told.rstrip().rpartition("\n")[2][:11]) == (0, "conformant:")
    assert (tmp_path / "reports" / "verdict.json").stat().st_size


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is full")
@pytest.mark.parametrize("words", ["list", "judge --json run.jsonl"])
def test_what_could_not_be_printed_is_told(ran: Ran, words: str, tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_bytes((ran.reports / "run.jsonl").read_bytes())
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "conformance", *words.split()],
            cwd=tmp_path,
            env=surroundings(),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 4, done.stderr
    assert done.stderr.rstrip().rpartition("\n")[2].startswith("The suite itself failed: [Errno 28]")
    assert "Traceback" not in done.stderr


def test_a_crash_is_no_verdict_and_tells_no_more_than_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: str) -> None:
        raise ValueError("app-a-key-in-a-message")

    monkeypatch.setattr(cli, "import_module", crash)
    done = CliRunner().invoke(cli.main, ["list"])
    assert done.exit_code == 4
    assert done.output.startswith("The suite itself failed: ValueError (test_ends.py, line ")
    assert done.output.count("\n") == 1
    assert "app-a-key" not in done.output


# disks that are full ------------------------------------------------------------------------------------------


def limited(size: int, *words: str, cwd: Path) -> Ran:
    """Run a command that can write no file of more bytes than that."""
    pytest.importorskip("resource", reason="there are no limits for a process")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(size), *words],
        env=surroundings(PYTHONDONTWRITEBYTECODE="1"),
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr, cwd / "reports")


def test_a_disk_that_gets_full_is_told_and_leaves_nothing_that_would_pass_for_whole(tmp_path: Path) -> None:
    done = limited(12_000, "run", "--only", "stop.success", cwd=tmp_path)
    assert done.code == 4, done.out + done.err
    assert "Traceback" not in done.out + done.err
    *_, outcome, reports, last = done.out.splitlines()
    assert outcome.startswith("conformant:")
    assert reports == "reports/report.html, reports/run.har could not be written: File too large"
    assert last.startswith("reports/run.jsonl could not be written: File too large. Without it the verdict")
    left = {path.name for path in done.reports.iterdir()}
    assert left == {"run.jsonl", "verdict.json", "badge.json", "ctrf.json", "junit.xml"}
    assert not read_recording(done.reports / "run.jsonl").complete


@pytest.mark.parametrize("size", [300, 900])
def test_a_disk_that_is_full_is_told_before_anything_is_sent(tmp_path: Path, size: int) -> None:
    done = limited(size, "run", "--only", "stop.success", cwd=tmp_path)
    assert (done.code, done.out) == (4, ""), done.out + done.err
    assert "File too large" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is full")
def test_a_baseline_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    words = ("run", "--only", "stop.success", "--write-baseline", str(tmp_path / "known.toml"))
    (tmp_path / "known.toml").symlink_to(FULL)
    done = command(*words, reports=reports)
    assert done.code == 4, done.out + done.err
    assert done.out.rstrip().endswith("Make room, or give another place.")
    assert "known.toml could not be written: No space left on device" in done.out


def test_a_directory_in_the_place_of_the_verdict_is_told(ran: Ran, tmp_path: Path) -> None:
    (tmp_path / "reports" / "verdict.json").mkdir(parents=True)
    (tmp_path / "run.jsonl").write_bytes((ran.reports / "run.jsonl").read_bytes())
    done = command("judge", "run.jsonl", "--json", reports=tmp_path / "reports")
    assert (done.code, done.out) == (4, "")
    assert "Traceback" not in done.err
    assert done.err.splitlines()[-1].startswith("reports/verdict.json could not be written: Is a directory.")


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is full")
def test_a_recording_that_cannot_be_written_raises_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.symlink_to(FULL)
    with Writer(path) as writer:
        writer.header(HEADER)
        writer.scenario(Trace("plain"))
    assert "No space left" in str(writer.failed)
