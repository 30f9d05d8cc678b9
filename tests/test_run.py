"""The main job: one command, one verdict, the same in both ways."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.reference import App, Reference, Refused, Request, Run
from conformance.reference.variants.answers import RefusesBlocking
from tests.commandline import SECONDS, surroundings
from tests.judged import Judge

PYTEST = (sys.executable, "-m", "pytest", "conformance", "-q")


def test_the_embedded_server_is_conformant(judge: Judge) -> None:
    judged = judge()
    assert judged.exit_code == 0, judged.output
    assert judged.output.rstrip().splitlines()[-1].startswith("conformant:")
    assert judged.verdict["outcome"] == "conformant"
    assert set(judged.results.values()) == {"pass"}
    assert {"run.jsonl", "verdict.json", "junit.xml"} <= {path.name for path in judged.reports.iterdir()}
    junit = (judged.reports / "junit.xml").read_text("utf-8")
    assert 'name="requirement" value="stop.success.status"' in junit
    assert 'name="level" value="MUST"' in junit


def test_an_embedded_server_that_cannot_start_is_a_fault_of_the_suite(judge: Judge) -> None:
    nowhere = "import sys; sys.executable = '/nowhere'; from conformance.cli import main; main()"
    judged = judge(program=(sys.executable, "-c", nowhere, "run"))
    assert judged.exit_code == 4, judged.output
    assert "could not be started" in judged.output
    assert "Name a target with --base-url." in judged.output
    assert "Traceback" not in judged.output


@pytest.mark.parametrize("flags", [(), ("-B",)], ids=["kept elsewhere", "nothing kept"])
def test_nothing_but_reports_is_left_in_the_directory(tmp_path: Path, flags: tuple[str, ...]) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for words in (("run", "--only", "stop.robust.spelling"), ("judge", "reports/run.jsonl")):
        subprocess.run(
            [sys.executable, *flags, "-m", "conformance", *words],
            cwd=tmp_path,
            env=surroundings(TMPDIR=str(scratch)),
            stdout=subprocess.DEVNULL,
            timeout=SECONDS,
            check=True,
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reports", "scratch"]
    assert list(scratch.iterdir()) == []


LOOK = """
import os, pathlib
from conformance.scratch import use_scratch
use_scratch()
from hypothesis.internal.charmap import intervals_from_codec
encodable, ambiguous = intervals_from_codec("utf-8")
kept = pathlib.Path(os.environ["HYPOTHESIS_STORAGE_DIRECTORY"]).rglob("codec-*")
print(encodable.intervals, ambiguous.intervals, sorted(path.name for path in kept))
"""


def test_hypothesis_is_told_what_it_would_find_out_about_utf_8(tmp_path: Path) -> None:
    def looked(**settings: str) -> str:
        command = [sys.executable, "-B", "-c", LOOK]
        environment = surroundings(TMPDIR=str(tmp_path), **settings)
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True
        ).stdout

    assert looked() == looked(HYPOTHESIS_STORAGE_DIRECTORY=str(tmp_path / "found out"))


@pytest.mark.parametrize("plugins", [(), ("-p", "no:base_url")], ids=["with pytest-base-url", "without"])
def test_plain_pytest_gives_the_same_verdict(
    judge: Judge, serving: Callable[[Reference], Any], plugins: tuple[str, ...]
) -> None:
    server = serving(AcceptsAnyUser())
    asked = ("--base-url", server.base_url, "--only", "stop.user", "--only", "stop.success")
    plain = judge(*asked, *plugins, env=server.keys, program=PYTEST)
    plain_results = plain.results
    ours = judge(*asked, env=server.keys)
    assert plain_results == ours.results
    assert plain.exit_code == ours.exit_code == 1


class AcceptsAnyUser(Reference):
    """Takes whatever is there for a user."""

    def is_user(self, value: object) -> bool:
        return True


class SaysSuccessWithACapital(Reference):
    """Writes the result with a capital letter."""

    def success_body(self) -> dict[str, Any]:
        return {"result": "Success"}


class AnswersAMissingUserWith422(Reference):
    """Answers 422 to a body without user."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        try:
            return super().read_user(request, body)
        except Refused as refused:
            if "user" in body:
                raise
            raise Refused(replace(refused.error, status=422)) from None


