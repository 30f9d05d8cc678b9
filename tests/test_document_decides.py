"""The OpenAPI file decides: change it, and the verdict changes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.reference import Reference
from tests.conftest import ROOT
from tests.judged import Judge

DOCUMENT = ROOT / "specs" / "stop-workflow-task.openapi.yaml"
STOP = "/workflows/tasks/{task_id}/stop"

Change = Callable[[dict[str, Any]], object]


def set_enum(document: dict[str, Any]) -> None:
    schema = document["components"]["responses"]["SuccessResult"]["content"]["application/json"]["schema"]
    schema["properties"]["result"]["enum"] = ["stopped"]


def set_code(document: dict[str, Any]) -> None:
    invalid_param(document)["code"] = "user_missing"


def rename_example(document: dict[str, Any]) -> None:
    content = document["paths"][STOP]["post"]["responses"]["400"]["content"]["application/json"]
    content["examples"]["missing_user"] = content["examples"].pop("invalid_param")
    content["examples"]["missing_user"]["value"]["code"] = "missing_user"


def set_message(document: dict[str, Any]) -> None:
    invalid_param(document)["message"] = "Say who you are."


def invalid_param(document: dict[str, Any]) -> dict[str, Any]:
    content = document["paths"][STOP]["post"]["responses"]["400"]["content"]["application/json"]
    found: dict[str, Any] = content["examples"]["invalid_param"]["value"]
    return found


def move_refusals(document: dict[str, Any]) -> None:
    responses = document["paths"][STOP]["post"]["responses"]
    responses["422"] = responses.pop("400")


def rename_parameter(document: dict[str, Any]) -> None:
    operation = document["paths"].pop(STOP)
    operation["post"]["parameters"][0]["name"] = "id"
    document["paths"]["/workflows/tasks/{id}/stop"] = operation
    document["openapi"] = "3.1.0"


@pytest.mark.parametrize(
    ("change", "write", "broken"),
    [
        (set_enum, yaml.safe_dump, {"stop.success.result"}),
        (set_code, json.dumps, {"stop.user.missing"}),
        (rename_example, json.dumps, {"stop.user.missing"}),
        (set_message, yaml.safe_dump, {"stop.user.message"}),
        (move_refusals, json.dumps, {"stop.user.missing"}),
        (rename_parameter, yaml.safe_dump, set()),
    ],
)
def test_a_changed_document_changes_the_verdict(
    judge: Judge,
    serving: Callable[[Reference], Any],
    tmp_path: Path,
    change: Change,
    write: Callable[[Any], str],
    broken: set[str],
) -> None:
    document = yaml.safe_load(DOCUMENT.read_text("utf-8"))
    change(document)
    edition = tmp_path / "edition.openapi"
    edition.write_text(write(document), "utf-8")
    server = serving(Reference())
    only = ("--only", "stop.success", "--only", "stop.user", "--strict")
    judged = judge("--base-url", server.base_url, "--spec", str(edition), *only, env=server.keys)
    assert judged.failed == broken, judged.output
    assert judged.exit_code == (1 if broken else 0)


def test_a_documented_answer_that_no_requirement_is_for_is_told(judge: Judge, tmp_path: Path) -> None:
    document = yaml.safe_load(DOCUMENT.read_text("utf-8"))
    document["paths"][STOP]["post"]["responses"]["404"] = {"description": "No such task."}
    edition = tmp_path / "edition.json"
    edition.write_text(json.dumps(document), "utf-8")
    judged = judge("--spec", str(edition), "--only", "stop.success")
    assert any("404" in pointer for pointer in judged.verdict["not_covered"])
    assert "404" in judged.output
