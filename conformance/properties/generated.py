"""Lets schemathesis draw from the document, and sends what it draws through the suite's own probe.

Which of its checks are judged here, and by which requirement (``stop.robust.`` is left out):

============================ ==============================================================================
not_a_server_error           ``no-server-error``; ``supporting`` for the operations that the suite leans on
status_code_conformance      ``status``: any client error counts, too, as the document leaves out 401, 404,
                             405, 413 and 415, which HTTP itself defines
content_type_conformance     ``content-type``
response_schema_conformance  ``schema``
negative_data_rejection      ``rejects``, for bodies; what it draws for the task id is valid (any string is)
positive_data_acceptance     ``users``; here it would be a false alarm: the schema allows an empty user,
                             which a server had better refuse
missing_required_header      left out: ``stop.auth.no-header`` says it, and no other header is required
ignored_auth                 left out: the requirements ``stop.auth.*`` say it, with the key where it belongs
unsupported_method           left out: ``methods``, ``method-status`` and ``allow`` say it
use_after_free,              left out: they follow created resources; a task is not created by any
ensure_resource_availability operation that the document links
response_headers_conformance left out: the documents describe no headers of answers
max_response_time            left out: ``answers`` has the deadline of the user
============================ ==============================================================================

Drawn are the stop, with a key that is valid, for ids as drawn, and the reading operations. ``POST
/workflows/run`` is left out: what it accepts starts a run that nobody stops.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import schemathesis
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode

from conformance.contract import Operation
from conformance.properties.shapes import Shape
from conformance.properties.strategies import kind_of
from conformance.scenarios.stage import Stage
from conformance.trace import Request

BASE = "http://conformance.invalid"
READS = 5  # of each operation that only reads
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
DROPPED = {
    "user-agent",
    "accept",
    "accept-encoding",
    "connection",
    "authorization",
    "x-schemathesis-testcaseid",
    "content-length",
    "host",
}


def stops(operation: Operation, mode: GenerationMode) -> SearchStrategy[Shape]:
    """Stops that the document allows, or does not."""
    shapes = _cases(operation, mode).map(lambda case: _stop(operation, case))
    return shapes.filter(bool).map(lambda some: some[0])


def reads(operation: Operation, stage: Stage) -> SearchStrategy[Request]:
    """Requests of an operation that only reads."""
    positive = _cases(operation, GenerationMode.POSITIVE)
    return positive.map(lambda case: stage.request(operation.method, _path(case)))


def _cases(operation: Operation, mode: GenerationMode) -> SearchStrategy[Case[Any]]:
    schema = schemathesis.openapi.from_dict(_document(operation))
    return schema[operation.path][operation.method].as_strategy(generation_mode=mode)


def _document(operation: Operation) -> dict[str, Any]:
    """The document with this operation only: loading takes as long as there are others."""
    root: Mapping[str, Any] = operation.document.root
    path = next(path for path in root["paths"] if operation.path.endswith(path))
    described = json.loads(json.dumps(root["paths"][path][operation.method.lower()], default=str))
    described.pop("security", None)
    rest = {name: value for name, value in root.items() if name not in {"paths", "security", "servers"}}
    return {**rest, "paths": {operation.path: {operation.method.lower(): described}}}


def _path(case: Case[Any]) -> str:
    return urlsplit(str(case.as_transport_kwargs(base_url=BASE)["url"])).path


def _stop(operation: Operation, case: Case[Any]) -> tuple[Shape, ...]:
    """The shape of a case, none where HTTP cannot carry it."""
    sent = case.as_transport_kwargs(base_url=BASE)
    before, _, after = operation.path.partition("{")
    task = urlsplit(sent["url"]).path.removeprefix(before).removesuffix(after.partition("}")[2])
    body = _body(sent)
    headers = tuple((name, value) for name, value in sent["headers"].items() if name.lower() not in DROPPED)
    if not _sendable(task) or not all(_legal(name, value) for name, value in headers):
        return ()
    declared = any(name.lower() == "content-type" and value == "application/json" for name, value in headers)
    kind = kind_of(body) if declared else "undeclared"
    return (Shape(kind, body, headers, task=task),)


def _body(sent: Mapping[str, Any]) -> bytes:
    if "json" in sent:
        return json.dumps(sent["json"]).encode("ascii")
    data = sent.get("data", b"")
    return (
        data.encode("utf-8", "surrogatepass")
        if isinstance(data, str)
        else data
        if isinstance(data, bytes)
        else b""
    )


def _sendable(task: str) -> bool:
    return task.isascii() and task.isprintable() and " " not in task and task != "" and task.strip(".") != ""


def _legal(name: str, value: object) -> bool:
    token = all(c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in name) and name.isascii() and name != ""
    return (
        token
        and isinstance(value, str)
        and value.isascii()
        and value.isprintable()
        and value == value.strip()
        and "$" not in value
    )
