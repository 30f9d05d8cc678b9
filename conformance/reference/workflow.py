"""The workflow that the reference server runs, event by event.

`start -> loop1 -> loop2 -> loop3 -> end`, each loop with one node that runs once a round. The members of
the events are those that Dify 1.16 sends.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from conformance.reference.answers import BAD_ROUNDS, Refused
from conformance.reference.runs import Event, Run

LOOPS = 3
MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the workflow."""

    id: str
    type: str
    title: str
    loop_id: str | None = None


START = Node("start", "start", "Start")
END = Node("end", "end", "End")


def read_rounds(value: object, default: int) -> int:
    """Read the input `rounds`, a number or the text of one; a loop runs once at least, 100 times at most.

    Raises:
        Refused: it is neither.

    """
    if value is None or value == "":
        return default
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) == math.inf:
        raise Refused(BAD_ROUNDS)
    return math.ceil(max(1, min(value, MOST_ROUNDS)))


def script(run: Run, round_seconds: float) -> Iterator[Event]:
    """Yield the events of a run as they come due, except the last, until the run has ended."""
    given = {"rounds": run.rounds}
    yield workflow_started(run)
    yield from _node(run, START, 0.0, given, given)
    for number in range(1, LOOPS + 1):
        yield from _loop(run, number, round_seconds)
    yield _event(run, "text_chunk", {"text": str(run.rounds), "from_variable_selector": ["start", "rounds"]})
    yield from _node(run, END, 0.0, given, given)


def workflow_started(run: Run) -> Event:
    """Make the first event of a run."""
    data = {
        "id": run.id,
        "workflow_id": run.app.workflow_id,
        "inputs": inputs(run),
        "created_at": run.created_at,
        "reason": "initial",
    }
    return _event(run, "workflow_started", data)


def workflow_finished(run: Run) -> Event:
    """Make the last event of a run, as the run stands now."""
    data: dict[str, Any] = {
        "id": run.id,
        "workflow_id": run.app.workflow_id,
        "status": run.status,
        "outputs": run.outputs,
        "error": run.error,
        "elapsed_time": run.elapsed,
        "total_tokens": 0,
        "total_steps": run.steps,
        "created_by": {"id": _end_user_id(run), "user": run.user},
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "exceptions_count": 0,
        "files": [],
    }
    return _event(run, "workflow_finished", data)


def node_started(run: Run, node: Node) -> Event:
    """Make an event that says that `node` starts; its `data.id` is that execution's."""
    data = {
        **_execution(node),
        "index": run.steps + 1,
        "predecessor_node_id": None,
        "inputs": None,
        "inputs_truncated": False,
        "created_at": int(time.time()),
        "extras": {},
        "iteration_id": None,
        "loop_id": node.loop_id,
        "agent_strategy": None,
    }
    return _event(run, "node_started", data)


def inputs(run: Run) -> dict[str, Any]:
    """Return the inputs of a run together with the system's own."""
    return {
        "rounds": run.rounds,
        "sys.files": [],
        "sys.user_id": run.user,
        "sys.app_id": run.app.id,
        "sys.workflow_id": run.app.workflow_id,
        "sys.workflow_run_id": run.id,
    }


def blocking_body(run: Run) -> dict[str, Any]:
    """Return what the answer to a blocking run says."""
    return {
        "task_id": run.task_id,
        "workflow_run_id": run.id,
        "data": {
            "id": run.id,
            "workflow_id": run.app.workflow_id,
            "status": run.status,
            "outputs": run.outputs,
            "error": run.error,
            "elapsed_time": run.elapsed,
            "total_tokens": 0,
            "total_steps": run.steps,
            "created_at": run.created_at,
            "finished_at": run.finished_at,
        },
    }


def detail_body(run: Run) -> dict[str, Any]:
    """Return what `GET /workflows/run/{workflow_run_id}` says; `inputs` is a JSON text, as Dify has it."""
    return {
        "id": run.id,
        "workflow_id": run.app.workflow_id,
        "status": run.status,
        "inputs": json.dumps(inputs(run)),
        "outputs": run.outputs,
        "error": run.error,
        "total_steps": run.steps,
        "total_tokens": 0,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "elapsed_time": run.elapsed,
    }


def _loop(run: Run, number: int, round_seconds: float) -> Iterator[Event]:
    loop = Node(f"loop{number}", "loop", f"Loop {number}")
    step = Node(f"loop{number}step", "assigner", f"Step {number}", loop.id)
    execution = _execution(loop) | {"extras": {}, "inputs": {}, "inputs_truncated": False}
    created_at, began = int(time.time()), run.age
    started = {"created_at": created_at, "metadata": {"loop_length": MOST_ROUNDS}}
    yield _event(run, "loop_started", execution | started)
    for index in range(1, run.rounds + 1):
        yield from _node(run, step, round_seconds, {"n": index - 1}, {"n": index})
        if run.has_ended:
            return
        if index < run.rounds:
            following = {"created_at": int(time.time()), "index": index, "pre_loop_output": {"n": index}}
            yield _event(run, "loop_next", execution | following)
    completed = {
        "outputs": {"n": run.rounds, "loop_round": run.rounds},
        "outputs_truncated": False,
        "status": "succeeded",
        "error": None,
        "elapsed_time": round(run.age - began, 6),
        "total_tokens": 0,
        "execution_metadata": {"total_tokens": 0},
        "created_at": created_at,
        "finished_at": int(time.time()),
        "steps": run.rounds,
    }
    yield _event(run, "loop_completed", execution | completed)


def _node(
    run: Run, node: Node, seconds: float, taken: dict[str, Any], given: dict[str, Any]
) -> Iterator[Event]:
    began = run.age
    started = node_started(run, node)
    yield started
    if run.sleep(seconds):
        yield _node_finished(run, started["data"], run.age - began, taken, given)


def _node_finished(
    run: Run, started: dict[str, Any], elapsed: float, taken: dict[str, Any], given: dict[str, Any]
) -> Event:
    kept = ("id", "node_id", "node_type", "title", "index", "predecessor_node_id", "created_at", "loop_id")
    data = {name: started[name] for name in kept} | {
        "inputs": taken,
        "inputs_truncated": False,
        "process_data": {},
        "process_data_truncated": False,
        "outputs": given,
        "outputs_truncated": False,
        "status": "succeeded",
        "error": None,
        "elapsed_time": round(elapsed, 6),
        "execution_metadata": {"loop_id": started["loop_id"]} if started["loop_id"] else None,
        "finished_at": int(time.time()),
        "files": [],
        "iteration_id": None,
    }
    return _event(run, "node_finished", data)


def _event(run: Run, name: str, data: dict[str, Any]) -> Event:
    return {"event": name, "workflow_run_id": run.id, "task_id": run.task_id, "data": data}


def _execution(node: Node) -> dict[str, Any]:
    return {"id": str(uuid4()), "node_id": node.id, "node_type": node.type, "title": node.title}


def _end_user_id(run: Run) -> str:
    return str(uuid5(NAMESPACE_URL, f"{run.app.id}/{run.user}"))