class AcceptsAChatKey(Reference):
    """Lets the key of a chat app stop workflows."""

    def check_mode(self, app: App) -> None:
        if app.mode != "chat":
            super().check_mode(app)


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        (SaysSuccessWithACapital, "stop.success.result"),
        (AnswersAMissingUserWith422, "stop.user.missing"),
        (AcceptsAChatKey, "stop.app-mode.chat"),
    ],
)
def test_a_fault_is_named_exactly(
    judge: Judge, serving: Callable[[Reference], Any], fault: type[Reference], broken: str
) -> None:
    server = serving(fault())
    judged = judge("--base-url", server.base_url, env=server.keys)
    assert judged.exit_code == 1, judged.output
    assert judged.failed == {broken}
    assert f"FAIL  {broken}" in judged.output
    again = f"--only {broken} --base-url {server.base_url} --reports {judged.reports}/again"
    assert f"again     dify-conformance run {again}\n" in judged.output


class SaysMore(Reference):
    """Answers a stop with a member that no document has."""

    def success_body(self) -> dict[str, Any]:
        return {**super().success_body(), "task": "over"}


@pytest.mark.parametrize(
    ("strict", "mark", "counts", "last"),
    [
        (
            (),
            "warn",
            ": {met} pass, 1 warning; ",
            "conformant: {met} requirements observed and met, 1 warning",
        ),
        (("--strict",), "FAIL", ": {met} pass, 1 fail; ", "not conformant: 1 requirement not met"),
    ],
)
def test_what_is_counted_at_the_end_agrees(
    judge: Judge,
    serving: Callable[[Reference], Any],
    strict: tuple[str, ...],
    mark: str,
    counts: str,
    last: str,
) -> None:
    server = serving(SaysMore())
    judged = judge("--base-url", server.base_url, "--only", "stop.success", *strict, env=server.keys)
    assert judged.failed == {"stop.success.nothing-else"}, judged.output
    assert judged.verdict["strict"] is bool(strict)
    assert f"  {mark}  SHOULD nothing-else" in judged.output
    assert f"{mark.upper()}  stop.success.nothing-else  SHOULD" in judged.output
    met = list(judged.results.values()).count("pass")
    *_, counted, told = judged.output.rstrip().splitlines()
    assert counts.format(met=met) in counted
    assert told == last.format(met=met)


class TellsNoStatus(Reference):
    """Answers a run in blocking mode without saying how it ended."""

    def run_blocking(self, run: Run) -> dict[str, Any]:
        super().run_blocking(run)
        return {"data": {}}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Reference, "answered 200; the run ended as succeeded"),
        (RefusesBlocking, "answered 400; the run was refused"),
        (TellsNoStatus, "answered 200, which does not tell how the run ended"),
    ],
)
def test_what_is_observed_of_a_run_in_blocking_mode(
    judge: Judge, serving: Callable[[Reference], Any], kind: type[Reference], value: str
) -> None:
    server = serving(kind(round_seconds=0.02))
    judged = judge("--base-url", server.base_url, "--only", "stop.lifecycle.blocking", env=server.keys)
    assert judged.verdict["observations"] == [{"id": "stop.lifecycle.blocking", "value": value}]


def test_without_other_keys_the_verdict_is_incomplete(
    judge: Judge, serving: Callable[[Reference], Any]
) -> None:
    server = serving(Reference())
    judged = judge("--base-url", server.base_url, env={"DIFY_API_KEY": server.keys["DIFY_API_KEY"]})
    assert judged.exit_code == 3, judged.output
    for name in set(server.keys) - {"DIFY_API_KEY"}:
        assert f"needs {name} in the environment" in judged.output
    assert judged.results["stop.app-mode.chat"] == "untested"
    assert judged.results["stop.success.result"] == "pass"


def test_every_line_of_a_verdict_says_where_it_comes_from(judge: Judge) -> None:
    judged = judge("--only", "stop.success")
    assert judged.exit_code == 0, judged.output
    assert judged.verdict["narrowed"] == ["--only stop.success"]
    assert {"suite", "document", "target", "effort", "seed", "requests", "seconds"} <= set(judged.verdict)
    lines = [json.loads(line) for line in (judged.reports / "run.jsonl").read_text("utf-8").splitlines()]
    assert lines[0]["type"] == "header"
    assert lines[-1]["type"] == "footer"
    assert lines[-1]["outcome"] == "conformant"
