"""schemathesis' own checks, called on what was recorded: no socket, and the same on every later judgement.

Which of them is which requirement, and what is left out because it would accuse a sound server, says the table
in ``generated``. A check wants a case, an answer and a context; all three are made anew from the exchange and
the document. Whether a body is one that must be refused is decided by schemathesis from the recorded body.
"""

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import requests
import schemathesis.checks
from schemathesis import APIOperation, Case, CheckContext, CheckFunction, GenerationMode
from schemathesis.core import NOT_SET
from schemathesis.core.failures import AcceptedNegativeData, Failure, ServerError
from schemathesis.core.parameters import ParameterLocation
from schemathesis.errors import FailureGroup
from schemathesis.generation.meta import (
    CaseMetadata,
    ComponentInfo,
    FuzzingPhaseData,
    GenerationInfo,
    PhaseInfo,
    TestPhase,
)
from schemathesis.openapi.checks import (
    DiscriminatorMismatch,
    JsonSchemaError,
    MalformedMediaType,
    MissingContentType,
    UndefinedContentType,
    UndefinedStatusCode,
)

from conformance.contract import Operation, violations
from conformance.exchange import Exchange, Request, Response
from conformance.properties.content import json_body, unreached
from conformance.properties.described import described

Described = APIOperation[Any, Any, Any, Any]
Cases = Callable[[Exchange, Operation], list[Case[Any]]]


def finding(name: str, exchange: Exchange, operation: Operation) -> str | None:
    """What the check of that name holds against an answer, None where it is content or has no say."""
    cases, counted = CHECKS[name]
    if exchange.response is None:
        return None
    answer = _answer(exchange, exchange.response)
    found = [_failure(name, operation, answer, case, counted) for case in cases(exchange, operation)]
    failures = [failure for failure in found if failure]
    return f"{_told(failures[0])}, says {name}" if failures and len(failures) == len(found) else None


def _failure(
    name: str, operation: Operation, answer: schemathesis.Response, case: Case[Any], counted: tuple[type, ...]
) -> Failure | None:
    try:
        _function(name)(_context(operation), answer, case)
    except Failure as failure:
        failures: tuple[Failure, ...] = (failure,)
    except FailureGroup as group:
        failures = tuple(group.exceptions)
    else:
        return None
    return next((failure for failure in failures if isinstance(failure, counted)), None)


def _told(failure: Failure) -> str:
    first = " ".join((failure.message.strip().partition("\n\n")[0] or failure.title).split())
    return f"{failure.title}: {first[:160]}" if first != failure.title else first


def _function(name: str) -> CheckFunction:
    return getattr(schemathesis.checks, name)  # type: ignore[no-any-return]  # registered by name


@lru_cache(maxsize=32)
def _context(operation: Operation) -> CheckContext:
    """A context of no run: nothing is overridden, nothing can be sent, nothing came before."""
    config = described(operation).schema.config.checks_config_for(operation=described(operation))
    return CheckContext(None, None, None, config, None, response_checks=None)


# What is judged ------------------------------------------------------------------------------------------


def _any_case(_: Exchange, operation: Operation) -> list[Case[Any]]:
    """A case of the operation, for checks that look at nothing but the answer."""
    return [described(operation).Case()]


def _reached(exchange: Exchange, operation: Operation) -> list[Case[Any]]:
    """The same, where the request came as far as the operation."""
    return [] if unreached(exchange) else _any_case(exchange, operation)


def _below_400(exchange: Exchange, operation: Operation) -> list[Case[Any]]:
    """The same, unless the answer is an error: HTTP defines client errors, and of server errors another says."""
    return _any_case(exchange, operation) if (exchange.status or 0) < 400 else []


def _json_answer(exchange: Exchange, operation: Operation) -> list[Case[Any]]:
    """The same, for a whole answer that is declared as JSON."""
    return _any_case(exchange, operation) if json_body(exchange) else []


def _of_body(exchange: Exchange, operation: Operation) -> list[Case[Any]]:
    """The body as it was sent, and as a server reads it that overlooks members which nobody described.

    None where the suite's own validator, which takes ``format`` for a remark, finds nothing wrong with either;
    none where the body is no JSON or need not be there: of those other rules speak.
    """
    api, request, schema = described(operation), exchange.request, operation.request_schema
    if not request.body:
        required = bool(api.body) and all(part.is_required for part in api.body)
        return [_with_body(api, NOT_SET, None)] if required else []
    declared = next((part.media_type for part in api.body if _declares(request, part.media_type)), None)
    try:
        value = json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError):
        return []
    if declared is None or schema is None or request.cut:
        return []
    readings = list(_readings(value, schema.members))
    wrong = all(violations(schema, reading) for reading in readings)
    return [_with_body(api, reading, declared) for reading in readings] if wrong else []


def _readings(value: object, described_members: frozenset[str]) -> Iterator[object]:
    yield value
    if isinstance(value, dict) and not value.keys() <= described_members:
        yield {name: member for name, member in value.items() if name in described_members}


def _with_body(api: Described, body: Any, media_type: str | None) -> Case[Any]:
    """A case with that body, of which schemathesis is to find out itself whether the schema allows it."""
    unknown = GenerationMode.POSITIVE
    phase = PhaseInfo(TestPhase.FUZZING, FuzzingPhaseData(None, None, None, None))
    components = {ParameterLocation.BODY: ComponentInfo(unknown)}
    meta = CaseMetadata(GenerationInfo(0.0, unknown), components, phase)
    case = api.Case(media_type=media_type, _meta=meta)
    case.body = body  # a change after the drawing, after which it looks anew
    return case


def _declares(request: Request, media_type: str) -> bool:
    given = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    return given.partition(";")[0].strip().lower() == media_type.lower()


def _answer(exchange: Exchange, response: Response) -> schemathesis.Response:
    request = requests.PreparedRequest()
    request.method, request.url = exchange.request.method, exchange.request.url
    request.headers = requests.structures.CaseInsensitiveDict(exchange.request.headers)
    request.body = exchange.request.body
    headers: dict[str, list[str]] = {}
    for name, value in response.headers:
        headers.setdefault(name.lower(), []).append(value)
    return schemathesis.Response(
        status_code=response.status,
        headers=headers,
        content=response.body,
        request=request,
        elapsed=(exchange.ended_at - exchange.sent_at) / 1000,
        verify=True,
        message=response.reason,
    )


# Of each check: the cases that it judges, all of which must fail, and the failures that are its own.
CHECKS: dict[str, tuple[Cases, tuple[type, ...]]] = {
    "not_a_server_error": (_any_case, (ServerError,)),
    "status_code_conformance": (_below_400, (UndefinedStatusCode,)),
    "content_type_conformance": (_reached, (MissingContentType, MalformedMediaType, UndefinedContentType)),
    "response_schema_conformance": (_json_answer, (JsonSchemaError, DiscriminatorMismatch)),
    "negative_data_rejection": (_of_body, (AcceptedNegativeData,)),
}
