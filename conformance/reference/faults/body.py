"""Faults in how a body is read."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from conformance.reference import Reference, Refused, Request
from conformance.reference.answers import (
    INTERNAL,
    MALFORMED,
    NO_USER,
    NOT_AN_OBJECT,
    NOT_JSON,
)
from conformance.reference.faults.marking import breaks

_SOMEBODY = {"user": "somebody"}


@breaks("stop.body.none")
class BodyIsOptional(Reference):
    """Does a stop without a body."""

    def read_body(self, request: Request) -> dict[str, Any]:
        return super().read_body(request) if request.get_data() or request.is_json else _SOMEBODY


@breaks("stop.body.none")
class NoBodyBreaksIt(Reference):
    """Answers 500 when there is no body and no media type."""

    def read_body(self, request: Request) -> dict[str, Any]:
        if not request.get_data() and not request.mimetype:
            raise Refused(INTERNAL)
        return super().read_body(request)


@breaks("stop.body.empty")
class EmptyBodyIsFine(Reference):
    """Does a stop whose body is declared as JSON and empty."""

    def read_body(self, request: Request) -> dict[str, Any]:
        return _SOMEBODY if request.is_json and not request.get_data() else super().read_body(request)


@breaks("stop.body.empty")
class EmptyBodyBreaksIt(Reference):
    """Answers 500 for an empty body."""

    def parse(self, raw: bytes) -> Any:
        if not raw:
            raise Refused(INTERNAL)
        return super().parse(raw)


@breaks("stop.body.malformed")
class MendsJson(Reference):
    """Guesses what malformed JSON was meant to be."""

    def parse(self, raw: bytes) -> Any:
        return super().parse(raw if not raw.startswith(b"{") or raw.endswith(b"}") else raw + b"}")


@breaks("stop.body.malformed")
class MalformedJsonBreaksIt(Reference):
    """Answers 500 for malformed JSON."""

    def parse(self, raw: bytes) -> Any:
        try:
            json.loads(raw.decode("utf-8", "replace") or "{}")
        except (ValueError, RecursionError):
            raise Refused(INTERNAL) from None
        return super().parse(raw)


@breaks("stop.body.utf-8")
class ReadsLatin1(Reference):
    """Reads bytes that are no UTF-8 as if they were Latin-1."""

    def parse(self, raw: bytes) -> Any:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            raw = raw.decode("latin-1").encode("utf-8")
        return super().parse(raw)


@breaks("stop.body.encoding")
class ForeignBytesBreakIt(Reference):
    """Answers 500 for bytes that are no UTF-8."""

    def parse(self, raw: bytes) -> Any:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(INTERNAL) from None
        return super().parse(raw)


class _NotAnObject(Reference):
    """Does something else with a body of some types that are no object."""

    kinds: tuple[type, ...] = (list, str, int, type(None))

    def parse(self, raw: bytes) -> Any:
        value = super().parse(raw)
        return self.convert(value) if isinstance(value, self.kinds) else value

    def convert(self, value: Any) -> Any:
        raise Refused(INTERNAL)


@breaks("stop.body.no-object", like="langgenius/dify")
class NoObjectBreaksIt(_NotAnObject):
    """Answers 500 for any JSON that is no object: what Dify does up to 1.16.1."""


@breaks("stop.body.no-object")
class NullBreaksIt(_NotAnObject):
    """Answers 500 for a body that is null."""

    kinds = (type(None),)


@breaks("stop.body.no-object")
class TakesAStringForItsUser(_NotAnObject):
    """Takes a body that is a JSON string for the user."""

    kinds = (str,)

    def convert(self, value: Any) -> Any:
        return {"user": value}


@breaks("stop.body.no-object")
class TakesTheFirstOfAList(_NotAnObject):
    """Takes a list for an object when there is a string in it."""

    kinds = (list,)

    def convert(self, value: Any) -> Any:
        return {"user": str(value[0])}


@breaks("stop.body.no-object")
class UnpacksLists(_NotAnObject):
    """Takes the object in a list for the body."""

    kinds = (list,)

    def convert(self, value: Any) -> Any:
        return value[0] if value and isinstance(value[0], dict) else value


@breaks("stop.body.no-object")
class UnpacksStrings(_NotAnObject):
    """Parses a body that is a JSON string once more."""

    kinds = (str,)

    def convert(self, value: Any) -> Any:
        return super().parse(value.encode())


@breaks("stop.body.text-plain")
class ReadsAnyMediaType(Reference):
    """Reads a body as JSON whatever it is declared as, unless it is a form."""

    def is_json(self, request: Request) -> bool:
        return request.mimetype == "text/plain" or super().is_json(request)


@breaks("stop.body.form")
class ReadsForms(Reference):
    """Reads a form as if it were JSON."""

    def read_body(self, request: Request) -> dict[str, Any]:
        if request.mimetype == "application/x-www-form-urlencoded" and request.get_data():
            return {name: values[0] for name, values in parse_qs(request.get_data(as_text=True)).items()}
        return super().read_body(request)


@breaks("stop.body.text-plain", "stop.body.form")
class ForeignMediaTypeBreaksIt(Reference):
    """Answers 500 for another media type."""

    def read_body(self, request: Request) -> dict[str, Any]:
        if request.mimetype and not request.is_json:
            raise Refused(INTERNAL)
        return super().read_body(request)


@breaks("stop.body.documented-status")
class BadBodyIsUnprocessable(Reference):
    """Refuses a body that is no object with 422."""

    def parse(self, raw: bytes) -> Any:
        value = super().parse(raw)
        if not isinstance(value, dict):
            raise Refused(replace(NOT_AN_OBJECT, status=422))
        return value


@breaks("stop.body.documented-status")
class MalformedJsonIsUnsupported(Reference):
    """Refuses malformed JSON with 415."""

    def parse(self, raw: bytes) -> Any:
        try:
            return super().parse(raw)
        except Refused as refused:
            raise Refused(NOT_JSON if refused.error == MALFORMED else refused.error) from None


@breaks("stop.body.unknown-members")
class WantsNothingElse(Reference):
    """Refuses members that it does not know."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        if request.operation == "stop" and set(body) - {"user", "user_id", "User", "api_key"}:
            raise Refused(replace(NO_USER, message="Unknown members."))
        return super().read_user(request, body)


@breaks("stop.body.unknown-members")
class NestedMembersBreakIt(Reference):
    """Cannot cope with an object inside the body of a stop."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        known = {"inputs", "user"}
        if any(isinstance(value, dict) for name, value in body.items() if name not in known):
            raise Refused(INTERNAL)
        return super().read_user(request, body)


@breaks("stop.body.form")
class TakesFormsInParts(Reference):
    """Takes a multipart form for a body."""

    def read_body(self, request: Request) -> dict[str, Any]:
        is_form = request.mimetype == "multipart/form-data" and "user" in request.form
        return dict(request.form) if is_form else super().read_body(request)
