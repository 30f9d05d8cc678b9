"""``init`` writes what the other commands read, and the shell completes what there is."""

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conformance.settings import read_target
from tests.commandline import SECONDS, surroundings

URL = "https://dify.example/v1"


def _init(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-m", "conformance", "init", *arguments]
    pipe = subprocess.PIPE
    return subprocess.run(
        words,
        cwd=folder,
        env=surroundings(),
        stdin=subprocess.DEVNULL,
        stdout=pipe,
        stderr=pipe,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


def test_what_it_writes_is_read_as_a_target(tmp_path: Path) -> None:
    done = _init(tmp_path, "--base-url", URL + "/")
    assert done.returncode == 0
    assert "doctor --target default" in done.stdout
    target = read_target({"DIFY_API_KEY": "app-x"}, config=tmp_path / "dify-conformance.toml")
    assert target is not None
    assert (target.base_url, target.name, target.keys) == (URL, "", {"DIFY_API_KEY": "app-x"})


def test_it_adds_targets_and_overwrites_none(tmp_path: Path) -> None:
    config = tmp_path / "dify-conformance.toml"
    config.write_text('default = "old"\n# mine\n[target.old]\nbase_url = "http://old.example/v1"\n', "utf-8")
    assert _init(tmp_path, "--base-url", URL, "--name", "staging").returncode == 0
    assert "# mine" in config.read_text("utf-8")
    again = _init(tmp_path, "--base-url", URL, "--name", "staging")
    assert again.returncode == 2
    assert "has a target 'staging' already" in again.stderr
    for name, url in (("old", "http://old.example/v1"), ("staging", URL)):
        target = read_target({}, name=name, config=config)
        assert target is not None
        assert target.base_url == url


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "There is no base URL"),
        (("--base-url", "dify.example"), "is none"),
        (("--base-url", URL, "--name", "a.b"), "cannot be used"),
        (("--base-url", URL, "--config", "no/such/file.toml"), "cannot be written"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = _init(tmp_path, *arguments)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert said in done.stderr


def test_at_a_terminal_it_asks(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", "init"],
        cwd=tmp_path,
        env=surroundings(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    guard = threading.Timer(SECONDS, process.kill)
    guard.start()
    told = b""
    while b"/v1:" not in told.replace(b"\r\n", b""):
        told += os.read(ours, 1024)
    os.write(ours, URL.encode() + b"\n")
    assert process.wait(SECONDS) == 0
    guard.cancel()
    os.close(ours)
    assert URL in (tmp_path / "dify-conformance.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("line", "word", "expected"),
    [("dify-conformance se", 1, "serve"), ("dify-conformance run --prof", 2, "--profile")],
)
def test_the_shell_completes(line: str, word: int, expected: str, tmp_path: Path) -> None:
    asked = {
        "COMP_WORDS": line,
        "COMP_CWORD": str(word),
        "_DIFY_CONFORMANCE_COMPLETE": "bash_complete",
    }
    program = Path(sys.executable).with_name("dify-conformance")
    done = subprocess.run(
        [program], env=surroundings(**asked), capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert f"plain,{expected}" in done.stdout.splitlines()
