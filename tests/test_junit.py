"""junit.xml says what verdict.json says, whatever became of the run: it is neither greener nor redder than the gate."""

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.proving.cases import all_cases
from conformance.reference import Reference
from conformance.report.junit import junit
from tests.commandline import Ran, command
from tests.evidence import HOSTILE, evidence, hostile_exchange
from tests.judged import Judge, Judged

Serving = Callable[[Reference], Any]
OUTCOMES = ("failure", "error", "skipped")
COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}
QUICK = ("--effort", "quick")


def outcome(case: ET.Element) -> str:
    """What a reader of JUnit makes of a case."""
    found = [child.tag for child in case if child.tag != "properties"]
    assert len(found) <= 1
    assert set(found) <= set(OUTCOMES)
    return found[0] if found else "passed"


def read(text: str) -> dict[str, ET.Element]:
    """The cases by name, once the counts of the suite are those of its cases."""
    root = ET.fromstring(text)
    (suite,) = root
    cases = {case.get("name", ""): case for case in suite}
    assert len(cases) == len(suite), "names are unique"
    counts = Counter(map(outcome, cases.values()))
    for counted in (root, suite):
        assert counted.get("tests") == str(len(cases))
        for name, attribute in COUNTED.items():
            assert counted.get(attribute) == str(counts[name])
    return cases


def message(case: ET.Element) -> str:
    (told,) = (child for child in case if child.tag != "properties")
    return told.get("message", "")


def agreed(judged: Judged) -> dict[str, str]:
    """What became of each case, once it is as verdict.json says."""
    cases = read((judged.reports / "junit.xml").read_text("utf-8"))
    found = {name: outcome(case) for name, case in cases.items()}
    verdict = judged.verdict
    plain = {"pass": "passed", "fail": "failure", "stale": "failure", "error": "error"}
    for line in verdict["requirements"]:
        warning = line["result"] == "fail" and line["level"] == "SHOULD" and not verdict["strict"]
        wanted = "skipped" if warning else plain.get(line["result"], "skipped")
        assert found[line["id"]] == wanted, line
        if wanted != "passed":
            assert line["reason"] in message(cases[line["id"]])
    assert set(found) == {*judged.results, "verdict"}
    is_green = not {"failure", "error"} & set(found.values())
    assert is_green == (judged.exit_code == 0), judged.output
    assert cases["verdict"].get("time") == f"{verdict['seconds']:.3f}"
    return found


# runs of real servers ----------------------------------------------------------------------------------------


def test_where_the_key_is_refused_nothing_is_green_and_the_verdict_an_error(
    judge: Judge, serving: Serving
) -> None:
    server = serving(Reference())
    judged = judge("--base-url", server.base_url, *QUICK, env={"DIFY_API_KEY": "app-of-somebody-else-9317"})
    assert judged.exit_code == 3, judged.output
    assert Counter(agreed(judged).values()) == {"skipped": len(judged.results), "error": 1}
    told = message(read((judged.reports / "junit.xml").read_text("utf-8"))["verdict"])
    assert told == f"incomplete: {judged.verdict['summary']}"


def test_where_nothing_is_reached_nothing_is_green_and_the_verdict_an_error(
    judge: Judge, serving: Serving
) -> None:
    server = serving(Reference())
    judged = judge("--base-url", server.base_url.removesuffix("/v1"), *QUICK, env=server.keys)
    assert judged.exit_code == 4, judged.output
    assert Counter(agreed(judged).values()) == {"skipped": len(judged.results), "error": 1}


class SaysMore(Reference):
    """Answers a stop with a member that no document has, which is a warning."""

    def success_body(self) -> dict[str, Any]:
        return {**super().success_body(), "task": "over"}


class TakesNumbers(SaysMore):
    """Takes a number for a user, too."""

    def is_user(self, value: object) -> bool:
        return isinstance(value, int) or super().is_user(value)


def listed(tmp_path: Path, *ids: str) -> tuple[str, str]:
    path = tmp_path / "known.toml"
    entries = "".join(f'[[deviation]]\nid = "{id_}"\nbecause = "old clients"\n' for id_ in ids)
    path.write_text(entries, "utf-8")
    return "--baseline", str(path)


def test_a_known_deviation_is_not_red(judge: Judge, serving: Serving, tmp_path: Path) -> None:
    server = serving(TakesNumbers())
    known = listed(tmp_path, "stop.user.number", "stop.user.boolean")
    asked = ("--base-url", server.base_url, "--only", "stop.user", *QUICK)
    judged = judge(*asked, *known, env=server.keys)
    assert judged.exit_code == 0, judged.output
    assert judged.results["stop.user.number"] == "deviation"
    found = agreed(judged)
    assert (found["stop.user.number"], found["verdict"]) == ("skipped", "passed")


def test_what_is_listed_in_vain_is_red(judge: Judge, serving: Serving, tmp_path: Path) -> None:
    server = serving(Reference())
    known = listed(tmp_path, "stop.user.number")
    judged = judge("--base-url", server.base_url, "--only", "stop.user", *QUICK, *known, env=server.keys)
    assert judged.exit_code == 1, judged.output
    found = agreed(judged)
    assert (found["stop.user.number"], found["verdict"]) == ("failure", "skipped")
    assert Counter(found.values())["failure"] == 1


