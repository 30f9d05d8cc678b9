"""A recording is judged as the run that recorded it was, without a target or a key."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.reference import Reference
from conformance.reference.faults import specimens
from tests.commandline import Ran, command

SPEC = Path(__file__).parent.parent / "specs" / "stop-workflow-task.openapi.yaml"


def judged(recording: Path, folder: Path, *options: str) -> tuple[Ran, dict[str, Any]]:
    reports = folder / "again"
    done = command("judge", str(recording), "--reports", str(reports), *options, reports=reports)
    path = reports / "verdict.json"
    return done, json.loads(path.read_text("utf-8")) if path.exists() else {}


def verdict_of(ran: Ran) -> dict[str, Any]:
    verdict: dict[str, Any] = json.loads((ran.reports / "verdict.json").read_text("utf-8"))
    return verdict


def test_the_verdict_is_the_same(ran: Ran, tmp_path: Path) -> None:
    done, verdict = judged(ran.reports / "run.jsonl", tmp_path)
    assert done.code == ran.code
    assert verdict.pop("differences") == []
    assert verdict == verdict_of(ran)
    assert done.out.endswith("the same as recorded\n")
    assert "nothing is sent" in done.out


def test_what_failed_is_repeated_as_in_the_session_that_was_recorded(
    serving: Callable[[Reference], Any], tmp_path: Path
) -> None:
    server, reports = serving(specimens()["missing-user-is-unprocessable"].make()), tmp_path / "reports"
    (tmp_path / "targets.toml").write_text(
        f'[target.here]\nbase_url = "{server.base_url}"\nkeys = {{ DIFY_API_KEY = "MINE" }}\n'
        'headers = { X-Token = "$TOKEN", X-Env = "staging-of-ours" }\n'
    )
    words = ("--target", "here", "--config", "targets.toml", "--only", "user.missing", "--effort", "quick")
    keys = {**server.keys, "MINE": server.keys["DIFY_API_KEY"], "TOKEN": "a-token-of-ours"}
    first = command("run", *words, "--reports", str(reports), reports=reports, **keys)
    done, _ = judged(reports / "run.jsonl", tmp_path)
    assert first.code == done.code == 1
    for folder, told in ((reports, first.out), (tmp_path / "again", done.out)):
        assert f"--target here --config targets.toml --effort quick --reports {folder}/again\n" in told
        page = (folder / "report.html").read_text("utf-8")
        assert 'Authorization: Bearer $MINE"' in page
        assert 'X-Token: $TOKEN"' in page
        assert "for $HEADER_X_ENV put in what the table headers of the target has there" in page


def test_the_recording_is_left_alone(ran: Ran) -> None:
    recording = ran.reports / "run.jsonl"
    before = recording.read_bytes()
    done = command("judge", str(recording), "--reports", str(ran.reports), reports=ran.reports)
    assert done.code == ran.code
    assert recording.read_bytes() == before


def test_another_document_is_applied_and_the_differences_listed(ran: Ran, tmp_path: Path) -> None:
    spec = tmp_path / "other.yaml"
    spec.write_text(SPEC.read_text("utf-8").replace("success", "accepted"), "utf-8")
    done, verdict = judged(ran.reports / "run.jsonl", tmp_path, "--spec", str(spec))
    assert done.code == 1
    assert verdict["outcome"] == "not conformant"
    changed = {line["id"]: (line["was"], line["now"]) for line in verdict["differences"]}
    assert changed["stop.success.result"] == ("pass", "fail")
    assert "stop.success.result: pass → fail" in done.out
    assert "judged by another document" in done.out


def test_a_narrowed_run_is_judged_as_narrowed(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    first = command("run", "--only", "stop.success", "--strict", "--reports", str(reports), reports=reports)
    done, verdict = judged(reports / "run.jsonl", tmp_path)
    assert done.code == first.code == 0
    assert verdict["narrowed"] == ["--only stop.success"]
    assert verdict["differences"] == []


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_one_that_breaks_off_is_incomplete(ran: Ran, tmp_path: Path, share: float) -> None:
    whole = (ran.reports / "run.jsonl").read_bytes()
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(whole[: int(len(whole) * share)])
    done, verdict = judged(broken, tmp_path)
    assert done.code == 3, done.out
    assert verdict["outcome"] == "incomplete"
    assert "breaks off" in verdict["summary"]
    assert "fail" not in {line["result"] for line in verdict["requirements"]}


def test_one_that_was_changed_is_refused(ran: Ran, tmp_path: Path) -> None:
    changed = tmp_path / "changed.jsonl"
    changed.write_text((ran.reports / "run.jsonl").read_text("ascii").replace("success", "failure"), "ascii")
    done, verdict = judged(changed, tmp_path)
    assert done.code == 2
    assert "was changed after it was written" in done.err
    assert not verdict


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done, _ = judged(tmp_path / "none.jsonl", tmp_path)
    assert done.code == 2
    assert "cannot be read" in done.err
    assert "Traceback" not in done.err + done.out
