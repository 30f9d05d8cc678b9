"""Lets schemathesis make requests of the document, and sends them through the suite's own probe.

What is sent are its phases *examples*, *coverage* (``phases``) and *fuzzing*, of the stop and of the reading
operations. Left out are ``POST /workflows/run``, for what it accepts starts a run that nobody stops; cases with
another method or another key than that of the app, which ``methods`` and ``stop.auth.*`` send; and what HTTP
cannot carry. A task id that stands in the document is replaced by one that was made up.

Its checks judge what was recorded of it (``borrowed``), each after the rule of ours that says the same. A
finding counts for this requirement (``stop.robust.`` is left out), and where it would accuse a sound server it
does not count:

============================ ==============================================================================
not_a_server_error           ``generated``, by the rule ``no-server-error``; ``supporting`` for the reading
                             operations
status_code_conformance      ``generated``, by the rule ``status``; not of 4xx, as the document leaves out 401,
                             404, 405, 413 and 415, which HTTP itself defines; of 5xx the check before speaks
content_type_conformance     ``content-type``
response_schema_conformance  ``schema``; not of what is no whole JSON, of which ``content-type``, ``length`` and
                             ``one-text`` speak; ``format`` is not judged, nor is it elsewhere
negative_data_rejection      ``generated``, by the rule ``rejects``; of bodies only, for any string is a task
                             id; not where the answer is an error of whatever status, nor another media type
                             was declared (``media-types``), nor only members were added that nobody described
                             (``members``), nor ``format`` alone is broken
positive_data_acceptance     left out, ``users`` has what is right of it: the schema allows an empty user,
                             which a server had better refuse
missing_required_header      left out: ``stop.auth.no-header`` says it, and no other header is required
ignored_auth                 left out: the requirements ``stop.auth.*`` say it, with the key where it belongs
object_level_authorization   left out: ``stop.lifecycle.other-app`` says it, with a run to look at
unsupported_method,          left out: ``methods``, ``method-status`` and ``allow`` say it
allow_header_conformance
use_after_free,              left out: they follow created resources; a task is not created by any
ensure_resource_availability operation that the document links
response_headers_conformance left out: the documents describe no headers of answers
max_response_time            left out: ``answers`` has the deadline of the user
============================ ==============================================================================

Of the reading operations nothing but server errors is judged: the document at hand may not describe them, and
then only the suite's own does.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode

from conformance.contract import Operation
from conformance.exchange import Headers, Request
from conformance.properties import phases
from conformance.properties.bodies import kind_of
from conformance.properties.described import described
from conformance.properties.shapes import Shape
from conformance.scenarios.stage import Stage

BASE = "http://conformance.invalid"
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
    requests = _cases(operation, GenerationMode.POSITIVE).map(lambda case: _read(operation, case, stage))
    return requests.filter(bool).map(lambda some: some[0])


def listed_stops(operation: Operation, most: int) -> list[Shape]:
    """Stops from the examples of the document and from the borders of its schemas."""
    cases = phases.listed(described(operation))
    return phases.spread([shape for case in cases for shape in _stop(operation, case)], most)


def listed_reads(operation: Operation, stage: Stage, most: int) -> list[Request]:
    """Requests of an operation that only reads, from there, too."""
    cases = phases.listed(described(operation))
    return phases.spread([request for case in cases for request in _read(operation, case, stage)], most)


def _cases(operation: Operation, mode: GenerationMode) -> SearchStrategy[Case[Any]]:
    return described(operation).as_strategy(generation_mode=mode)


def _read(operation: Operation, case: Case[Any], stage: Stage) -> tuple[Request, ...]:
    """The request of a case, none where HTTP cannot carry it."""
    sent = case.as_transport_kwargs(base_url=BASE)
    path, headers = urlsplit(str(sent["url"])).path, _headers(sent)
    if headers is None or not path.isascii() or not path.isprintable():
        return ()
    query = urlencode(sent.get("params") or {}, doseq=True)
    return (stage.request(operation.method, f"{path}?{query}" if query else path, headers=headers),)


def _stop(operation: Operation, case: Case[Any]) -> tuple[Shape, ...]:
    """The shape of a case, none where HTTP cannot carry it."""
    sent = case.as_transport_kwargs(base_url=BASE)
    before, _, after = operation.path.partition("{")
    task = urlsplit(sent["url"]).path.removeprefix(before).removesuffix(after.partition("}")[2])
    body, headers = _body(sent), _headers(sent)
    if headers is None or not _sendable(task):
        return ()
    made_up = unquote(task) not in _texts(operation)
    return (Shape(_kind(body, headers), body, headers, task=task if made_up else None),)


def _kind(body: bytes, headers: Headers) -> str:
    """The mistake in a body; none in one of another media type, of which ``media-types`` speaks."""
    declared = any(name.lower() == "content-type" and value == "application/json" for name, value in headers)
    return kind_of(body) if declared or not body else ""


@lru_cache(maxsize=8)
def _texts(operation: Operation) -> frozenset[str]:
    """All texts in its document: an id that is among them was not made up, and may be that of somebody's run."""

    def within(value: object) -> Iterator[str]:
        match value:
            case str():
                yield value
            case dict():
                yield from (text for member in value.values() for text in within(member))
            case list():
                yield from (text for member in value for text in within(member))

    return frozenset(within(operation.document.root))


def _headers(sent: Mapping[str, Any]) -> Headers | None:
    """The headers without those that the suite sets itself; None where one is not legal."""
    headers = tuple((name, value) for name, value in sent["headers"].items() if name.lower() not in DROPPED)
    return headers if all(_legal(name, value) for name, value in headers) else None


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
