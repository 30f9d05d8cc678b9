"""Several targets side by side: one table, reports for each, the gravest exit code."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.reference import Reference, Server
from conformance.reference.versions import VERSIONS
from conformance.several import Judged, table, worst
from tests.commandline import SECONDS, surroundings
from tests.judged import Judge

ROOT = Path(__file__).resolve().parent.parent
Serving = Callable[[Reference], Server]


def _keys(name: str, server: Server) -> dict[str, str]:
    return {f"{name.upper()}_KEY": server.keys["DIFY_API_KEY"]}


def _table(name: str, url: str) -> str:
    return f'[target.{name}]\nbase_url = "{url}"\nkeys = {{ DIFY_API_KEY = "{name.upper()}_KEY" }}\n'


def test_targets_are_judged_side_by_side(judge: Judge, serving: Serving, tmp_path: Path) -> None:
    good, bad = serving(Reference(round_seconds=0.05)), serving(VERSIONS["dify-1.16"](round_seconds=0.05))
    text = _table("staging", good.base_url) + _table("prod", bad.base_url)
    (tmp_path / "dify-conformance.toml").write_text(text, "utf-8")
    keys = _keys("staging", good) | _keys("prod", bad)

    judged = judge("--target", "staging", "--target", "prod", "--only", "stop.user", "--strict", env=keys)

    assert judged.exit_code == 1
    rows = {line.split()[0]: line.split()[1:] for line in judged.output.splitlines() if line.strip()}
    assert rows["staging"] == ["prod"]
    assert rows["stop.user.missing"] == ["pass", "pass"]
    assert rows["stop.user.number"] == ["pass", "FAIL"]
    assert rows["staging:"][0] == "conformant:"
    assert rows["prod:"][:2] == ["not", "conformant:"]
    told = json.loads((judged.reports / "targets.json").read_text("utf-8"))
    assert told["targets"]["prod"]["results"]["stop.user.number"] == "fail"
    for name, exit_code in (("staging", 0), ("prod", 1)):
        verdict = json.loads((judged.reports / name / "verdict.json").read_text("utf-8"))
        assert verdict["exit_code"] == exit_code
        assert verdict["target"]["name"] == name


def test_a_target_that_cannot_be_judged_says_why(judge: Judge, serving: Serving, tmp_path: Path) -> None:
    good = serving(Reference(round_seconds=0.05))
    (tmp_path / "dify-conformance.toml").write_text(_table("staging", good.base_url), "utf-8")
    judged = judge(
        "--target", "staging", "--target", "prod", "--only", "stop.user.missing", env=surroundings()
    )
    assert judged.exit_code == 2
    assert "There is no target 'prod'" in judged.output


def test_options_for_one_target_are_refused(judge: Judge) -> None:
    judged = judge("--target", "a", "--target", "b", "--base-url", "http://127.0.0.1:1/v1")
    assert judged.exit_code == 2
    assert "--base-url is for one target" in judged.output


@pytest.mark.parametrize(
    ("told", "mark"),
    [({"strict": True}, "FAIL"), ({"strict": False}, "warn"), ({}, "warn")],
    ids=["strict", "lenient", "of an earlier edition"],
)
def test_a_should_that_failed_is_marked_as_its_run_took_it(told: dict[str, bool], mark: str) -> None:
    line = {"id": "stop.success.nothing-else", "level": "SHOULD", "title": "", "result": "fail"}
    verdict = {"outcome": "conformant", "summary": "", "requirements": [line], **told}
    _, row, *_ = table([Judged("staging", 0, Path(), verdict)])
    assert row.split() == [line["id"], mark]


@pytest.mark.parametrize(
    ("codes", "gravest"), [((0, 3), 3), ((3, 1, 0), 1), ((1, 4), 4), ((4, 2), 2), ((0, -9), 4)]
)
def test_the_gravest_exit_code_counts(codes: tuple[int, ...], gravest: int) -> None:
    assert worst(Judged(str(code), code, Path(), {}) for code in codes) == gravest


def test_pytest_spreads_targets_over_workers(serving: Serving, tmp_path: Path) -> None:
    pytest.importorskip("xdist", reason="`python -m uv run --group dev pytest tests` brings pytest-xdist")
    good, bad = serving(Reference(round_seconds=0.05)), serving(VERSIONS["dify-1.16"](round_seconds=0.05))
    text = _table("staging", good.base_url) + _table("prod", bad.base_url)
    (tmp_path / "dify-conformance.toml").write_text(text, "utf-8")
    options = {"CONFORMANCE_OPTIONS": "--only stop.user --strict"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", str(ROOT / "deploy" / "many_targets")],
        cwd=tmp_path,
        env=surroundings(**_keys("staging", good), **_keys("prod", bad), **options),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert "test_target[prod]" in done.stdout
    assert "stop.user.number" in done.stdout
    for name, exit_code in (("staging", 0), ("prod", 1)):
        verdict = json.loads((tmp_path / "reports" / name / "verdict.json").read_text("utf-8"))
        assert (verdict["target"]["name"], verdict["exit_code"]) == (name, exit_code)


@pytest.mark.parametrize("own", [False, True], ids=["pytest", "dify-conformance"])
def test_the_checks_of_one_target_are_not_spread(judge: Judge, own: bool) -> None:
    pytest.importorskip("xdist", reason="`python -m uv run --group dev pytest tests` brings pytest-xdist")
    plain = (sys.executable, "-m", "pytest", "conformance", "-n", "1")
    judged = judge("--", "-p", "xdist", "-n", "1") if own else judge(program=plain)
    assert judged.exit_code == 2, judged.output
    assert "deploy/many_targets/test_targets.py" in judged.output
    assert "passed" not in judged.output
    assert not (judged.reports / "run.jsonl").exists()
