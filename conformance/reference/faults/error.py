"""Faults in the error envelope; those that break one code alone do it where no other requirement looks."""

from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import Error, Reference, Request
from conformance.reference.answers import MALFORMED, NO_USER, NOT_JSON, NOT_WORKFLOW_APP
from conformance.reference.faults.marking import breaks

_MODES = tuple(f"stop.app-mode.{mode}" for mode in ("chat", "agent-chat", "advanced-chat", "completion"))


class _Unauthorized(Reference):
    """Answers 401 in another way."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        return self.spoil(answer, error) if error.status == 401 else answer

    def spoil(self, answer: Response, error: Error) -> Response:
        raise NotImplementedError


class _Envelope(_Unauthorized):
    """Writes the envelope of a 401 in another way."""

    def spoil(self, answer: Response, error: Error) -> Response:
        answer.set_data(self.dumps(self.other(self.envelope(error))))
        return answer

    def other(self, envelope: dict[str, Any]) -> Any:
        raise NotImplementedError


@breaks("stop.error.media-type")
class UnauthorizedAsHtml(_Unauthorized):
    """Answers 401 with a web page."""

    def spoil(self, answer: Response, error: Error) -> Response:
        answer.set_data(f"<!doctype html><title>{error.status} Unauthorized</title>")
        answer.content_type = "text/html; charset=utf-8"
        return answer


@breaks("stop.error.media-type")
class ErrorsAsText(Reference):
    """Declares the JSON of every refusal as plain text."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        answer.content_type = "text/plain"
        return answer


@breaks("stop.error.media-type")
class ErrorsOfTwoTypes(Reference):
    """Declares every refusal as JSON, and as a web page as well."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        answer.headers.add("Content-Type", "text/html")
        return answer


@breaks("stop.error.media-type")
class ErrorsWithoutType(Reference):
    """Does not say what its refusals are."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        del answer.headers["Content-Type"]
        return answer


@breaks("stop.error.object")
class UnauthorizedIsEmpty(_Unauthorized):
    """Answers 401 without a body."""

    def spoil(self, answer: Response, error: Error) -> Response:
        answer.set_data(b"")
        return answer


@breaks("stop.error.object")
class UnauthorizedIsAList(_Envelope):
    """Puts the envelope of a 401 into a list."""

    def other(self, envelope: dict[str, Any]) -> Any:
        return [envelope]


@breaks("stop.error.object")
class UnauthorizedIsNoJson(_Unauthorized):
    """Answers 401 in bare words and calls them JSON."""

    def spoil(self, answer: Response, error: Error) -> Response:
        answer.set_data(error.message)
        return answer


@breaks("stop.error.code")
class UnauthorizedWithoutCode(_Envelope):
    """Leaves the code out of a 401."""

    def other(self, envelope: dict[str, Any]) -> Any:
        return {name: value for name, value in envelope.items() if name != "code"}


@breaks("stop.error.code")
class UnauthorizedWithANumber(_Envelope):
    """Repeats the status as the code of a 401."""

    def other(self, envelope: dict[str, Any]) -> Any:
        return envelope | {"code": 401}


@breaks("stop.error.code")
class UnauthorizedWithEmptyCode(_Envelope):
    """Leaves the code of a 401 empty."""

    def other(self, envelope: dict[str, Any]) -> Any:
        return envelope | {"code": ""}


@breaks("stop.error.message")
class UnauthorizedWithoutMessage(_Envelope):
    """Leaves the message out of a 401."""

    def other(self, envelope: dict[str, Any]) -> Any:
        return {name: value for name, value in envelope.items() if name != "message"}


@breaks("stop.error.message")
class UnauthorizedWithManyMessages(_Envelope):
    """Says everything that it finds wrong with a key, as a list."""

    def other(self, envelope: dict[str, Any]) -> Any:
        return envelope | {"message": [envelope["message"]]}


@breaks("stop.error.message")
class MalformedWithoutMessage(Reference):
    """Has no words for malformed JSON, only null."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return super().envelope(error) | ({"message": None} if error == MALFORMED else {})


@breaks("stop.error.status")
class ErrorsWithoutStatus(Reference):
    """Leaves the status out of every refusal."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return {"code": error.code, "message": error.message}


@breaks("stop.error.status")
class StatusAsText(Reference):
    """Writes the status of every refusal as a string."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return super().envelope(error) | {"status": str(error.status)}


@breaks("stop.error.status")
class StatusAsFraction(Reference):
    """Writes the status of every refusal as 400.0, because it is counted in floats."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return super().envelope(error) | {"status": error.status + 0.5}


@breaks("stop.error.status")
class StatusIsAlways400(Reference):
    """Says 400 in every refusal, also in one with another status."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return super().envelope(error) | {"status": 400}


@breaks("stop.error.status")
class StatusOfAnotherAnswer(Reference):
    """Says 500 in the refusal of a media type."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return super().envelope(error) | ({"status": 500} if error == NOT_JSON else {})


@breaks("stop.error.code", "stop.user.missing", *_MODES)
class NestsItsErrors(Reference):
    """Puts the code one level too deep, as other APIs do."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return {"error": {"code": error.code}, "message": error.message, "status": error.status}


@breaks("stop.error.code", "stop.error.status", "stop.user.missing", like="langgenius/dify#24415")
class ValidationHasAnEnvelopeOfItsOwn(Reference):
    """Answers a missing user in the shape of its validation library."""

    def envelope(self, error: Error) -> dict[str, Any]:
        if error != NO_USER:
            return super().envelope(error)
        return {
            "errors": {"user": "Missing required parameter"},
            "message": "Input payload validation failed",
        }


@breaks("stop.error.message", "stop.app-mode.message")
class ModesWithoutMessage(Reference):
    """Has no message for another app mode."""

    def envelope(self, error: Error) -> dict[str, Any]:
        envelope = super().envelope(error)
        if error == NOT_WORKFLOW_APP:
            del envelope["message"]
        return envelope


@breaks("stop.error.media-type")
class EveryTenthErrorAsHtml(Reference):
    """Declares one refusal in ten as HTML."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if self.count("refusals") % 10 == 0:
            answer.content_type = "text/html"
        return answer


@breaks("stop.error.status")
class MalformedIsAnInnerError(Reference):
    """Says of malformed JSON that its status is another than it is."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return super().envelope(replace(error, status=422) if error == MALFORMED else error)


@breaks("stop.error.message")
class HasNothingToSay(Reference):
    """Has an empty message where the media type is refused."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return super().envelope(error) | ({"message": ""} if error == NOT_JSON else {})


@breaks("stop.error.object")
class RefusalsSaySuccess(Reference):
    """Has the result of a success in every refusal, too."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return super().envelope(error) | {"result": "success"}