def test_consequences_are_not_red_beside_their_cause(judge: Judge, serving: Serving) -> None:
    server = serving(all_cases()["acknowledges-and-carries-on"].make(round_seconds=0.05, rounds=20))
    asked = ("--base-url", server.base_url, "--only", "stop.lifecycle", *QUICK)
    haste = ("--concurrency", "12", "--stop-deadline", "2", "--detail-deadline", "1", "--grace", "0.5")
    judged = judge(*asked, *haste, env=server.keys)
    assert judged.exit_code == 1, judged.output
    found = agreed(judged)
    assert {id_ for id_, told in found.items() if told == "failure"} == judged.failed
    consequences = [line for line in judged.verdict["requirements"] if ", but presumes " in line["reason"]]
    assert len(consequences) > len(judged.failed)
    assert {found[line["id"]] for line in consequences} == {"skipped"}


@pytest.mark.parametrize(("strict", "exit_code", "told"), [((), 0, "skipped"), (("--strict",), 1, "failure")])
def test_a_should_that_failed_is_red_where_the_run_is_strict(
    judge: Judge, serving: Serving, strict: tuple[str, ...], exit_code: int, told: str
) -> None:
    server = serving(SaysMore())
    asked = ("--base-url", server.base_url, "--only", "stop.success", *QUICK)
    judged = judge(*asked, *strict, env=server.keys)
    assert judged.exit_code == exit_code, judged.output
    assert agreed(judged)["stop.success.nothing-else"] == told
    case = read((judged.reports / "junit.xml").read_text("utf-8"))["stop.success.nothing-else"]
    assert message(case).startswith("fail: " if strict else "warning: ")


def test_a_recording_has_the_same_as_its_run(ran: Ran, tmp_path: Path) -> None:
    again = tmp_path / "again"
    done = command("judge", str(ran.reports / "run.jsonl"), "--reports", str(again), reports=again)
    assert done.code == 0, done.out
    assert (again / "junit.xml").read_text("utf-8") == (ran.reports / "junit.xml").read_text("utf-8")


def test_a_conformant_run_is_green(ran: Ran) -> None:
    cases = read((ran.reports / "junit.xml").read_text("utf-8"))
    assert {outcome(case) for case in cases.values()} == {"passed"}
    observed = {
        one.get("name"): one.get("value") for one in cases["stop.lifecycle.unknown-task"].iter("property")
    }
    assert observed["observation"] == "answered 200"
    assert observed["title"]
    assert cases["stop.lifecycle.unknown-task"].get("classname") == "lifecycle"


def test_what_pytest_is_told_to_write_is_its_own(judge: Judge, tmp_path: Path) -> None:
    judged = judge("--only", "stop.success", *QUICK, "--", "--junitxml", str(tmp_path / "own.xml"))
    assert judged.exit_code == 0, judged.output
    names = {case.get("name", "") for case in ET.parse(tmp_path / "own.xml").iter("testcase")}
    assert all(name.startswith("test_") for name in names)
    assert agreed(judged)["verdict"] == "passed"


# evidence made by hand ---------------------------------------------------------------------------------------


def test_every_result_has_its_place() -> None:
    cases = read(junit(evidence(hostile_exchange("x", 1), reason="seen")))
    kinds = {message(case).partition(":")[0]: outcome(case) for case in cases.values() if len(case) > 1}
    assert kinds == {
        "fail": "failure",
        "stale": "failure",
        "deviation": "skipped",
        "untested": "skipped",
        "inconclusive": "skipped",
        "error": "error",
    }
    assert outcome(cases["verdict"]) == "skipped"
    assert message(cases["verdict"]) == "not conformant: seen; the failures tell which"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("conformant", "passed"),
        ("not conformant", "skipped"),
        ("incomplete", "error"),
        ("unreachable", "error"),
        ("harness fault", "error"),
    ],
)
def test_a_gate_that_is_shut_without_a_failure_is_an_error(name: str, told: str) -> None:
    assert outcome(read(junit(evidence(outcome=name)))["verdict"]) == told


@pytest.mark.parametrize("text", HOSTILE, ids=["markup", "quotes", "controls", "length"])
def test_nothing_that_a_target_says_breaks_the_file(text: str) -> None:
    made = evidence(hostile_exchange(text, 1), reason=text)
    observed = [{"id": made.results[1].id, "value": text}]
    written = junit(replace(made, summary={**made.summary, "observations": observed}))
    cases = read(written.encode("utf-8").decode("utf-8"))
    assert len(cases) == len(made.results) + 1
    assert {child.tag for case in cases.values() for child in case} == {"properties", *OUTCOMES}


def test_what_xml_cannot_write_is_told_by_its_number() -> None:
    made = evidence(reason="a\x00b\ud800c\ufffed\x1b[31m\ttab 😀")
    told = message(read(junit(made))[made.results[0].id])
    assert told == "fail: a⟨U+0000⟩b⟨U+D800⟩c⟨U+FFFE⟩d⟨U+001B⟩[31m\ttab 😀"
