"""Other editions of the document: the suite's own with a change."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

DOCUMENT = Path(__file__).parent.parent / "specs" / "stop-workflow-task.openapi.yaml"
STOP = "/workflows/tasks/{task_id}/stop"

Change = Callable[[dict[str, Any]], object]
Edition = Callable[[Change], Path]


def writer(folder: Path) -> Edition:
    """Writes the document with a change of its stop operation."""

    def write(change: Change) -> Path:
        document = yaml.safe_load(DOCUMENT.read_text("utf-8"))
        change(document["paths"][STOP]["post"])
        path = folder / "edition.json"
        path.write_text(json.dumps(document), "utf-8")
        return path

    return write


def body_schema(stop: dict[str, Any]) -> dict[str, Any]:
    """The schema of the body that a stop must have."""
    found: dict[str, Any] = stop["requestBody"]["content"]["application/json"]["schema"]
    return found
