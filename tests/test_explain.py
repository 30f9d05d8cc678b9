"""Every requirement can be listed and explained."""

import json
import re
from pathlib import Path

import pytest

from conformance.contract import load_contract
from conformance.examples import FILE, load_examples
from conformance.explaining import explain, find_check
from conformance.reference.faults import specimens
from conformance.requirements import Requirement, load_catalogue
from conformance.resources import specs_dir
from tests import test_catalogue
from tests.commandline import command

CATALOGUE = load_catalogue()
CONTRACT = load_contract()
UNPROVED = getattr(test_catalogue, "UNPROVED", {})  # no specimen breaks them yet, so that nothing fails
ANEW = "make it with python -m tests.examples"


@pytest.mark.parametrize("one", list(CATALOGUE), ids=lambda one: one.id)
def test_every_requirement_is_explained(one: Requirement) -> None:
    lines = list(explain(one, CATALOGUE, CONTRACT))
    text = "\n".join(lines)
    assert lines[0] == f"{one.id}  {one.level}"
    assert one.title in text
    assert one.why in text
    assert "where it is written" in text
    assert "(not in this document" not in text
    assert "how it is checked" in text
    assert "what to do" in text
    assert find_check(one.id) or one.untestable


@pytest.mark.parametrize("one", list(CATALOGUE), ids=lambda one: one.id)
def test_every_requirement_has_both_examples_and_advice(one: Requirement) -> None:
    assert one.advice, f"{one.id} has no advice, and its topic has none"
    if one.untestable:
        return
    examples = load_examples()[one.id]
    assert examples.passing, f"{one.id} has no passing example: {ANEW} {one.id}"
    assert any(line.startswith("→") for line in examples.passing.lines)
    if one.level != "MAY" and one.id not in UNPROVED:
        assert examples.failing, f"{one.id} has no failing example: {ANEW} {one.id}"
        assert examples.failing.seen
        assert one.id in specimens()[examples.failing.server].ids, f"the example of {one.id} is old: {ANEW}"
        text = "\n".join(explain(one, CATALOGUE, CONTRACT))
        assert examples.failing.seen in text
        assert examples.passing.lines[0] in text


def test_the_examples_are_few_lines_without_what_differs() -> None:
    text = (specs_dir() / FILE).read_text("utf-8")
    assert len(text.encode()) < 150_000
    assert "127.0.0.1" not in text
    assert not re.search(r"app-[0-9A-Za-z]{10}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}", text)
    for both in load_examples().values():
        for example in filter(None, (both.passing, both.failing)):
            assert 2 <= len(example.lines) <= 10
            assert max(map(len, example.lines)) <= 150


def test_a_requirement_is_explained_to_programs(tmp_path: Path) -> None:
    done = command("explain", "user.missing", "--json", reports=tmp_path / "reports")
    told = json.loads(done.out)
    assert (done.code, done.err, told["id"]) == (0, "", "stop.user.missing")
    assert told["passes"]["lines"]
    assert told["fails"]["seen"]
    assert told["advice"]


def test_the_list_has_every_requirement(tmp_path: Path) -> None:
    done = command("list", "--json", reports=tmp_path / "reports")
    assert [line["id"] for line in json.loads(done.out)] == [one.id for one in CATALOGUE]
    text = command("list", reports=tmp_path / "reports").out
    assert all(f"{one.id} " in text and one.title in text for one in CATALOGUE)


def test_the_list_is_narrowed_by_id_and_level(tmp_path: Path) -> None:
    done = command("list", "stop.user", "--level", "SHOULD", "--json", reports=tmp_path / "reports")
    found = json.loads(done.out)
    assert found
    assert all(line["id"].startswith("stop.user.") and line["level"] == "SHOULD" for line in found)
    assert command("list", "nothing", reports=tmp_path / "reports").code == 2


def test_an_unknown_id_is_refused_with_what_may_be_meant(tmp_path: Path) -> None:
    done = command("explain", "stop.user.nubmer", reports=tmp_path / "reports")
    assert done.code == 2
    assert "stop.user.number" in done.err
    assert "Traceback" not in done.err


def test_faults_and_profiles_are_named(tmp_path: Path) -> None:
    done = command("explain", "user.number", reports=tmp_path / "reports")
    assert done.code == 0
    assert any(
        f"serve --fault {name}" in done.out
        for name, one in specimens().items()
        if "stop.user.number" in one.ids
    )
    assert "dify-1.16" in done.out
