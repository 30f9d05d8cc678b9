"""Every requirement can be listed and explained."""

import json
from pathlib import Path

import pytest

from conformance.contract import load_contract
from conformance.explaining import explain, find_check
from conformance.requirements import Requirement, load_catalogue
from tests.commandline import command

CATALOGUE = load_catalogue()
CONTRACT = load_contract()


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
    assert "serve --fault takes-numbers" in done.out
    assert "dify-1.16" in done.out
