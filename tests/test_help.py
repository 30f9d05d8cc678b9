"""The help of every command says what it is for, with examples and exit codes; ``--json`` prints JSON and nothing else."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conformance.cli import COMMANDS, main
from conformance.reference import Reference
from tests.commandline import SECONDS, Ran, command, surroundings

Serving = Callable[[Reference], Any]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_examples_and_exit_codes(name: str) -> None:
    done = CliRunner().invoke(main, [name, "--help"], terminal_width=100)
    assert done.exit_code == 0
    assert re.search(r"^  Examples:$", done.output, re.MULTILINE)
    assert f"dify-conformance {name}" in done.output
    assert re.search(r"^  Exit codes: 0 ", done.output, re.MULTILINE)
    assert "\\b" not in done.output
    undescribed = re.findall(r"^  (--[a-z-]+(?: [A-Z]+)?)$(?!\n {10})", done.output, re.MULTILINE)
    assert not undescribed


def _json(tmp_path: Path, *words: str, **environment: str) -> tuple[int, Any, str]:
    done = command(*words, "--json", reports=tmp_path / "reports", **environment)
    assert "\x1b" not in done.out + done.err
    return done.code, json.loads(done.out), done.err


def test_run_and_judge_print_the_verdict_and_nothing_else(tmp_path: Path) -> None:
    code, verdict, told = _json(tmp_path, "run", "--only", "stop.success")
    assert (code, verdict["outcome"]) == (0, "conformant")
    assert verdict == json.loads((tmp_path / "reports" / "verdict.json").read_text("utf-8"))
    assert told.rstrip().splitlines()[-1].startswith("conformant:")
    code, again, told = _json(tmp_path, "judge", "reports/run.jsonl")
    assert (code, again["outcome"]) == (0, "conformant")
    assert "nothing is sent" in told


def test_several_targets_print_their_table_as_json(serving: Serving, tmp_path: Path) -> None:
    server = serving(Reference())
    tables = "".join(f'[target.{name}]\nbase_url = "{server.base_url}"\n' for name in ("a", "b"))
    (tmp_path / "dify-conformance.toml").write_text(tables, "utf-8")
    asked = ("run", "--target", "a", "--target", "b", "--only", "stop.success")
    code, table, _ = _json(tmp_path, *asked, **server.keys)
    assert code == table["exit_code"] == 0
    assert set(table["targets"]) == {"a", "b"}


def test_a_usage_error_prints_nothing_on_stdout(tmp_path: Path) -> None:
    done = command("run", "--json", "--spec", "absent.yaml", reports=tmp_path / "reports")
    assert (done.code, done.out) == (2, "")
    assert "absent.yaml" in done.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("words", [("explain", "user.missing"), ("judge", "run.jsonl")])
def test_what_a_terminal_has_no_letter_for_costs_nothing(
    ran: Ran, words: tuple[str, ...], encoding: str, tmp_path: Path
) -> None:
    (tmp_path / "run.jsonl").write_bytes((ran.reports / "run.jsonl").read_bytes())
    done = command(*words, reports=tmp_path / "reports", PYTHONIOENCODING=encoding)
    assert (done.code, done.err) == (0, "")
    assert words[0] == "judge" or "stop.user.missing  MUST" in done.out


def test_output_is_the_same_whatever_the_terminal_wants(tmp_path: Path) -> None:
    outputs = set()
    for wanted in ({"NO_COLOR": "1"}, {"FORCE_COLOR": "1", "TERM": "xterm-256color"}, {}):
        done = subprocess.run(
            [sys.executable, "-m", "conformance", "explain", "user.missing"],
            cwd=tmp_path,
            env=surroundings(**wanted),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert b"\x1b" not in outputs.pop()
