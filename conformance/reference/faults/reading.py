"""Faults in reading what is written in another way, and in methods, media types, credentials."""

import re
from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request
from conformance.reference.answers import (
    INTERNAL,
    MALFORMED,
    METHOD_NOT_ALLOWED,
    NO_SUCH_RUN,
    NO_USER,
)
from conformance.reference.faults.marking import breaks


@breaks("stop.robust.spelling")
class WantsNoWhitespace(Reference):
    """Takes whitespace before a body for something malformed."""

    def parse(self, raw: bytes) -> Any:
        if raw[:1].isspace():
            raise Refused(MALFORMED)
        return super().parse(raw)


@breaks("stop.robust.members")
class WantsTheUserFirst(Reference):
    """Refuses a body whose first member is not the user."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        is_hidden = request.operation == "stop" and "user" in body and next(iter(body)) != "user"
        if is_hidden:
            raise Refused(replace(NO_USER, message="The user comes first."))
        return super().read_user(request, body)


@breaks("stop.robust.method-status")
class OtherMethodsAreUnknown(Reference):
    """Answers other methods as if there were no such thing."""

    def refusal(self, request: Request, error: Error) -> Response:
        other = error.code == METHOD_NOT_ALLOWED.code
        return super().refusal(request, NO_SUCH_RUN if other else error)


@breaks("stop.robust.supporting")
class DetailOfNothingBreaksIt(Reference):
    """Answers 500 for the detail of a run whose id is no UUID: what Dify does up to 1.16.1."""

    def do_detail(self, request: Request, app: App, run_id: str) -> Response:
        if not re.fullmatch(r"[0-9a-f-]{36}", run_id):
            raise Refused(INTERNAL)
        return super().do_detail(request, app, run_id)


@breaks("stop.robust.no-server-error")
class DeepBodiesBreakIt(Reference):
    """Answers 500 to a body that is nested too deep."""

    def parse(self, raw: bytes) -> Any:
        if raw.count(b"[") + raw.count(b'{"') > 50:
            raise Refused(INTERNAL)
        return super().parse(raw)


@breaks("stop.robust.members")
class LooksForTheUserNearby(Reference):
    """Looks for the user in the first 4 KiB of a body only."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        if request.operation == "stop" and request.get_data().find(b'"user"') > 4096:
            raise Refused(NO_USER)
        return super().read_user(request, body)


@breaks("stop.robust.users")
class ReadsFractions(Reference):
    """Takes users who are called as a number with a sign, a fraction or an exponent for no strings."""

    def is_user(self, value: object) -> bool:
        return super().is_user(value) and not re.fullmatch(r"-\d+|-?\d+\.\d+|\d+e\d+", str(value))


@breaks("stop.robust.users")
class ReadsYaml(Reference):
    """Takes users who are called as the truth values of YAML are for no strings."""

    def is_user(self, value: object) -> bool:
        return super().is_user(value) and value not in {"yes", "no", "on", "off", "true", "false", "~"}
