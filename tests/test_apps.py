"""The shipped Dify apps keep the structure with which they were imported and timed on a real Dify."""

from pathlib import Path
from typing import Any

import pytest
import yaml

APPS = Path(__file__).parent.parent / "specs" / "apps"
MODES = {"conformance-workflow": "workflow", "conformance-chatflow": "advanced-chat"}
LOOPS = ("loop1", "loop2", "loop3")


def load(name: str) -> dict[str, Any]:
    document = yaml.safe_load((APPS / f"{name}.dsl.yml").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def nodes_of(app: dict[str, Any]) -> dict[str, dict[str, Any]]:
    nodes = app["workflow"]["graph"]["nodes"]
    by_id = {node["id"]: node for node in nodes}
    assert len(by_id) == len(nodes), "node ids are unique"
    return by_id


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    return load("conformance-workflow")


def test_each_shipped_app_is_tested_here() -> None:
    assert {path.name.removesuffix(".dsl.yml") for path in APPS.glob("*.yml")} == set(MODES)


@pytest.mark.parametrize(("name", "mode"), MODES.items())
def test_head(name: str, mode: str) -> None:
    app = load(name)
    assert app["kind"] == "app"
    assert app["app"]["mode"] == mode
    assert app["app"]["name"] == name
    assert app["version"] == "0.5.0", "a string: Dify refuses a YAML float"
    assert app["dependencies"] == []
    assert app["workflow"]["environment_variables"] == []


@pytest.mark.parametrize("name", MODES)
def test_edges_connect_existing_nodes_of_the_type_they_name(name: str) -> None:
    app = load(name)
    nodes = nodes_of(app)
    edges = app["workflow"]["graph"]["edges"]
    assert len({edge["id"] for edge in edges}) == len(edges)
    for edge in edges:
        source, target = nodes[edge["source"]], nodes[edge["target"]]
        assert edge["data"]["sourceType"] == source["data"]["type"]
        assert edge["data"]["targetType"] == target["data"]["type"]
        assert source.get("parentId") == target.get("parentId") == edge["data"].get("loop_id")
        assert edge["data"]["isInLoop"] == ("parentId" in source)


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        (
            "conformance-workflow",
            {("start", "loop1"), ("loop1", "loop2"), ("loop2", "loop3"), ("loop3", "end")}
            | {(f"{loop}start", f"{loop}step") for loop in LOOPS},
        ),
        ("conformance-chatflow", {("start", "answer")}),
    ],
)
def test_nodes_are_in_a_row_and_none_is_left_over(name: str, paths: set[tuple[str, str]]) -> None:
    app = load(name)
    assert {(edge["source"], edge["target"]) for edge in app["workflow"]["graph"]["edges"]} == paths
    assert set(nodes_of(app)) == {end for path in paths for end in path}


def test_rounds_is_an_optional_number_of_100(workflow: dict[str, Any]) -> None:
    (rounds,) = nodes_of(workflow)["start"]["data"]["variables"]
    assert (rounds["variable"], rounds["type"], rounds["required"]) == ("rounds", "number", False)
    assert rounds["default"] == "100"


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_counts_to_rounds_with_one_step(workflow: dict[str, Any], loop: str) -> None:
    nodes = nodes_of(workflow)
    data = nodes[loop]["data"]
    assert (data["type"], data["loop_count"], data["start_node_id"]) == ("loop", 100, f"{loop}start")
    assert [(variable["label"], variable["value"]) for variable in data["loop_variables"]] == [("n", "0")]
    (condition,) = data["break_conditions"]
    assert condition["variable_selector"] == [loop, "n"]
    assert (condition["comparison_operator"], condition["value"]) == ("≥", "{{#start.rounds#}}")
    assert {id_ for id_, node in nodes.items() if node.get("parentId") == loop} == {
        f"{loop}start",
        f"{loop}step",
    }
    step = nodes[f"{loop}step"]["data"]
    assert (step["type"], step["loop_id"]) == ("assigner", loop)
    (item,) = step["items"]
    assert (item["variable_selector"], item["operation"], item["value"]) == ([loop, "n"], "+=", 1)


def test_a_full_run_stays_below_the_default_step_limit(workflow: dict[str, Any]) -> None:
    nodes = nodes_of(workflow).values()
    rounds = sum(node["data"]["loop_count"] for node in nodes if node["data"]["type"] == "loop")
    outside = sum("parentId" not in node for node in nodes)
    assert rounds + outside == 305


def test_the_workflow_returns_its_input(workflow: dict[str, Any]) -> None:
    (output,) = nodes_of(workflow)["end"]["data"]["outputs"]
    assert (output["variable"], output["value_selector"]) == ("rounds", ["start", "rounds"])


def test_the_chatflow_answers_a_fixed_text() -> None:
    assert nodes_of(load("conformance-chatflow"))["answer"]["data"]["answer"] == "ok"
