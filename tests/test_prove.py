"""The suite convicts faulty servers by their requirements, leaves correct ones alone, and says who is wrong."""

import json
import multiprocessing
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.commands.prove import command
from conformance.proving.cases import Case, all_cases, at_effort, chosen, judge
from conformance.proving.matrix import Matrix
from conformance.proving.pool import trial_pool, try_all
from conformance.proving.report import page
from conformance.proving.trial import Settings
from conformance.reference import Reference
from conformance.requirements import load_catalogue

CATALOGUE = load_catalogue()
SUBSET = ("says-ok", "acknowledges-and-carries-on", "wants-ascii", "pretty-prints")


def _verdict(**results: str) -> dict[str, object]:
    lines = [
        {"id": f"stop.success.{name}", "level": "MUST", "result": result, "reason": "seen"}
        for name, result in results.items()
    ]
    return {"requirements": lines, "requests": 7}


def _fault(*ids: str) -> Case:
    return Case("one", "fault", "success", "Is wrong.", Reference, frozenset(ids))


RIGHT = Case("right", "variant", "correct", "Is right.", Reference)


@pytest.mark.parametrize(
    ("case", "results", "outcome"),
    [
        (_fault("stop.success.result"), {"result": "fail", "status": "pass"}, "killed"),
        (_fault("stop.success.result"), {"result": "pass"}, "missed"),
        (_fault("stop.success.result"), {"result": "inconclusive"}, "missed"),
        (_fault("stop.success.result"), {"result": "fail", "status": "fail"}, "wrong id"),
        (_fault("stop.success.result"), {"result": "fail", "status": "error"}, "crashed"),
        (RIGHT, {"result": "pass"}, "right"),
        (RIGHT, {"result": "fail"}, "false alarm"),
        (RIGHT, {"result": "inconclusive"}, "open"),
    ],
)
def test_a_trial_is_good_only_when_the_ids_are_exact(
    case: Case, results: dict[str, str], outcome: str
) -> None:
    assert judge(case, _verdict(**results), 1.0).outcome == outcome


def test_a_miss_is_told_with_both_sides() -> None:
    case = _fault("stop.success.result")
    trial = judge(case, _verdict(result="pass", status="fail"), 1.0)
    matrix = Matrix({case.name: case}, [trial], CATALOGUE, "standard", 1.0, 1)
    told = "\n".join(matrix.lines())
    assert "MISSED  one: Is wrong." in told
    assert "stop.success.result did not fail" in told
    assert "stop.success.status failed unexpectedly" in told
    assert "0 of 1 faulty servers convicted" in matrix.summary
    assert "stop.success.result" in page(matrix)


def test_quick_effort_expects_only_what_it_judges() -> None:
    quick = at_effort(all_cases(), CATALOGUE, "quick")
    tried = {one.id for one in CATALOGUE if one.effort == "quick"}
    assert all(case.ids <= tried for case in quick.values() if case.kind == "fault")


def test_only_chooses_by_name_topic_and_id() -> None:
    cases = all_cases()
    assert [case.name for case in chosen(cases, ["says-ok"])] == ["says-ok"]
    assert all("stop.app-mode.chat" in case.ids for case in chosen(cases, ["stop.app-mode.chat"]))
    assert len(chosen(cases, [])) == len(cases)


def test_prove_convicts_and_acquits(tmp_path: Path) -> None:
    only = [word for name in SUBSET for word in ("--only", name)]
    done = CliRunner().invoke(command, [*only, "-n", "2", "--reports", str(tmp_path)])
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "prove.json").read_text("utf-8"))
    assert {case["name"]: case["outcome"] for case in report["cases"]} == {
        "says-ok": "killed",
        "acknowledges-and-carries-on": "killed",
        "wants-ascii": "killed",
        "pretty-prints": "right",
    }
    assert "<h1>Detection matrix</h1>" in (tmp_path / "prove.html").read_text("utf-8")


def test_prove_refuses_a_name_that_nobody_has(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["--only", "no-such-server", "--reports", str(tmp_path)])
    assert done.exit_code == 2
    assert "Nothing begins with no-such-server" in done.output


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="the system does not tell which cores a process uses"
)
def test_a_process_of_trials_stays_on_one_core() -> None:
    with trial_pool(1) as pool:
        assert len(pool.submit(os.sched_getaffinity, 0).result()) == 1


def test_a_process_that_dies_takes_no_other_trial_with_it() -> None:
    cases = chosen(at_effort(all_cases(), CATALOGUE, "quick"), SUBSET)
    trials = try_all(cases, Settings(effort="quick"), 2)
    first = next(trials)
    multiprocessing.active_children()[0].kill()
    found = {trial.name: trial.crash for trial in (first, *trials)}
    assert found == dict.fromkeys((case.name for case in cases), "")
